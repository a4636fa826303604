/** Dynamic client registration (RFC 7591): one request, once more without `scope` where that is what was refused. */
import * as oauth from 'oauth4webapi';
import { METADATA_TIMEOUT_MS } from '../core/limits.js';
import { type GuardedFetch, NetworkFailure } from '../core/outbound.js';
import { registrationAuthMethod } from './client-authentication.js';
import { clientMetadata } from './client-metadata.js';
import { checkEndpoint } from './endpoint-url.js';
import { libraryOptions } from './library-request.js';
import {
  type RegistrationAnswer,
  rebuildRegistrationResponse,
  validateRegistrationResponse,
} from './registration-response.js';
import { discoveryUnavailable } from './translate-error.js';
import type { AuthorizationServer } from './types.js';

/** The answers that say "not these metadata"; a second try without the scope makes sense for no other. */
const METADATA_REFUSED = new Set([400, 422]);

export interface ClientRegistrationOptions {
  readonly authorizationServer: Pick<
    AuthorizationServer,
    'issuer' | 'registrationEndpoint' | 'tokenEndpointAuthMethodsSupported'
  >;
  readonly redirectUri: string;
  /** The scope that will be asked for; some servers grant no other. */
  readonly scope?: string | undefined;
  readonly clientName: string;
  readonly fetch: GuardedFetch;
}

export type ClientRegistrationResult = RegistrationAnswer | { readonly kind: 'not_offered' };

/**
 * Registers a client.
 *
 * @returns `rejected` with a message of ours that labels the server's words, where the answer is a refusal or a
 *   client that cannot be used
 * @throws {BrokerError} `discovery_failed` (retryable) for 5xx, 429, time-outs and the like; `insecure_url`,
 *   `url_not_allowed` before anything is sent
 * @see RFC 7591 section 3
 */
export async function registerClient(options: ClientRegistrationOptions): Promise<ClientRegistrationResult> {
  const endpoint = options.authorizationServer.registrationEndpoint;
  if (endpoint === undefined) return { kind: 'not_offered' };
  checkEndpoint(endpoint, 'registration endpoint');
  const first = await sendRegistration(options, endpoint, options.scope);
  const isScopeSuspect = options.scope !== undefined && METADATA_REFUSED.has(first.status);
  const answer = isScopeSuspect ? await sendRegistration(options, endpoint, undefined) : first;
  return validateRegistrationResponse(answer, { redirectUri: options.redirectUri, registrationEndpoint: endpoint });
}

async function sendRegistration(
  options: ClientRegistrationOptions,
  endpoint: string,
  scope: string | undefined,
): Promise<Response> {
  const { issuer, tokenEndpointAuthMethodsSupported } = options.authorizationServer;
  const metadata = clientMetadata({
    clientName: options.clientName,
    redirectUris: [options.redirectUri],
    tokenEndpointAuthMethod: registrationAuthMethod(tokenEndpointAuthMethodsSupported),
    scope,
  });
  const library = libraryOptions({
    fetch: options.fetch,
    timeoutMs: METADATA_TIMEOUT_MS,
    rebuild: rebuildRegistrationResponse,
  });
  try {
    return await oauth.dynamicClientRegistrationRequest(
      { issuer, registration_endpoint: endpoint },
      { ...metadata },
      library,
    );
  } catch (error) {
    if (!(error instanceof NetworkFailure)) throw error;
    throw discoveryUnavailable('The registration endpoint did not answer.', undefined, error);
  }
}
