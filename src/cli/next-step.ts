/**
 * `nextStep` of a payload as a person at a terminal needs it: a command that can be typed. The broker's own speaks to
 * an agent, which has tools, a user and a chat.
 */
import { stepOfError } from '../broker/next-steps.js';
import type { Failure, Outcome, RequiresAuth, RequiresOauthConfig } from '../broker/outcomes.js';
import { displayText } from '../core/display-text.js';
import { PRODUCT_NAME } from '../core/names.js';
import { doctorFor, type Failed, laterFor, remedyFor } from './advice.js';
import type { CommandContext } from './command.js';

/** What only an agent can do something with: our tools, and fields of a payload that it has before it. */
const FOR_AGENTS =
  /\b(?:[a-z]+_)+mcp_\w+|\bmcp__\w+|\bget_skill\b|\b(?:authUrl|configUrl|launchUrl|callbackUrl|redirectUri|userCode|serverName|clientId|helpfulSkills|retryAfterSeconds|addedScope)\b|\bflow: |\b[Cc]all again\b/u;

/** The payload with `nextStep` for a terminal; the rest is as the contract has it. */
export function forTerminal<T extends Outcome>(context: CommandContext, outcome: T): T {
  return outcome.status === 'success' ? outcome : { ...outcome, nextStep: nextStepOf(context, outcome) };
}

function nextStepOf(context: CommandContext, outcome: Exclude<Outcome, { readonly status: 'success' }>): string {
  switch (outcome.status) {
    case 'requires_oauth_config':
      return `Run: ${configureCommand(context, outcome)}`;
    case 'requires_auth':
      return signInStep(context, outcome);
    case 'error':
      return (
        adviceOfFailure(context, outcome) ??
        `Run: ${`${context.dependencies.command} doctor ${outcome.serverName}`.trim()}`
      );
  }
}

/** The command that gives a server its client, or another scope. */
export function configureCommand({ dependencies }: CommandContext, outcome: RequiresOauthConfig): string {
  const { serverName, reason, oauthDiscovery: found } = outcome;
  const connect = `${dependencies.command} connect ${serverName}`;
  if (reason === 'scope_rejected') return `${connect} --scope SCOPES`;
  if (reason === 'confirmation_required' && !found.needsClientSecret)
    return `${connect} --client-id ${displayText(found.suggestedClientId)}`;
  return `${connect} --client-id ID${found.needsClientSecret ? ' --client-secret-stdin' : ''}`;
}

/** How a sign-in is begun, or a key given, by a command. */
export function signInStep({ dependencies: { command } }: CommandContext, outcome: RequiresAuth): string {
  const { serverName, authType, reason } = outcome;
  if (reason === 'secret_missing')
    return saidToPerson(outcome.nextStep, command) ?? `Run: ${command} connect ${serverName}`;
  if (authType === 'bearer' || authType === 'api_key') return `Run: ${command} key set ${serverName}`;
  if (authType === 'oauth2' && reason === 'key_rejected')
    return `It takes a sign-in: ${command} connect ${serverName} (another key of yours: ${command} key set ${serverName})`;
  if (authType === 'unknown' || authType === 'oauth2-bearer')
    return `Run: ${command} key set ${serverName} (for a token or key), or: ${command} connect ${serverName} (a form for the sign-in's endpoints)`;
  return `Run: ${command} connect ${serverName}`;
}

/** Errors of what the user's file fixes: where in the file, the error itself says best. */
const OF_THE_FILE: readonly Failure['code'][] = [
  'client_rejected',
  'grant_rejected',
  'insufficient_scope',
  'issuer_changed',
];

/** What can be done about an error; undefined where nothing more can be said than the error does. */
export function adviceOfFailure(context: CommandContext, outcome: Failure): string | undefined {
  const { command } = context.dependencies;
  const own = outcome.nextStep === stepOfError(outcome.code) ? undefined : outcome.nextStep;
  return adviceOn(context, outcome, own) ?? doctorFor(outcome, command) ?? laterFor(outcome);
}

/** @param own the error's own step, said to an agent; undefined where it has none but its code's */
export function adviceOn(
  { dependencies, principal }: CommandContext,
  failed: Failed,
  own: string | undefined,
): string | undefined {
  const { command } = dependencies;
  const said = own === undefined ? undefined : saidToPerson(own, command);
  if (OF_THE_FILE.includes(failed.code) && said !== undefined) return said;
  return remedyFor(failed, command, principal) ?? said;
}

/**
 * Sentences of ours to an agent, said to the user themselves: "Ask the user to mend x." is "Mend x." What speaks of tools
 * or of somebody else's user is left out; undefined where nothing is left.
 * @param command what the user types to start this program
 */
export function saidToPerson(step: string, command: string): string | undefined {
  const sentences = step
    .replaceAll(/, then call (?:\w+ )?again/gu, ', then try again')
    .split(/(?<=[.!?])\s+/u)
    .map((sentence) =>
      sentence.replace(
        /^(?:Tell|Ask) the user to (.)(.*)$/su,
        (_whole, first: string, rest: string) => `${first.toUpperCase()}${rest.replaceAll(/ (or|and) to /gu, ' $1 ')}`,
      ),
    )
    .filter((sentence) => sentence !== '' && !FOR_AGENTS.test(sentence) && !/\bthe user\b/iu.test(sentence));
  return sentences.length === 0 ? undefined : withCommand(sentences.join(' '), command);
}

/** Texts of the broker name the product where a person types `command`. */
export function withCommand(text: string, command: string): string {
  return text.replaceAll(new RegExp(`(?<![\\w./@-])${PRODUCT_NAME} (?=[a-z])`, 'gu'), () => `${command} `);
}
