/** Requests to an authorization server that prove the possession of a key (RFC 9449 section 5). */
import { METADATA_TIMEOUT_MS } from '../core/limits.js';
import type { GuardedFetch, GuardedResponse } from '../core/outbound.js';
import { isNonceError } from './dpop-nonces.js';
import { createDpopProver } from './dpop-proof.js';
import { jsonObjectOf } from './json-answer.js';
import type { DpopBinding } from './types.js';

/**
 * `fetch` with a new proof for each request. Where the server asks for another nonce it has not acted on the request,
 * which is then sent once more, within the time that was left of it.
 *
 * @see RFC 9449 section 8
 */
export function provenFetch(fetch: GuardedFetch, binding: DpopBinding | undefined): GuardedFetch {
  if (binding === undefined) return fetch;
  const { key, nonces } = binding;
  const prove = createDpopProver(key);
  return async (target, request = {}) => {
    const url = new URL(target);
    const { method = 'GET', timeoutMs = METADATA_TIMEOUT_MS } = request;
    const deadlineAt = performance.now() + timeoutMs;
    const send = async (): Promise<GuardedResponse> => {
      const headers = { ...request.headers, dpop: prove({ method, url, nonce: nonces.nonceFor(url) }) };
      return fetch(target, { ...request, headers, timeoutMs: Math.max(1, Math.ceil(deadlineAt - performance.now())) });
    };
    const answer = await send();
    const hasNonce = nonces.adopt(url, answer.headers);
    if (!hasNonce || !refusesNonce(answer)) return answer;
    const second = await send();
    nonces.adopt(url, second.headers);
    return second;
  };
}

function refusesNonce(answer: GuardedResponse): boolean {
  return (answer.status === 400 || answer.status === 401) && isNonceError(jsonObjectOf(answer.body)?.error);
}
