/**
 * The device authorization request (RFC 8628 section 3.1): a code that the user enters on any device, and one that
 * the token endpoint is asked with meanwhile. Sent once; its answer is bounded, and checked before anybody is shown it.
 */
import * as oauth from 'oauth4webapi';
import {
  DEVICE_CODE_MAX_LENGTH,
  DEVICE_CODE_MAX_LIFETIME_SECONDS,
  DEVICE_POLL_DEFAULT_SECONDS,
  DEVICE_POLL_MAX_SECONDS,
  METADATA_TIMEOUT_MS,
  USER_CODE_MAX_LENGTH,
} from '../core/limits.js';
import { type GuardedFetch, type GuardedResponse, NetworkFailure } from '../core/outbound.js';
import { retryAfterSeconds } from '../core/retry-after.js';
import {
  clientAuthentication,
  type TokenEndpoints,
  withEndpointAudience,
  withFallbackMethod,
} from './client-authentication.js';
import { checkEndpoint } from './endpoint-url.js';
import { strictJsonObjectOf, withoutNulls } from './json-answer.js';
import { jsonResponse, libraryOptions } from './library-request.js';
import { lifetimeSeconds } from './token-members.js';
import { requestTokens, type TokenRequest } from './token-request.js';
import { rebuildTokenResponse } from './token-response.js';
import { errorAnswerOf, isTransientStatus } from './translate-error.js';
import type { AuthorizationServer, ClientCredentials, TokenEndpointAuthMethod, TokenOutcome } from './types.js';

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** What a person can type: it is shown as it is, and must not be able to hold a sentence or steer a terminal. */
const USER_CODE = /^[0-9A-Za-z]+(?:[ ._-][0-9A-Za-z]+)*$/u;
/** Ours alone: what else the user's file asks for does not get its way here. */
const OWN_PARAMETERS = ['client_id', 'client_secret', 'scope', 'resource', 'grant_type', 'device_code'];

export interface DeviceAuthorizationOptions {
  readonly authorizationServer: TokenEndpoints & Pick<AuthorizationServer, 'deviceAuthorizationEndpoint'>;
  readonly client: ClientCredentials;
  /** Absent: no scope is sent. */
  readonly scope?: string | undefined;
  /** The RFC 8707 resource, or null where the profile omits it. */
  readonly resource: string | null;
  /** Of the user's file, e.g. `audience`; they never replace ours. An empty one is not sent at all. */
  readonly extraParameters?: Readonly<Record<string, string>> | undefined;
  readonly fetch: GuardedFetch;
}

/** What a device authorization request came to. */
export type DeviceAuthorization =
  | {
      readonly kind: 'codes';
      /** A secret: whoever has it gets the tokens. */
      readonly deviceCode: string;
      readonly userCode: string;
      /** Where the user goes: with the code in it where that is offered. Checked; see `requestDeviceAuthorization`. */
      readonly verificationUri: string;
      /** At most DEVICE_CODE_MAX_LIFETIME_SECONDS. */
      readonly expiresInSeconds: number;
      /** Least time between two token requests, 1 to DEVICE_POLL_MAX_SECONDS. */
      readonly intervalSeconds: number;
      /** Present where the client's own method was refused and this one was not: keep it with the client. */
      readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod;
    }
  /** There is no such endpoint. */
  | { readonly kind: 'not_offered' }
  /** A parsed error answer (RFC 6749 section 5.2), e.g. `unauthorized_client`, `invalid_scope`. */
  | { readonly kind: 'rejected'; readonly error: string }
  /** 5xx, 429, or no whole answer: the same request may succeed later. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds?: number }
  /** A whole answer that is none. */
  | { readonly kind: 'malformed' };

/** Whether the metadata offer the device flow; a list of grant types that leaves it out takes it back. */
export function offersDeviceFlow(
  authorizationServer: Pick<AuthorizationServer, 'deviceAuthorizationEndpoint' | 'grantTypesSupported'>,
): boolean {
  const { deviceAuthorizationEndpoint, grantTypesSupported } = authorizationServer;
  return deviceAuthorizationEndpoint !== undefined && (grantTypesSupported?.includes(DEVICE_CODE_GRANT) ?? true);
}

/**
 * Asks for a device code and a user code.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` for an endpoint that must not be asked, and for a
 *   verification URI that no user may be sent to (T16, T17)
 * @see RFC 8628 sections 3.1 and 3.2, RFC 8707 section 2
 */
