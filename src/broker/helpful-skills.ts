/** Which skills help with a payload: always the general one, and a provider's where it has something to say. */
import { providerSkills, type ServerEntry } from '../catalog/index.js';
import type { ErrorCode } from '../core/errors.js';
import { GENERAL_SKILL } from '../core/names.js';
import type { SkillReference } from './outcomes.js';

/** What is known of the server that a payload is about, and of its authorization server. */
export type SkillsAbout = Parameters<typeof providerSkills>[0];

/** The general skill, then those of the providers that run the server and its authorization server. */
export function helpfulSkills(about: SkillsAbout): readonly SkillReference[] {
  return [GENERAL_SKILL, ...providerSkills(about)];
}

/** The same for a server's entry, where its authorization server plays no part. */
export function skillsOf(entry: ServerEntry): readonly SkillReference[] {
  return helpfulSkills(knownOf(entry));
}

/** What an entry tells of its providers; the user's file may name the authorization server. */
export function knownOf(entry: ServerEntry): SkillsAbout {
  const { serverName } = entry;
  if (entry.kind === 'stdio') return { serverName };
  return { serverName, url: entry.url, issuer: entry.oauth.issuer, profile: entry.oauth.profile };
}

/** Both lists in one, each skill once. */
export function joinedSkills(
  first: readonly SkillReference[],
  second: readonly SkillReference[],
): readonly SkillReference[] {
  return [...first, ...second.filter(({ id }) => !first.some((skill) => skill.id === id))];
}

/**
 * Whether what a provider says of clients, keys, scopes, consent and addresses can mend an error of that code. Where it
 * is false the cause lies here (the vault, the port, the arguments) or in time alone.
 */
const PROVIDER_HELPS: Readonly<Record<ErrorCode, boolean>> = {
  invalid_input: true,
  unknown_server: false,
  server_url_mismatch: false,
  url_not_allowed: false,
  redirect_not_allowed: true,
  insecure_url: true,
  discovery_failed: true,
  resource_mismatch: true,
  issuer_mismatch: true,
  issuer_changed: true,
  pkce_unsupported: true,
  registration_rejected: true,
  callback_port_in_use: false,
  authorization_denied: true,
  authorization_failed: true,
  state_invalid: false,
  state_expired: false,
  token_request_failed: true,
  grant_rejected: true,
  client_rejected: true,
  insufficient_scope: true,
  refresh_outcome_unknown: false,
  upstream_unreachable: true,
  upstream_protocol_error: true,
  tool_not_found: false,
  limit_exceeded: false,
  not_a_member: false,
  vault_busy: false,
  vault_unreadable: false,
  vault_key_wrong: false,
  internal_error: false,
};

/** Whether it is worth while to find out which provider an error of that code is about. */
export function providerHelps(code: ErrorCode): boolean {
  return PROVIDER_HELPS[code];
}

/** The skills that help with an error of that code. */
export function skillsForError(code: ErrorCode, about: SkillsAbout): readonly SkillReference[] {
  return providerHelps(code) ? helpfulSkills(about) : [GENERAL_SKILL];
}
