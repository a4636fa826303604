/**
 * Connects, and stays with the user while they sign in: shows the page, opens it, waits, and takes a pasted
 * answer meanwhile. Whatever ends the wait, the sign-in itself goes on in the vault.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Broker, ConnectArguments } from '../broker/broker.js';
import type { Outcome, RequiresAuth } from '../broker/outcomes.js';
import { displayText } from '../core/display-text.js';
import { WAIT_MAX_SECONDS, WAIT_POLL_MS } from '../core/limits.js';
import type { CommandContext } from './command.js';
import { EXIT_AUTHORIZATION_NEEDED } from './exit-code.js';
import { atMost } from './limit-text.js';
import { forTerminal } from './next-step.js';
import { reportOutcome } from './outcome-report.js';
import { openPastePrompt, type PastePrompt } from './paste-prompt.js';
import { pageToVisit, sayWhereToSignIn } from './sign-in-page.js';

const PASTE_PROMPT = 'Or paste here the address that the browser ends on: ';
/** A sign-in that is begun anew so often has gone wrong; more pages would be a storm of tabs. */
const PAGES_MAX = 3;

export interface SignInOptions {
  readonly waitMs: number;
  /** Stdin is free for pasted lines (it held no secret). */
  readonly readsStdin: boolean;
}

/** Connects as `request` says and waits for the user. @returns the exit code. */
export async function signIn(
  context: CommandContext,
  request: ConnectArguments,
  options: SignInOptions,
): Promise<number> {
  const broker = await context.dependencies.broker();
  const deadlineAt = Date.now() + options.waitMs;
  let outcome = await broker.connect(context.principal, request);
  for (let pages = 1; outcome.status === 'requires_auth'; pages += 1) {
    const page = pageToVisit(outcome);
    const canEndHere = outcome.completion !== 'paste_back' || options.readsStdin;
    if (page === undefined) return reportOutcome(context, outcome);
    context.terminal.payload({ ...outcome, nextStep: stepOf(context, outcome) });
    sayWhereToSignIn(context.terminal, outcome, page);
    // Without standard input nobody could paste the answer: it is for the next command, with `--browser` or a terminal.
    if (pages > PAGES_MAX || Date.now() >= deadlineAt || !canEndHere) return EXIT_AUTHORIZATION_NEEDED;
    context.terminal.note(await opened(context, outcome, page, deadlineAt));
    const answer = await waitForUser(context, broker, outcome, {
      ...options,
      deadlineAt,
      again: { serverName: request.serverName, account: request.account },
    });
    if (answer === undefined) {
      context.terminal.note(
        `Not signed in yet. It can still be finished: run "${context.dependencies.command} connect ${outcome.serverName}" again.`,
      );
      return EXIT_AUTHORIZATION_NEEDED;
    }
    outcome = answer;
  }
  return reportOutcome(context, outcome);
}

/** Said with the page, while this command waits. */
function stepOf({ dependencies }: CommandContext, { serverName, completion }: RequiresAuth): string {
  const what = {
    callback: 'Open authUrl in a browser on this machine and sign in.',
    paste_back: 'Open authUrl in a browser, sign in, and give this command the address that the browser ends on.',
    device: 'Open authUrl on any device, compare or enter userCode there, and sign in.',
    form: 'Open authUrl (or configUrl) in a browser on this machine and fill in the form.',
  }[completion ?? 'form'];
  return `${what} It can still be finished later: ${dependencies.command} connect ${serverName}`;
}

/** Opens the page, where it is for a browser of this machine. @returns what the user is told. */
async function opened(
  context: CommandContext,
  { completion }: RequiresAuth,
  page: string,
  deadlineAt: number,
): Promise<string> {
  if (completion === 'device') return 'Open the page on any device: a phone will do. Waiting for you to sign in there.';
  const isOpen = await context.dependencies.openBrowser(page);
  const where = isOpen ? 'The page is open in your browser.' : 'Open the page in a browser.';
  return `${where} Waiting for you there, for ${atMost(deadlineAt - Date.now())} at most.`;
}

