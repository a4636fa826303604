/** Dynamic client registration (RFC 7591): one request, once more for the least that we need where that is what was refused. */
import * as oauth from 'oauth4webapi';
import { METADATA_TIMEOUT_MS } from '../core/limits.js';
import { type GuardedFetch, NetworkFailure } from '../core/outbound.js';
import { registrationAuthMethod } from './client-authentication.js';
import { clientMetadata } from './client-metadata.js';
import { DEVICE_CODE_GRANT, offersDeviceFlow } from './device-authorization.js';
import { checkEndpoint } from './endpoint-url.js';
import { libraryOptions } from './library-request.js';
import {
  type RegistrationAnswer,
  rebuildRegistrationResponse,
  validateRegistrationResponse,
} from './registration-response.js';
import { discoveryUnavailable } from './translate-error.js';
import type { AuthorizationServer } from './types.js';

/** The answers that say "not these metadata"; a second try with fewer makes sense for no other. */
const METADATA_REFUSED = new Set([400, 422]);

export interface ClientRegistrationOptions {
  readonly authorizationServer: Pick<
    AuthorizationServer,
    | 'issuer'
    | 'registrationEndpoint'
    | 'tokenEndpointAuthMethodsSupported'
    | 'deviceAuthorizationEndpoint'
    | 'grantTypesSupported'
  >;
  readonly redirectUri: string;
  /** The scope that will be asked for; some servers grant no other. */
  readonly scope?: string | undefined;
  readonly clientName: string;
  readonly fetch: GuardedFetch;
}

export type ClientRegistrationResult = RegistrationAnswer | { readonly kind: 'not_offered' };

/** What a client can do without: a server that refuses it is asked once more without. */
interface Extras {
  readonly scope?: string | undefined;
  readonly furtherGrantTypes?: readonly string[];
}

/**
 * Registers a client, for the device grant as well where that is offered.
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
  const takesDevices = offersDeviceFlow(options.authorizationServer);
  const first = await sendRegistration(options, endpoint, {
    scope: options.scope,
    ...(takesDevices && { furtherGrantTypes: [DEVICE_CODE_GRANT] }),
  });
  const mayBeTheExtras = (options.scope !== undefined || takesDevices) && METADATA_REFUSED.has(first.status);
  const answer = mayBeTheExtras ? await sendRegistration(options, endpoint, {}) : first;
  return validateRegistrationResponse(answer, { redirectUri: options.redirectUri, registrationEndpoint: endpoint });
}

async function sendRegistration(
  options: ClientRegistrationOptions,
  endpoint: string,
  extras: Extras,
): Promise<Response> {
  const { issuer, tokenEndpointAuthMethodsSupported } = options.authorizationServer;
  const metadata = clientMetadata({
    clientName: options.clientName,
    redirectUris: [options.redirectUri],
    tokenEndpointAuthMethod: registrationAuthMethod(tokenEndpointAuthMethodsSupported),
    ...extras,
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
