/** Token requests in which no user takes part: client credentials (RFC 6749 section 4.4) and JWT assertions (RFC 7523 section 2.1). */
import { requestTokens, type TokenRequest } from './token-request.js';
import type { TokenOutcome } from './types.js';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface UnattendedTokenRequest extends Omit<TokenRequest, 'rebuild'> {
  /** Absent: none is sent, and the authorization server decides. */
  readonly scope?: string | undefined;
}

export interface AssertionTokenRequest extends UnattendedTokenRequest {
  /** A signed JWT of somebody whom the authorization server trusts; passed on as it is. */
  readonly assertion: string;
}

/**
 * Asks for a token for the client itself.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 6749 section 4.4.2, RFC 8707 section 2.2
 */
export function requestByClientCredentials(request: UnattendedTokenRequest): Promise<TokenOutcome> {
  return requestTokens(request, 'client_credentials', scopeOf(request));
}

/**
 * Exchanges a JWT for a token, once: workload identity, or an identity assertion of an enterprise.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see RFC 7523 section 2.1, RFC 7521 section 4.1
 */
export function requestByAssertion(request: AssertionTokenRequest): Promise<TokenOutcome> {
  return requestTokens(request, JWT_BEARER, { assertion: request.assertion, ...scopeOf(request) });
}

function scopeOf({ scope }: UnattendedTokenRequest): { scope?: string } {
  return scope === undefined || scope === '' ? {} : { scope };
}
