/** One request for a metadata document, and what its answer means for the search. */
import { type GuardedFetch, type GuardedResponse, NetworkFailure } from '../core/outbound.js';
import { retryAfterSeconds } from '../core/retry-after.js';
import { type JsonObject, jsonObjectOf } from './json-answer.js';
import { isTransientStatus } from './translate-error.js';

export type MetadataAnswer =
  | { readonly kind: 'document'; readonly document: JsonObject }
  /** Not here: any 4xx, HTML, a redirect that leads nowhere. The next place is asked. */
  | { readonly kind: 'absent' }
  /** Nobody can say whether it is here: 5xx, 429, time-out, DNS. Never taken for "absent". */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds?: number };

/**
 * Asks for the JSON document at `url`; redirects are followed, each checked.
 *
 * @throws {BrokerError} `url_not_allowed`, `insecure_url` from the guarded fetch
 */
export async function requestMetadata(fetch: GuardedFetch, url: string): Promise<MetadataAnswer> {
  let answer: GuardedResponse;
  try {
    answer = await fetch(url, { headers: { accept: 'application/json' }, redirects: 'follow' });
  } catch (error) {
    if (!(error instanceof NetworkFailure)) throw error;
    return { kind: error.kind === 'too_large' ? 'absent' : 'unavailable' };
  }
  if (isTransientStatus(answer.status)) return unavailable(answer);
  const document = answer.status === 200 ? jsonObjectOf(answer.body) : undefined;
  return document === undefined ? { kind: 'absent' } : { kind: 'document', document };
}

function unavailable(answer: GuardedResponse): MetadataAnswer {
  const seconds = retryAfterSeconds(answer.headers.get('retry-after'));
  return seconds === undefined ? { kind: 'unavailable' } : { kind: 'unavailable', retryAfterSeconds: seconds };
}
