/** Pushed authorization requests (RFC 9126): the parameters go to the authorization server, and the URL only names them. */
import * as oauth from 'oauth4webapi';
import {
  METADATA_TIMEOUT_MS,
  PUSHED_REQUEST_DEFAULT_LIFETIME_SECONDS,
  PUSHED_REQUEST_MAX_LIFETIME_SECONDS,
  PUSHED_REQUEST_URI_MAX_LENGTH,
} from '../core/limits.js';
import { type GuardedFetch, type GuardedResponse, NetworkFailure } from '../core/outbound.js';
import { retryAfterSeconds } from '../core/retry-after.js';
import type { AuthorizationParameters } from './authorization-request.js';
import { clientAuthentication, type TokenEndpoints, withFallbackMethod } from './client-authentication.js';
import { checkEndpoint } from './endpoint-url.js';
import { jsonObjectOf, strictJsonObjectOf } from './json-answer.js';
import { jsonResponse, libraryOptions } from './library-request.js';
import { provenFetch } from './proven-fetch.js';
import { registeredErrorOf } from './registered-errors.js';
import { lifetimeSeconds } from './token-members.js';
import { errorAnswerOf, isTransientStatus } from './translate-error.js';
import type { ClientCredentials, DpopBinding, PushOutcome } from './types.js';

const CREATED = 201;
const UNAUTHORIZED = 401;
/** It is put into a URL and shown. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/u;

export interface AuthorizationPush {
  readonly authorizationServer: TokenEndpoints;
  readonly endpoint: string;
  readonly client: ClientCredentials;
  readonly parameters: AuthorizationParameters;
  readonly fetch: GuardedFetch;
  /** The code shall be bound to this key (RFC 9449 section 10.1). */
  readonly dpop?: DpopBinding | undefined;
}

/**
 * Pushes an authorization request, with the client authentication of the token endpoint. Nothing is redeemed by it,
 * so it may be pushed as often as a URL is needed.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 9126 section 2
 */
export async function pushAuthorizationRequest(push: AuthorizationPush): Promise<PushOutcome> {
  checkEndpoint(push.endpoint, 'pushed authorization request endpoint');
  const first = await sendPush(push, push.client);
  if (first.kind !== 'rejected' || first.error !== 'invalid_client') return first;
  const client = withFallbackMethod(push.client, push.authorizationServer);
  if (client === undefined) return first;
  const second = await sendPush(push, client);
  return second.kind === 'pushed' ? { ...second, tokenEndpointAuthMethod: client.tokenEndpointAuthMethod } : second;
}

async function sendPush(push: AuthorizationPush, client: ClientCredentials): Promise<PushOutcome> {
  const { issuer, tokenEndpoint } = push.authorizationServer;
  const server = { issuer, token_endpoint: tokenEndpoint, pushed_authorization_request_endpoint: push.endpoint };
  const metadata = { client_id: client.clientId };
  const options = libraryOptions({
    fetch: provenFetch(push.fetch, push.dpop),
    timeoutMs: METADATA_TIMEOUT_MS,
    rebuild: rebuildPushResponse,
  });
  let response: Response;
  try {
    response = await oauth.pushedAuthorizationRequest(
      server,
      metadata,
      clientAuthentication(client),
      { ...push.parameters },
      options,
    );
  } catch (error) {
    if (error instanceof NetworkFailure) return { kind: 'unavailable' };
    throw error;
  }
  return validatePushResponse(server, metadata, response);
}

/** 201 for 200, an unusable lifetime replaced; of an error its name. */
export function rebuildPushResponse(answer: GuardedResponse): Response {
  const retryAfter = answer.headers.get('retry-after');
  const headers: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
  if (isTransientStatus(answer.status)) return jsonResponse(answer.status, undefined, headers);
  if (answer.status !== 200 && answer.status !== CREATED) {
    const said = jsonObjectOf(answer.body)?.error;
    // Nothing but the client has anything to prove here.
    const error = said ?? (answer.status === UNAUTHORIZED ? 'invalid_client' : undefined);
    return jsonResponse(answer.status, typeof error === 'string' ? { error } : undefined, headers);
  }
  const body = strictJsonObjectOf(answer.body);
  const expiresIn = lifetimeSeconds(body?.expires_in) ?? PUSHED_REQUEST_DEFAULT_LIFETIME_SECONDS;
  return jsonResponse(
    CREATED,
    body && {
      request_uri: body.request_uri,
      expires_in: Math.min(expiresIn, PUSHED_REQUEST_MAX_LIFETIME_SECONDS),
    },
  );
}

/**
 * Validates a rebuilt answer.
 *
 * @see RFC 9126 sections 2.2 and 2.3
 */
export async function validatePushResponse(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
): Promise<PushOutcome> {
  const seconds = retryAfterSeconds(response.headers.get('retry-after'));
  const wait = seconds === undefined ? {} : { retryAfterSeconds: seconds };
  if (isTransientStatus(response.status)) return { kind: 'unavailable', ...wait };
  let answered: oauth.PushedAuthorizationResponse;
  try {
    answered = await oauth.processPushedAuthorizationResponse(server, client, response);
  } catch (error) {
    const answer = errorAnswerOf(error);
    if (answer === undefined) throw error;
    return answer.error === undefined
      ? { kind: 'malformed' }
      : { kind: 'rejected', error: registeredErrorOf(answer.error), ...wait };
  }
  const { request_uri: requestUri, expires_in: expiresInSeconds } = answered;
  const isUsable = requestUri.length <= PUSHED_REQUEST_URI_MAX_LENGTH && VISIBLE_ASCII.test(requestUri);
  return isUsable ? { kind: 'pushed', requestUri, expiresInSeconds } : { kind: 'malformed' };
}