interface Wait extends SignInOptions {
  readonly deadlineAt: number;
  /** Means the sign-in that is pending: what is left out keeps its value. */
  readonly again: ConnectArguments;
}

/** What the sign-in came to, or undefined when the time is over, the user stopped, or nothing more can come. */
async function waitForUser(
  context: CommandContext,
  broker: Broker,
  pending: RequiresAuth,
  wait: Wait,
): Promise<Outcome | undefined> {
  const stop = new AbortController();
  const prompt =
    wait.readsStdin && takesPaste(pending) ? openPastePrompt(context.dependencies, () => stop.abort()) : undefined;
  prompt?.show(PASTE_PROMPT);
  const answers: Promise<Outcome | undefined>[] = [timeOver(wait.deadlineAt, stop.signal)];
  if (pending.completion !== 'paste_back') {
    answers.push(pollUntilDone(context, broker, pending, wait, stop.signal, (text) => prompt?.show(text)));
  }
  if (prompt !== undefined)
    answers.push(pastedAnswer(context, broker, wait.again, prompt, pending.completion === 'paste_back'));
  try {
    return await Promise.race(answers);
  } finally {
    stop.abort();
    prompt?.close();
    for (const answer of answers) answer.catch(() => undefined);
  }
}

function takesPaste(pending: RequiresAuth): boolean {
  return pending.completion === 'callback' || pending.completion === 'paste_back';
}

async function timeOver(deadlineAt: number, signal: AbortSignal): Promise<undefined> {
  await delay(Math.max(0, deadlineAt - Date.now()), undefined, { signal }).catch(() => undefined);
}

async function pollUntilDone(
  context: CommandContext,
  broker: Broker,
  pending: RequiresAuth,
  { deadlineAt, again }: Wait,
  signal: AbortSignal,
  show: (text: string) => void,
): Promise<Outcome | undefined> {
  const startedAt = Date.now();
  const onProgress = (): void => show(`Waiting for ${Math.round((Date.now() - startedAt) / 1_000)} s. ${PASTE_PROMPT}`);
  while (Date.now() < deadlineAt && !signal.aborted) {
    const waitSeconds = Math.min(WAIT_MAX_SECONDS, Math.ceil((deadlineAt - Date.now()) / 1_000));
    const outcome = await broker.connect(context.principal, { ...again, waitSeconds }, { signal, onProgress });
    if (!isStillPending(pending, outcome)) return outcome;
    await delay(WAIT_POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** Resolves with what a pasted answer came to; one that belongs to no open sign-in is told, and the next line taken. */
async function pastedAnswer(
  context: CommandContext,
  broker: Broker,
  again: ConnectArguments,
  prompt: PastePrompt,
  isOnlyWay: boolean,
): Promise<Outcome | undefined> {
  for (let line = await prompt.next(); line !== undefined; line = await prompt.next()) {
    const outcome = await broker.connect(context.principal, { ...again, callbackUrl: line });
    if (outcome.status !== 'error' || (outcome.code !== 'state_invalid' && outcome.code !== 'invalid_input'))
      return outcome;
    context.terminal.payload(forTerminal(context, outcome));
    if (!context.terminal.json) context.terminal.problem(`${displayText(outcome.error)} The sign-in goes on.`);
    prompt.show(PASTE_PROMPT);
  }
  // The input has ended; where the answer can come by the callback as well, it is waited for.
  return isOnlyWay ? undefined : new Promise(() => {});
}

/** A form's URL differs each time; a sign-in's own URL may be renewed, its short one stays. */
function isStillPending(pending: RequiresAuth, outcome: Outcome): boolean {
  if (outcome.status !== 'requires_auth') return false;
  if (pending.completion === 'form' || pending.authUrl === null) return true;
  if (pending.userCode !== undefined) return outcome.userCode === pending.userCode;
  if (outcome.launchUrl !== undefined && outcome.launchUrl === pending.launchUrl) return true;
  return (
    outcome.authUrl === pending.authUrl || (outcome.expiresAt !== undefined && outcome.expiresAt === pending.expiresAt)
  );
}
