/** Says what a call came to: the payload as a JSON line with `--json`, a few calm sentences otherwise, and the exit code. */
import type { MemberCleared } from '../broker/administration.js';
import { failurePayload } from '../broker/failure.js';
import { stepOfError } from '../broker/next-steps.js';
import type { Cleared, Failure, Outcome, RequiresAuth, RequiresOauthConfig, Success } from '../broker/outcomes.js';
import { displayText } from '../core/display-text.js';
import type { BrokerError } from '../core/errors.js';
import { GENERAL_SKILL } from '../core/names.js';
import type { CommandContext } from './command.js';
import { EXIT_AUTHORIZATION_NEEDED, EXIT_FAILED, EXIT_SUCCESS } from './exit-code.js';
import { adviceOfFailure, configureCommand, forTerminal, signInStep } from './next-step.js';
import type { Terminal } from './terminal.js';

const ERROR_MAX_LENGTH = 1_000;

/** What a server needs, by why it is asked for; said after the server's name. */
const CONFIGURATION_NEEDED: Readonly<Record<RequiresOauthConfig['reason'], string>> = {
  registration_unavailable: 'needs a client that you create: its provider does not register clients by itself.',
  registration_rejected: 'needs a client that you create: its provider refused to register one.',
  client_rejected: 'did not accept the client or its secret. Check both, or create another client.',
  scope_rejected: 'did not accept the scope that was asked for. Choose another one with --scope.',
  insufficient_scope: 'needs more scope than the client may ask for.',
  confirmation_required: 'is new: see where you would sign in, and confirm it.',
};

/** Reports an outcome and returns the exit code that it means. */
export function reportOutcome(context: CommandContext, outcome: Outcome): number {
  context.terminal.payload(forTerminal(context, outcome));
  switch (outcome.status) {
    case 'success':
      sayConnected(context.terminal, outcome);
      return EXIT_SUCCESS;
    case 'requires_oauth_config':
      sayWhatIsNeeded(context, outcome);
      return EXIT_AUTHORIZATION_NEEDED;
    case 'requires_auth':
      sayHowToSignIn(context, outcome);
      return EXIT_AUTHORIZATION_NEEDED;
    case 'error':
      sayWhatFailed(context, outcome);
      return EXIT_FAILED;
  }
}

/** Reports what was cleared, or why nothing could be. @param whose what it was stored for; by default the server */
export function reportCleared(
  context: CommandContext,
  outcome: Cleared | MemberCleared | Failure,
  whose = 'serverName' in outcome ? outcome.serverName : '',
): number {
  if (outcome.status === 'error') return reportOutcome(context, outcome);
  const { terminal } = context;
  terminal.payload(outcome);
  const { grants, secrets, clients, pending } = outcome.cleared;
  terminal.line(
    grants + secrets + clients + pending === 0
      ? `${whose}: nothing was stored.`
      : `${terminal.style.good('✓')} ${whose}: cleared ${counted(grants, 'sign-in')}, ${counted(secrets, 'key')}, ${counted(clients, 'client')} and ${counted(pending, 'open sign-in')}.`,
  );
  if (outcome.revocation === 'failed')
    terminal.line(
      '  The authorization server did not confirm that the tokens are revoked: check its page of connected apps.',
    );
  if (outcome.revocation === 'unsupported')
    terminal.line('  The authorization server cannot revoke tokens: what it issued ends by itself.');
  return EXIT_SUCCESS;
}

/** The payload of an error that came as an exception. */
export function failureOf(error: BrokerError, serverName: string): Failure {
  return failurePayload(serverName, error, [GENERAL_SKILL], stepOfError(error.code));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sayConnected(terminal: Terminal, outcome: Success): void {
  const { style } = terminal;
  const account = outcome.account === 'default' ? '' : ` as ${displayText(outcome.account)}`;
  const kind = outcome.authType === 'none' ? 'no sign-in needed' : outcome.authType;
  const more = outcome.toolsDropped === true ? ' or more' : '';
  terminal.line(
    `${style.good('✓')} ${style.bold(outcome.serverName)} is connected${account}: ${counted(outcome.toolCount, 'tool')}${more}, ${kind}.`,
  );
  if (outcome.scope !== undefined && outcome.scope !== '') terminal.line(`  Scope: ${displayText(outcome.scope)}`);
}

function sayWhatIsNeeded(context: CommandContext, outcome: RequiresOauthConfig): void {
  const { terminal, dependencies } = context;
  const { serverName, oauthDiscovery: found } = outcome;
  const consoleUrl = dependencies.consoleUrl(serverName);
  terminal.line(`${terminal.style.bold(serverName)} ${CONFIGURATION_NEEDED[outcome.reason]}`);
  terminal.line();
  if (consoleUrl !== undefined) terminal.line(`  Create it at          ${consoleUrl}`);
  terminal.line(`  Redirect URI          ${displayText(found.suggestedRedirectUri)}`);
  terminal.line(`  Scope                 ${displayText(found.suggestedScope) || '(none)'}`);
  terminal.line(`  Client secret         ${found.needsClientSecret ? 'needed' : 'not needed'}`);
  terminal.line(`  Authorization server  ${displayText(found.issuer)}`);
  terminal.line();
  const bringsClient = outcome.reason !== 'scope_rejected' && outcome.reason !== 'confirmation_required';
  terminal.line(bringsClient ? 'Then run, with the client that it gave you:' : 'Then run:');
  terminal.line(`  ${configureCommand(context, outcome)}`);
  if (outcome.configUrl !== undefined) {
    terminal.line('or, while a broker is running (in your MCP host), fill in the form at');
    terminal.line(`  ${displayText(outcome.configUrl, ERROR_MAX_LENGTH)}`);
  }
}

/** The page itself is for `connect`, which stays to take the answer. */
function sayHowToSignIn(context: CommandContext, outcome: RequiresAuth): void {
  if (context.terminal.json) return;
  context.terminal.problem(`${outcome.serverName} ${whatIsMissing(outcome)}`);
  context.terminal.problem(`  ${signInStep(context, outcome)}`);
}

function whatIsMissing({ authType, reason }: RequiresAuth): string {
  if (reason === 'secret_missing') return 'needs a secret that is not stored yet.';
  const takesKey = authType === 'bearer' || authType === 'api_key';
  if (reason === 'key_rejected') return 'refused the key.';
  if (reason === 'token_rejected') return 'refused the token.';
  const why = reason === undefined ? '' : ` (${reason})`;
  return `needs you to ${takesKey ? 'give a key' : 'sign in'} first${why}.`;
}

function sayWhatFailed(context: CommandContext, outcome: Failure): void {
  const { terminal } = context;
  if (terminal.json) return;
  const name = outcome.serverName === '' ? '' : `${displayText(outcome.serverName)}: `;
  terminal.problem(`${name}${displayText(outcome.error, ERROR_MAX_LENGTH)}`);
  const upstream = outcome.upstreamError;
  if (upstream !== undefined)
    terminal.problem(`  The server's words (${upstream.code}): ${displayText(upstream.message)}`);
  const advice = adviceOfFailure(context, outcome);
  if (advice !== undefined) terminal.problem(`  ${advice}`);
}
