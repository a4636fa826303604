/** Deletes a client that we registered (RFC 7592 section 2.3): best effort, since it is only tidiness. */
import { type GuardedFetch, type GuardedResponse, NetworkFailure } from '../core/outbound.js';
import { checkEndpoint } from './endpoint-url.js';

export interface RegistrationDeletion {
  readonly registrationClientUri: string;
  readonly registrationAccessToken: string;
  readonly fetch: GuardedFetch;
}

/**
 * Asks the authorization server to forget the client, once.
 *
 * @returns whether it said that it has
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 7592 section 2.3
 */
export async function deleteRegistration(deletion: RegistrationDeletion): Promise<boolean> {
  checkEndpoint(deletion.registrationClientUri, 'client configuration endpoint');
  const headers = { authorization: `Bearer ${deletion.registrationAccessToken}` };
  let answer: GuardedResponse;
  try {
    answer = await deletion.fetch(deletion.registrationClientUri, { method: 'DELETE', headers });
  } catch (error) {
    if (error instanceof NetworkFailure) return false;
    throw error;
  }
  return answer.status >= 200 && answer.status < 300;
}
