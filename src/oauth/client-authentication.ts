/** How a client proves itself at the token and revocation endpoints (RFC 6749 section 2.3). */
import * as oauth from 'oauth4webapi';
import { BrokerError } from '../core/errors.js';
import { CLIENT_ASSERTION_TYPE, createClientAssertion } from './client-assertion.js';
import type { AuthorizationServer, ClientCredentials, TokenEndpointAuthMethod, TokenEndpointQuirks } from './types.js';

/** What of an authorization server the token and revocation requests need; what is stored with a grant fits. */
export type TokenEndpoints = Pick<
  AuthorizationServer,
  'issuer' | 'tokenEndpoint' | 'revocationEndpoint' | 'tokenEndpointAuthMethodsSupported'
> & {
  /** Of a known provider; resolved when it is asked, never stored. */
  readonly quirks?: TokenEndpointQuirks | undefined;
};

/** Never sent. */
const UNNAMED = 'unnamed';

/**
 * The library's client authentication for `client`. Basic credentials are form-encoded (RFC 6749 section 2.3.1);
 * a method that needs a secret, of a client that has none, is `none`. Each assertion is made anew, for one request.
 *
 * @throws {BrokerError} `invalid_input` for `private_key_jwt` without a key
 */
export function clientAuthentication(client: ClientCredentials): oauth.ClientAuth {
  if (client.tokenEndpointAuthMethod === 'private_key_jwt') return assertionAuthentication(client);
  if (client.clientId === '') return () => undefined;
  if (client.clientSecret === undefined || client.tokenEndpointAuthMethod === 'none') return oauth.None();
  if (client.tokenEndpointAuthMethod === 'client_secret_post') return oauth.ClientSecretPost(client.clientSecret);
  return basicAuthentication(client.clientId, client.clientSecret);
}

/** The client for the library, which wants an identifier where none is sent, too. */
export function libraryClient({ clientId }: ClientCredentials): oauth.Client {
  return { client_id: clientId === '' ? UNNAMED : clientId };
}

/** RFC 7523 section 2.2. The audience is the issuer, which no other endpoint can claim (draft-ietf-oauth-rfc7523bis). */
function assertionAuthentication(client: ClientCredentials): oauth.ClientAuth {
  const { clientId, key, assertionAudience } = client;
  if (key === undefined) {
    throw new BrokerError(
      'invalid_input',
      'The client authenticates with private_key_jwt, and no key is configured for it.',
    );
  }
  return (server, _client, body) => {
    const audience = assertionAudience ?? server.issuer;
    body.set('client_id', clientId);
    body.set('client_assertion_type', CLIENT_ASSERTION_TYPE);
    body.set('client_assertion', createClientAssertion({ clientId, key, audience, now: Date.now() }));
  };
}

/** The library's own also escapes `-`, `.`, `_` and `*`, which form encoding leaves alone and some servers do not undo. */
function basicAuthentication(clientId: string, clientSecret: string): oauth.ClientAuth {
  const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  return (_as, _client, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };
}

/** `application/x-www-form-urlencoded` (RFC 6749 appendix B). */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/**
 * Whether the client itself may be what was refused. One that was registered for no authentication and yet given a
 * secret (Figma, Supabase) is told in several ways that the secret is missing.
 */
export function mayRefuseClient(error: string, client: ClientCredentials): boolean {
  if (error === 'invalid_client') return true;
  const heldSecretBack = client.tokenEndpointAuthMethod === 'none' && client.clientSecret !== undefined;
  return heldSecretBack && (error === 'invalid_request' || error === 'unauthorized_client');
}

/**
 * The client with the method to try once after it was refused, or undefined: the secret in the body, where that
 * is listed or no method with a secret is. Client authentication comes before a code or refresh token is looked at (RFC 6749
 * section 3.2.1), so it is not spent by the first request.
 */
export function withFallbackMethod(
  client: ClientCredentials,
  endpoints: TokenEndpoints,
): ClientCredentials | undefined {
  const tried = client.tokenEndpointAuthMethod;
  if (client.clientSecret === undefined || tried === 'client_secret_post' || tried === 'private_key_jwt')
    return undefined;
  const listed = endpoints.tokenEndpointAuthMethodsSupported ?? [];
  const isOffered = listed.includes('client_secret_post') || !listed.includes('client_secret_basic');
  return isOffered ? { ...client, tokenEndpointAuthMethod: 'client_secret_post' } : undefined;
}

/**
 * The client with the audience to try once after `invalid_client`, or undefined: older servers want the URL that they
 * are asked at.
 *
 * @param endpoint - where the request goes, never another: whoever is there could use the assertion at the other
 */
export function withEndpointAudience(client: ClientCredentials, endpoint: string): ClientCredentials | undefined {
  const isUntried = client.tokenEndpointAuthMethod === 'private_key_jwt' && client.assertionAudience === undefined;
  return isUntried ? { ...client, assertionAudience: endpoint } : undefined;
}

/** The method to ask for at registration: `none` where it can be, since a secret on a desktop is none. */
export function registrationAuthMethod(supported: readonly string[] | undefined): TokenEndpointAuthMethod {
  if (supported === undefined || supported.includes('none')) return 'none';
  if (supported.includes('client_secret_basic')) return 'client_secret_basic';
  return supported.includes('client_secret_post') ? 'client_secret_post' : 'none';
}
