/** Which scope is asked for: the least that the server says it needs, or the caller's own words, verbatim. */
import { SCOPE_TOKEN_MAX_LENGTH } from '../core/limits.js';
import type { AuthorizationServer, ProtectedResource } from './types.js';

const OFFLINE_ACCESS = 'offline_access';
/** RFC 6749 section 3.3: visible ASCII without quotation mark and backslash; bounded, since it is shown. */
const SCOPE_TOKEN = new RegExp(`^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,${SCOPE_TOKEN_MAX_LENGTH}}$`, 'u');

export interface ScopeSelection {
  /** The caller's own; `""` asks for none, anything else is sent as it is. */
  readonly requested?: string | undefined;
  /** `scope` of the challenge; authoritative for what the request needs. */
  readonly challengeScope?: string | undefined;
  readonly protectedResource?: ProtectedResource | undefined;
  readonly authorizationServer: Pick<AuthorizationServer, 'scopesSupported'>;
  /** Of a known provider: whether `offline_access` is understood there. Default: where it is listed. */
  readonly offlineAccess?: boolean | undefined;
}

/**
 * The scope that an authorization request sends, or undefined for none.
 * The caller's → the challenge's → all of the protected resource's → none; `offline_access` is added to the
 * latter two where the authorization server lists it, since only then is it understood, or is known to understand it.
 *
 * @see MCP authorization, "Scope Selection Strategy"; OpenID Connect Core section 11
 */
export function selectScope(selection: ScopeSelection): string | undefined {
  if (selection.requested !== undefined) return selection.requested === '' ? undefined : selection.requested;
  const needed =
    scopeUnion(selection.challengeScope, undefined) ?? joined(selection.protectedResource?.scopesSupported ?? []);
  if (needed === undefined) return undefined;
  const isListed = selection.authorizationServer.scopesSupported?.includes(OFFLINE_ACCESS) ?? false;
  const offersRefresh = selection.offlineAccess ?? isListed;
  return offersRefresh ? scopeUnion(needed, OFFLINE_ACCESS) : needed;
}

/** Every scope of `a`, then those of `b` that are new; undefined where there is none at all. */
export function scopeUnion(a: string | undefined, b: string | undefined): string | undefined {
  return joined([...scopeTokens(a), ...scopeTokens(b)]);
}

/** What `after` asks for beyond `before`; undefined where that is nothing. */
export function addedScope(before: string | undefined, after: string | undefined): string | undefined {
  const known = new Set(scopeTokens(before));
  return joined(scopeTokens(after).filter((token) => !known.has(token)));
}

/** Whether a scope string holds `token`. */
export function hasScope(scope: string | undefined, token: string): boolean {
  return scopeTokens(scope).includes(token);
}

/** Of a server's list, the scopes that can be asked for: what is no scope token is left out. */
export function usableScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => SCOPE_TOKEN.test(scope));
}

/** A token that RFC 6749 does not allow comes from nobody who meant well: it is left out. */
function scopeTokens(scope: string | undefined): readonly string[] {
  return (scope ?? '').split(/[ \t]+/u).filter((token) => SCOPE_TOKEN.test(token));
}

function joined(tokens: readonly string[]): string | undefined {
  const distinct = new Set(usableScopes(tokens));
  return distinct.size === 0 ? undefined : [...distinct].join(' ');
}
