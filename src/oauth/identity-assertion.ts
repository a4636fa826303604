/**
 * The exchange of an ID token for an identity assertion grant, ID-JAG (RFC 8693; MCP enterprise-managed authorization;
 * draft-ietf-oauth-identity-assertion-authz-grant): what the identity provider lets the user's client ask for elsewhere.
 */
import type { GuardedResponse } from '../core/outbound.js';
import { strictJsonObjectOf } from './json-answer.js';
import { jsonResponse } from './library-request.js';
import { requestTokens, type TokenRequest } from './token-request.js';
import { rebuildTokenResponse } from './token-response.js';
import type { TokenOutcome } from './types.js';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

/** A request to the identity provider: its token endpoint, and the client as the provider knows it. */
export interface IdentityAssertionRequest extends Omit<TokenRequest, 'rebuild'> {
  readonly idToken: string;
  /** The issuer of the authorization server that the assertion is for. */
  readonly audience: string;
  readonly scope?: string | undefined;
}

/**
 * Asks the identity provider for an ID-JAG.
 *
 * @returns `tokens` whose `accessToken` is the assertion: for the token endpoint of `audience`, and nothing else
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` before anything is sent
 * @see MCP enterprise-managed authorization, section 4; RFC 8693 section 2
 */
export function requestIdentityAssertion(request: IdentityAssertionRequest): Promise<TokenOutcome> {
  const { idToken, audience, scope } = request;
  return requestTokens({ ...request, rebuild: rebuildIdentityAssertion }, TOKEN_EXCHANGE, {
    requested_token_type: ID_JAG,
    subject_token: idToken,
    subject_token_type: ID_TOKEN,
    audience,
    ...(scope !== undefined && scope !== '' && { scope }),
  });
}

/** A success that holds another kind of token is none: an access token of the provider would be sent on to somebody else. */
function rebuildIdentityAssertion(answer: GuardedResponse): Response {
  const body = strictJsonObjectOf(answer.body);
  const isSuccess = (answer.status === 200 || answer.status === 201) && body?.error === undefined;
  if (!isSuccess) return rebuildTokenResponse(answer);
  if (body?.issued_token_type !== ID_JAG) return jsonResponse(200, undefined);
  // `token_type` is `N_A`: it is no access token (RFC 8693 section 2.2.1).
  return jsonResponse(200, { access_token: body.access_token, token_type: 'bearer' });
}
