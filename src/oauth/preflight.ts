/** A look at the authorize page before the user sees it, for a kept registration: does the server still know the client? */
import { type GuardedFetch, type GuardedResponse, NetworkFailure } from '../core/outbound.js';
import { jsonObjectOf } from './json-answer.js';

/** RFC 6749 section 4.1.2.1: only a bad client or redirect URI is answered on the spot instead of by a redirect. */
const REFUSED_ON_THE_SPOT = new Set([400, 422]);
/** Atlassian answers an HTML page with it for a client that it has dropped; an outage shows itself as 502 to 504. */
const INTERNAL_SERVER_ERROR = 500;
const CLIENT_ERRORS = new Set(['invalid_client', 'invalid_client_id', 'unauthorized_client', 'client_not_found']);

/**
 * Asks for the authorization URL without following redirects. It counts as an authorization request, so it is
 * made only for a registration kept from an earlier sign-in.
 *
 * @returns `client_unknown` where the answer is an error before any login; `ok` for everything else, a server
 *   that cannot be reached included, since the user's browser may do better
 * @throws {BrokerError} `insecure_url`, `url_not_allowed`
 */
export async function preflightAuthorization(options: {
  readonly authorizationUrl: string;
  readonly fetch: GuardedFetch;
}): Promise<'ok' | 'client_unknown'> {
  let answer: GuardedResponse;
  try {
    answer = await options.fetch(options.authorizationUrl, {
      headers: { accept: 'text/html,application/xhtml+xml,application/json;q=0.9' },
      redirects: 'refuse',
    });
  } catch (error) {
    if (error instanceof NetworkFailure) return 'ok';
    throw error;
  }
  return isClientUnknown(answer, options.authorizationUrl) ? 'client_unknown' : 'ok';
}

function isClientUnknown(answer: GuardedResponse, authorizationUrl: string): boolean {
  if (REFUSED_ON_THE_SPOT.has(answer.status) || answer.status === INTERNAL_SERVER_ERROR) return true;
  if (answer.status >= 400) return isClientError(jsonObjectOf(answer.body)?.error);
  const location = answer.headers.get('location');
  if (location === null || !URL.canParse(location, authorizationUrl)) return false;
  return isClientError(new URL(location, authorizationUrl).searchParams.get('error'));
}

function isClientError(error: unknown): boolean {
  return typeof error === 'string' && CLIENT_ERRORS.has(error);
}
