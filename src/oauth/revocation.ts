/** Token revocation (RFC 7009): the refresh token first, since it outlives the other. */
import * as oauth from 'oauth4webapi';
import { METADATA_TIMEOUT_MS } from '../core/limits.js';
import { type GuardedFetch, type GuardedResponse, NetworkFailure } from '../core/outbound.js';
import {
  clientAuthentication,
  libraryClient,
  type TokenEndpoints,
  withFallbackMethod,
} from './client-authentication.js';
import { checkEndpoint } from './endpoint-url.js';
import { jsonObjectOf } from './json-answer.js';
import { jsonResponse, libraryOptions } from './library-request.js';
import { errorAnswerOf } from './translate-error.js';
import type { ClientCredentials, Revocation } from './types.js';

export interface TokenRevocation {
  readonly authorizationServer: TokenEndpoints;
  readonly client: ClientCredentials;
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly fetch: GuardedFetch;
  readonly signal?: AbortSignal | undefined;
}

type TokenTypeHint = 'refresh_token' | 'access_token';
type Answer = 'revoked' | 'invalid_client' | 'unsupported_token_type' | 'failed';

/**
 * Revokes the tokens of a grant, refresh token first. What is stored is deleted whatever this returns.
 *
 * @returns `none` without a token, `unsupported` without a revocation endpoint, `revoked` where the authorization
 *   server confirmed all that it can revoke, else `failed`
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 7009 section 2
 */
export async function revokeTokens(revocation: TokenRevocation): Promise<Revocation> {
  const { accessToken, refreshToken } = revocation;
  if (accessToken === undefined && refreshToken === undefined) return 'none';
  if (revocation.authorizationServer.revocationEndpoint === undefined) return 'unsupported';
  checkEndpoint(revocation.authorizationServer.revocationEndpoint, 'revocation endpoint');
  const refresh = refreshToken === undefined ? undefined : await revokeOne(revocation, refreshToken, 'refresh_token');
  const access = accessToken === undefined ? undefined : await revokeOne(revocation, accessToken, 'access_token');
  if (refresh === undefined) return access === 'revoked' ? 'revoked' : 'failed';
  // Self-contained access tokens cannot be revoked (RFC 7009 section 2.2.1); without the refresh token they just end.
  const accessIsDone = access === undefined || access === 'revoked' || access === 'unsupported_token_type';
  return refresh === 'revoked' && accessIsDone ? 'revoked' : 'failed';
}

async function revokeOne(revocation: TokenRevocation, token: string, hint: TokenTypeHint): Promise<Answer> {
  const first = await sendRevocation(revocation, revocation.client, token, hint);
  const fallback =
    first === 'invalid_client' ? withFallbackMethod(revocation.client, revocation.authorizationServer) : undefined;
  return fallback === undefined ? first : sendRevocation(revocation, fallback, token, hint);
}

async function sendRevocation(
  revocation: TokenRevocation,
  client: ClientCredentials,
  token: string,
  hint: TokenTypeHint,
): Promise<Answer> {
  const { issuer, revocationEndpoint } = revocation.authorizationServer;
  const server = { issuer, ...(revocationEndpoint === undefined ? {} : { revocation_endpoint: revocationEndpoint }) };
  const options = libraryOptions({
    fetch: revocation.fetch,
    signal: revocation.signal,
    timeoutMs: METADATA_TIMEOUT_MS,
    rebuild: rebuildRevocationResponse,
  });
  try {
    const response = await oauth.revocationRequest(server, libraryClient(client), clientAuthentication(client), token, {
      ...options,
      additionalParameters: { token_type_hint: hint },
    });
    await oauth.processRevocationResponse(response);
    return 'revoked';
  } catch (error) {
    return answerOfError(error);
  }
}

/** Any 2xx is the confirmation; of an error only its registered name counts. */
function rebuildRevocationResponse(answer: GuardedResponse): Response {
  if (answer.status >= 200 && answer.status < 300) return jsonResponse(200, {});
  const error = jsonObjectOf(answer.body)?.error;
  return jsonResponse(answer.status, typeof error === 'string' ? { error } : undefined);
}

function answerOfError(error: unknown): Answer {
  if (error instanceof NetworkFailure) return 'failed';
  const answer = errorAnswerOf(error);
  if (answer === undefined) throw error;
  return answer.error === 'invalid_client' || answer.error === 'unsupported_token_type' ? answer.error : 'failed';
}
