/** Token requests (RFC 6749 sections 4.1.3 and 6): sent once, never redirected, and every end told apart. */
import * as oauth from 'oauth4webapi';
import { TOKEN_REQUEST_TIMEOUT_MS } from '../core/limits.js';
import type { GuardedFetch, GuardedResponse } from '../core/outbound.js';
import {
  clientAuthentication,
  libraryClient,
  mayRefuseClient,
  type TokenEndpoints,
  withEndpointAudience,
  withFallbackMethod,
} from './client-authentication.js';
import { checkEndpoint } from './endpoint-url.js';
import { libraryOptions } from './library-request.js';
import { provenFetch } from './proven-fetch.js';
import { rebuildTokenResponse, validateTokenResponse } from './token-response.js';
import { tokenOutcomeOfError } from './translate-error.js';
import type { ClientCredentials, DpopBinding, TokenEndpointQuirks, TokenOutcome, TokenSet } from './types.js';

/** What every token request needs, whatever is redeemed. */
export interface TokenRequest {
  readonly authorizationServer: TokenEndpoints;
  readonly client: ClientCredentials;
  /** The RFC 8707 resource, or null where the profile omits it. */
  readonly resource: string | null;
  readonly fetch: GuardedFetch;
  readonly signal?: AbortSignal | undefined;
  /** The tokens are bound to this key (RFC 9449). Absent: they are Bearer tokens. */
  readonly dpop?: DpopBinding | undefined;
  /** Reads an answer that holds something else than an access token. Default `rebuildTokenResponse`. */
  readonly rebuild?: (answer: GuardedResponse, quirks?: TokenEndpointQuirks) => Response;
}

export interface CodeExchange extends TokenRequest {
  /** Of an answer that `validateAuthorizationResponse` has accepted. */
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

export interface TokenRefresh extends TokenRequest {
  readonly refreshToken: string;
  /** Sent as it is; absent: the same as before. */
  readonly scope?: string | undefined;
}

/**
 * Redeems an authorization code, once.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2
 */
export function exchangeCode(exchange: CodeExchange): Promise<TokenOutcome> {
  const { code, codeVerifier, redirectUri } = exchange;
  return requestTokens(exchange, 'authorization_code', {
    code,
    redirect_uri: redirectUri,
    code_verifier: codeVerifier,
  });
}

/**
 * Redeems a refresh token, once. An answer without `refreshToken` leaves the old one valid.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 6749 section 6
 */
export function refreshTokens(refresh: TokenRefresh): Promise<TokenOutcome> {
  const scope = refresh.scope === undefined ? {} : { scope: refresh.scope };
  return requestTokens(refresh, 'refresh_token', { refresh_token: refresh.refreshToken, ...scope });
}

/**
 * Sends one token request; where the client is refused, once more with the other way to authenticate that it has.
 *
 * @param parameters - of the grant, beside client authentication and `resource`
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 */
export async function requestTokens(
  request: TokenRequest,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
): Promise<TokenOutcome> {
  const first = await sendTokenRequest(request, grantType, parameters);
  if (first.kind !== 'rejected' || !mayRefuseClient(first.error, request.client)) return first;
  const client =
    withFallbackMethod(request.client, request.authorizationServer) ??
    withEndpointAudience(request.client, request.authorizationServer.tokenEndpoint);
  if (client === undefined) return first;
  const second = await sendTokenRequest({ ...request, client }, grantType, parameters);
  return second.kind === 'tokens' ? { ...second, tokenEndpointAuthMethod: client.tokenEndpointAuthMethod } : second;
}

async function sendTokenRequest(
  request: TokenRequest,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
): Promise<TokenOutcome> {
  checkEndpoint(request.authorizationServer.tokenEndpoint, 'token endpoint');
  const server = {
    issuer: request.authorizationServer.issuer,
    token_endpoint: request.authorizationServer.tokenEndpoint,
  };
  const client = libraryClient(request.client);
  const authentication = clientAuthentication(request.client);
  const body = { ...parameters, ...(request.resource === null ? {} : { resource: request.resource }) };
  const { quirks } = request.authorizationServer;
  const { rebuild = rebuildTokenResponse } = request;
  const options = libraryOptions({
    fetch: provenFetch(request.fetch, request.dpop),
    signal: request.signal,
    timeoutMs: TOKEN_REQUEST_TIMEOUT_MS,
    format: quirks?.tokenRequestFormat,
    rebuild: (answer) => rebuild(answer, quirks),
  });
  let response: Response;
  try {
    response = await oauth.genericTokenEndpointRequest(server, client, authentication, grantType, body, options);
  } catch (error) {
    return tokenOutcomeOfError(error);
  }
  return validateTokenResponse(server, client, response, tokenTypes(request.dpop));
}

/** A token that was to be bound to a key and is not could be sent by whoever has it: it is not taken for one. */
function tokenTypes(dpop: DpopBinding | undefined): readonly TokenSet['tokenType'][] {
  if (dpop === undefined) return ['Bearer'];
  return dpop.acceptsBearer === true ? ['DPoP', 'Bearer'] : ['DPoP'];
}
