// @ts-check
/** Which scope is asked for: the least that the server says it needs, or the caller's own words, verbatim. */

/** RFC 6749 section 3.3: visible ASCII without quotation mark and backslash; bounded, since it is shown. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/u;

/**
 * The caller's, else the challenge's, else all of the protected resource's, else none; `offline_access` is added to
 * the latter two where the authorization server lists it.
 *
 * @param {{ requested?: string | undefined, challengeScope?: string | undefined, resourceScopes?: string[] | undefined,
 *   serverScopes?: string[] | undefined }} selection
 * @returns {string | undefined} undefined for none
 * @see MCP authorization, "Scope Selection Strategy"
 */
export function selectScope({ requested, challengeScope, resourceScopes, serverScopes }) {
  if (requested !== undefined) return requested === '' ? undefined : requested;
  const challenged = tokens(challengeScope?.split(/[ \t]+/u) ?? []);
  const needed = challenged.length > 0 ? challenged : tokens(resourceScopes ?? []);
  if (needed.length === 0) return undefined;
  const offersRefresh = serverScopes?.includes('offline_access') ?? false;
  return tokens([...needed, ...(offersRefresh ? ['offline_access'] : [])]).join(' ');
}

/** What is a scope token, once each. @param {string[]} scopes */
export function tokens(scopes) {
  return [...new Set(scopes.filter((scope) => SCOPE_TOKEN.test(scope)))];
}