export async function requestDeviceAuthorization(options: DeviceAuthorizationOptions): Promise<DeviceAuthorization> {
  const endpoint = options.authorizationServer.deviceAuthorizationEndpoint;
  if (endpoint === undefined) return { kind: 'not_offered' };
  checkEndpoint(endpoint, 'device authorization endpoint');
  const first = await sendRequest(options, endpoint);
  if (first.kind !== 'rejected' || first.error !== 'invalid_client') return first;
  const client =
    withFallbackMethod(options.client, options.authorizationServer) ?? withEndpointAudience(options.client, endpoint);
  if (client === undefined) return first;
  const second = await sendRequest({ ...options, client }, endpoint);
  return second.kind === 'codes' ? { ...second, tokenEndpointAuthMethod: client.tokenEndpointAuthMethod } : second;
}

export interface DeviceCodeRedemption extends TokenRequest {
  readonly deviceCode: string;
}

/**
 * Asks for the tokens of a device code; `authorization_pending` and `slow_down` are `rejected` answers like any other.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 8628 sections 3.4 and 3.5
 */
export function redeemDeviceCode(redemption: DeviceCodeRedemption): Promise<TokenOutcome> {
  return requestTokens(redemption, DEVICE_CODE_GRANT, { device_code: redemption.deviceCode });
}

async function sendRequest(options: DeviceAuthorizationOptions, endpoint: string): Promise<DeviceAuthorization> {
  const { issuer, tokenEndpoint } = options.authorizationServer;
  const server = { issuer, token_endpoint: tokenEndpoint, device_authorization_endpoint: endpoint };
  const client = { client_id: options.client.clientId };
  const authentication = clientAuthentication(options.client);
  const library = libraryOptions({ fetch: options.fetch, timeoutMs: METADATA_TIMEOUT_MS, rebuild: rebuildResponse });
  let response: Response;
  try {
    response = await oauth.deviceAuthorizationRequest(
      server,
      client,
      authentication,
      requestParameters(options),
      library,
    );
  } catch (error) {
    if (error instanceof NetworkFailure) return { kind: 'unavailable' };
    throw error;
  }
  return validateResponse(server, client, response);
}

function requestParameters(options: DeviceAuthorizationOptions): URLSearchParams {
  const extra = Object.entries(options.extraParameters ?? {}).filter(([, value]) => value !== '');
  const parameters = new URLSearchParams(extra);
  for (const name of OWN_PARAMETERS) parameters.delete(name);
  if (options.scope !== undefined && options.scope !== '') parameters.set('scope', options.scope);
  if (options.resource !== null) parameters.set('resource', options.resource);
  return parameters;
}

/** Rebuilds what came back: nulls dropped, numbers as numbers, Google's older name of the verification URI. */
function rebuildResponse(answer: GuardedResponse): Response {
  const isSuccess = answer.status === 200 || answer.status === 201;
  const body = isSuccess ? strictJsonObjectOf(answer.body) : undefined;
  if (body === undefined || body.error !== undefined) return rebuildTokenResponse(answer);
  const { verification_url, interval, expires_in, ...members } = withoutNulls(body);
  return jsonResponse(200, {
    ...members,
    verification_uri: members.verification_uri ?? verification_url,
    expires_in: lifetimeSeconds(expires_in),
    interval: lifetimeSeconds(interval) ?? DEVICE_POLL_DEFAULT_SECONDS,
  });
}

async function validateResponse(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
): Promise<DeviceAuthorization> {
  if (isTransientStatus(response.status)) {
    const seconds = retryAfterSeconds(response.headers.get('retry-after'));
    return { kind: 'unavailable', ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) };
  }
  let answered: oauth.DeviceAuthorizationResponse;
  try {
    answered = await oauth.processDeviceAuthorizationResponse(server, client, response);
  } catch (error) {
    const answer = errorAnswerOf(error);
    if (answer === undefined) throw error;
    return answer.error === undefined ? { kind: 'malformed' } : { kind: 'rejected', error: answer.error };
  }
  return codesOf(answered);
}

/** The plain verification URI is checked too: a server that names a bad one is not to be trusted with the other. */
function codesOf(answered: oauth.DeviceAuthorizationResponse): DeviceAuthorization {
  const { device_code: deviceCode, user_code: userCode } = answered;
  const isUsable = userCode.length <= USER_CODE_MAX_LENGTH && USER_CODE.test(userCode);
  if (!isUsable || deviceCode.length > DEVICE_CODE_MAX_LENGTH) return { kind: 'malformed' };
  const plain = checkEndpoint(answered.verification_uri, 'verification URI');
  const complete = answered.verification_uri_complete;
  return {
    kind: 'codes',
    deviceCode,
    userCode,
    verificationUri: (complete === undefined ? plain : checkEndpoint(complete, 'verification URI')).href,
    expiresInSeconds: Math.min(answered.expires_in, DEVICE_CODE_MAX_LIFETIME_SECONDS),
    intervalSeconds: Math.min(answered.interval ?? DEVICE_POLL_DEFAULT_SECONDS, DEVICE_POLL_MAX_SECONDS),
  };
}
