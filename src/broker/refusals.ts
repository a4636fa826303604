/** What a server's refusal of a request is about, by its challenge (RFC 6750 section 3). */
import { bearerChallenge } from '../oauth/index.js';
import type { Refusal } from '../upstream/index.js';

/** 403 (or 401) `insufficient_scope` (RFC 6750 section 3.1): more scope is wanted, not another token. */
export function asksForScope(refusal: Refusal): boolean {
  return bearerChallenge(refusal.wwwAuthenticate)?.error === 'insufficient_scope';
}

/** A 401, or a 403 that says `invalid_token`: the token itself is refused. */
export function refusesToken(refusal: Refusal): boolean {
  return refusal.status === 401 || bearerChallenge(refusal.wwwAuthenticate)?.error === 'invalid_token';
}
