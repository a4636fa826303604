/** What a token request without a user came to, in the contract's codes: there is nobody to sign in, so each is an error. */
import { BrokerError } from '../core/errors.js';
import type { TokenOutcome } from '../oauth/index.js';
import type { Refusal } from '../upstream/index.js';
import type { KnownServer } from './known-server.js';
import { asksForScope, refusesToken } from './refusals.js';
import { tokenRequestFailed } from './token-failures.js';

type Asked = 'authorization_server' | 'identity_provider';

const NAMES: Readonly<Record<Asked, string>> = {
  authorization_server: 'authorization server',
  identity_provider: 'identity provider',
};
const STEP_AFTERWARDS = 'then call connect_to_mcp_server again. Nobody can sign in instead.';

/** Nothing of the answer but its registered name counts (RFC 6749 section 5.2, RFC 8693 section 2.2.2). */
export function unattendedFailure(outcome: Exclude<TokenOutcome, { kind: 'tokens' }>, asked: Asked): BrokerError {
  switch (outcome.kind) {
    case 'rejected':
      return rejection(outcome.error, asked);
    case 'unavailable':
      return tokenRequestFailed(outcome.message, true, outcome.retryAfterSeconds);
    // Nothing was spent: the next request is as good as this one.
    case 'unknown':
      return tokenRequestFailed(outcome.message, true);
    case 'malformed':
      return tokenRequestFailed(outcome.message, false);
  }
}

/** The server refuses a token that was just got, or all that it may be used for: nobody can be asked to allow more. */
export function refusedWithoutUser({ entry }: KnownServer, refusal: Refusal): BrokerError {
  if (asksForScope(refusal)) {
    return new BrokerError('insufficient_scope', 'The server wants more scope than the token of this server has.', {
      nextStep: `Ask the user to add the scope to mcpServers.${entry.serverName}.oauth.scope in servers.json, ${STEP_AFTERWARDS}`,
    });
  }
  if (refusesToken(refusal)) {
    return new BrokerError(
      'grant_rejected',
      `The server refused a token that was just asked for (${refusal.status}).`,
      {
        nextStep: `Ask the user to check mcpServers.${entry.serverName}.oauth (issuer, resource, scope) in servers.json, ${STEP_AFTERWARDS}`,
      },
    );
  }
  return new BrokerError(
    'upstream_protocol_error',
    `The server refuses this request to the client that servers.json names (${refusal.status}).`,
  );
}

function rejection(error: string, asked: Asked): BrokerError {
  const name = NAMES[asked];
  switch (error) {
    case 'invalid_client':
    case 'unauthorized_client':
      return new BrokerError('client_rejected', `The ${name} refused the client that the user's servers.json names.`, {
        nextStep: `Ask the user to check ${clientSettings(asked)} in servers.json, ${STEP_AFTERWARDS}`,
      });
    case 'invalid_grant':
    case 'access_denied':
    case 'unsupported_grant_type':
      return new BrokerError('grant_rejected', `The ${name} refused the grant that the user's servers.json names.`, {
        nextStep: `Ask the user to check oauth.grantType and oauth.assertion in servers.json, and whether the ${name} allows this client to use them, ${STEP_AFTERWARDS}`,
      });
    case 'invalid_scope':
      return new BrokerError('insufficient_scope', `The ${name} refused the scope that this server needs.`, {
        nextStep: `Ask the user to correct oauth.scope in servers.json, ${STEP_AFTERWARDS}`,
      });
    case 'server_error':
    case 'temporarily_unavailable':
      return tokenRequestFailed(`The ${name} could not answer the token request.`, true);
    default:
      return tokenRequestFailed(`The ${name} refused the token request.`, false);
  }
}

function clientSettings(asked: Asked): string {
  return asked === 'identity_provider'
    ? 'oauth.idp.clientId and oauth.idp.clientSecret'
    : 'oauth.clientId and oauth.clientSecret or oauth.privateKey';
}
