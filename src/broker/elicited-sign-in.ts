/**
 * Asks the user to sign in through a host that can show them a URL, and waits for it. The host shows the URL; nobody
 * here opens it. A sign-in that was declined is not asked for again: its `authUrl` is in the answer all the same.
 */
import { randomUUID } from 'node:crypto';
import type { Host, HostRequest } from '../core/host.js';
import { WAIT_ELICITED_SECONDS, WAIT_WITHOUT_PROGRESS_MAX_SECONDS } from '../core/limits.js';
import type { CallContext } from './broker.js';
import { type AnyServer, isStarted } from './known-server.js';
import type { Outcome, RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import { waitedFor } from './waiting.js';
import { hasBeenGiven } from './waiting-for-value.js';

/** `not_asked`: the host cannot show URLs, the user declined this sign-in before, or there is nothing to visit. */
export type Elicited = 'ended' | 'not_ended' | 'not_asked';

/**
 * `asked` is what the call would answer otherwise. A host of before 2026-07-28 is asked while the call waits, one of
 * that era before: its next request waits.
 * @param waitSeconds what the caller wants at least.
 */
export type ElicitSignIn = (
  server: AnyServer,
  asked: Outcome,
  waitSeconds: number,
  context: CallContext,
) => Promise<Elicited>;

type Visitable = RequiresAuth & { readonly authUrl: string };
type Answer = 'accepted' | 'declined' | 'unanswered';

export function createElicitSignIn(parts: Parts): ElicitSignIn {
  /** Of each server and account, the sign-in or form that was declined. */
  const declined = new Map<string, string>();

  return async (server, asked, waitSeconds, context) => {
    const { host } = context;
    if (host?.capabilities.elicitation?.url === undefined || !isVisitable(asked)) return 'not_asked';
    const since = isStarted(server) ? undefined : await waitedFor(await parts.vault(), server);
    const signIn = since?.state ?? whatIsAsked(asked);
    const key = JSON.stringify(server.id);
    if (declined.get(key) === signIn) return 'not_asked';
    const { answer, hasEnded } = await askAndWait(host, server, asked, waitSeconds, context, (seconds, call) =>
      hasBeenGiven(parts, server, asked, seconds, call, since),
    );
    if (answer === 'declined') declined.set(key, signIn);
    if (hasEnded) return 'ended';
    return answer === 'unanswered' ? 'not_asked' : 'not_ended';
  };
}

async function askAndWait(
  host: Host,
  server: AnyServer,
  asked: Visitable,
  waitSeconds: number,
  context: CallContext,
  hasEnded: (seconds: number, call: CallContext) => Promise<boolean>,
): Promise<{ readonly answer?: Answer; readonly hasEnded: boolean }> {
  const { signal } = context;
  const question = new AbortController();
  const waiting = new AbortController();
  const elicitationId = randomUUID();
  const given: { answer?: Answer } = {};
  const answered = ask(host, request(server, asked, elicitationId), either(signal, question.signal)).then((answer) => {
    given.answer = answer;
    if (answer !== 'accepted') waiting.abort();
  });
  if (host.isAskedByResult) await answered;
  // Of a call that goes on with another request of the host: what that one asked for.
  const longest = context.onProgress === undefined ? WAIT_WITHOUT_PROGRESS_MAX_SECONDS : WAIT_ELICITED_SECONDS;
  const wait = { signal: either(signal, waiting.signal), onProgress: context.onProgress };
  const isSignedIn = await hasEnded(Math.max(waitSeconds, longest), wait);
  const { answer } = given;
  // A question that nobody has answered yet is of no use any more.
  question.abort();
  if (isSignedIn && answer === 'accepted')
    host.tell({ method: 'notifications/elicitation/complete', params: { elicitationId } });
  return { hasEnded: isSignedIn, ...(answer !== undefined && { answer }) };
}

/** The same for the same question: a form has another address each time, and a pushed request is renewed. */
function whatIsAsked({ completion, reason, launchUrl, authUrl, nextStep }: Visitable): string {
  return completion === 'form' ? JSON.stringify([reason, nextStep]) : (launchUrl ?? authUrl);
}

/** What is pasted back comes with another call, so there is nothing to wait for. */
function isVisitable(asked: Outcome): asked is Visitable {
  return asked.status === 'requires_auth' && asked.authUrl !== null && asked.completion !== 'paste_back';
}

async function ask(host: Host, question: HostRequest, signal: AbortSignal): Promise<Answer> {
  try {
    const { action } = await host.ask(question, { signal, isOurs: true });
    return action === 'accept' ? 'accepted' : 'declined';
  } catch {
    // It refused, is gone or was silent: the call goes on as if it could not be asked.
    return 'unanswered';
  }
}

function request({ entry }: AnyServer, asked: Visitable, elicitationId: string): HostRequest {
  const server =
    entry.kind === 'stdio' ? `"${entry.serverName}"` : `"${entry.serverName}" (${new URL(entry.url).host})`;
  const code = asked.userCode === undefined ? '' : ` The code to enter there: ${asked.userCode}.`;
  const message =
    asked.completion === 'form'
      ? `${server} needs a credential: enter it on this page of your own machine.`
      : `Sign in to ${server}, so that it can be used here.${code}`;
  return { method: 'elicitation/create', params: { mode: 'url', message, url: urlToShow(asked), elicitationId } };
}

/** The user should see where they sign in; a pushed request ends sooner than people answer, and the launch page pushes anew. */
function urlToShow({ authUrl, launchUrl }: Visitable): string {
  const isPushed = new URL(authUrl).searchParams.has('request_uri');
  return isPushed && launchUrl !== undefined ? launchUrl : authUrl;
}

function either(a: AbortSignal | undefined, b: AbortSignal): AbortSignal {
  return a === undefined ? b : AbortSignal.any([a, b]);
}
