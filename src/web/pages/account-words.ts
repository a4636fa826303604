/** Status values of the contract (section 4) in the words of a person. An unknown value is shown as it is. */
import type { AccountState, ServerStatus } from '../../broker/server-status.js';

export const STATE_WORDS: Readonly<Record<AccountState, string>> = {
  connected: 'Connected',
  auth_required: 'Sign-in needed',
  config_required: 'Setup needed',
  not_connected: 'Not connected',
  error: 'Not working',
};

export const STATE_TONES: Readonly<Record<AccountState, 'good' | 'warn' | 'bad' | 'idle'>> = {
  connected: 'good',
  auth_required: 'warn',
  config_required: 'warn',
  not_connected: 'idle',
  error: 'bad',
};

export const AUTH_TYPE_WORDS: Readonly<Record<ServerStatus['authType'], string>> = {
  none: 'No sign-in',
  oauth2: 'OAuth',
  'oauth2-bearer': 'OAuth token',
  bearer: 'Bearer token',
  api_key: 'API key',
  unknown: 'Not known yet',
};

export const SOURCE_WORDS: Readonly<Record<ServerStatus['source'], string>> = {
  user: 'Your servers.json',
  agent: 'Added by an agent',
  team: 'Your team',
  catalog: 'Built-in catalog',
};

export const CREDENTIAL_MODE_WORDS: Readonly<Record<ServerStatus['credentialMode'], string>> = {
  per_user: 'All your agents',
  per_agent: 'Each agent has its own',
  shared: 'Your whole team',
};

const REASON_WORDS: Readonly<Record<string, string>> = {
  registration_unavailable: 'The provider does not register clients by itself. You make an OAuth app there once.',
  registration_rejected: 'The provider refused to register a client.',
  client_rejected: 'The provider does not accept the client any more.',
  scope_rejected: 'The provider refused the scopes that were asked for.',
  insufficient_scope: 'The server asks for more permissions than were granted.',
  confirmation_required: 'You asked to be shown the settings before the first sign-in.',
  state_expired: 'The last sign-in was not finished in time.',
  grant_rejected: 'The provider ended the sign-in.',
  token_rejected: 'The server refused the token though it had not expired.',
  key_rejected: 'The server refused the key.',
  issuer_changed: 'The server uses another provider now.',
  refresh_outcome_unknown: 'The answer to the last renewal was lost.',
  secret_missing: 'A secret that this server needs is not stored.',
  authorization_denied: 'The sign-in was refused.',
  authorization_failed: 'The last sign-in failed.',
  discovery_failed: 'The provider could not be found out.',
  token_request_failed: 'The provider did not answer as it should.',
  upstream_unreachable: 'The server did not answer.',
  upstream_protocol_error: 'The server answered in a way that cannot be understood.',
};

export function reasonWords(reason: string): string {
  return Object.hasOwn(REASON_WORDS, reason) ? (REASON_WORDS[reason] ?? reason) : reason;
}

/** An instant of the contract (ISO 8601, UTC) to the minute. */
export function instantWords(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}
