/** One end for requests that follow from each other: a server may name many places, none of which ever answers. */
import { METADATA_TIMEOUT_MS } from './limits.js';
import type { GuardedFetch } from './outbound.js';

/** The least that a request can be given: one that comes too late fails as one that takes too long. */
const OUT_OF_TIME_MS = 1;

/** `fetch` whose requests have `totalMs` milliseconds together, from now on, and each no more than it would have alone. */
export function withTimeBudget(fetch: GuardedFetch, totalMs: number): GuardedFetch {
  const endsAt = performance.now() + totalMs;
  return (url, request = {}) => {
    const left = Math.max(OUT_OF_TIME_MS, Math.ceil(endsAt - performance.now()));
    return fetch(url, { ...request, timeoutMs: Math.min(request.timeoutMs ?? METADATA_TIMEOUT_MS, left) });
  };
}
