/**
 * What a test may choose of the authorization server, and the oidc-provider configuration that follows from it.
 * Everything not chosen is as a careful authorization server would have it.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type AdapterFactory, type ClientMetadata, type Configuration, errors, type JWK } from 'oidc-provider';
import { DEVICE_PAGES } from './device-pages.js';
import { interactionPath } from './interaction-pages.js';
import { AUTHORIZATION_PATH } from './provider-habits.js';

/** A client that the administrator of the authorization server created. */
export interface PreRegisteredClient {
  readonly clientId: string;
  /** Absent: a public client. */
  readonly clientSecret?: string;
  /** Default `client_secret_basic`; without a secret always `none`. */
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
  /** It authenticates with `private_key_jwt` and this key, whose algorithm is `alg`. */
  readonly privateKey?: { readonly key: KeyObject; readonly alg: string };
  /** Default those of a sign-in. */
  readonly grantTypes?: readonly string[];
  /** Default the broker's own. A loopback URI matches on every port. */
  readonly redirectUris?: readonly string[];
}

export interface AuthorizationServerOptions {
  /** `open` dynamic client registration (default), or `none`. */
  readonly registration?: 'open' | 'none';
  readonly clients?: readonly PreRegisteredClient[];
  /** Scopes that exist, in the metadata and at every resource; the first is given where none is asked for. Default `mcp:tools`, `mcp:write`. */
  readonly scopes?: readonly string[];
  /** Lists `offline_access`, and gives refresh tokens only for it. Default false: every client that may refresh gets one. */
  readonly offlineAccess?: boolean;
  /** Default true: tokens are for the `resource` asked for. False: the parameter is ignored, as many servers do. */
  readonly resourceIndicators?: boolean;
  /** Which resources it knows. Default any. */
  readonly acceptsResource?: (resource: string) => boolean;
  readonly accessTokenFormat?: 'opaque' | 'jwt';
  /** Default 3600. */
  readonly accessTokenTtlSeconds?: number;
  /** Default true: each refresh token works once, and reuse revokes the whole family. */
  readonly rotateRefreshTokens?: boolean;
  /** Methods of the token endpoint. Default `none`, `client_secret_basic` and `client_secret_post`. */
  readonly authMethods?: readonly ('none' | 'client_secret_basic' | 'client_secret_post')[];
  /** False hides `authorization_response_iss_parameter_supported`, and the answers carry no `iss`. Default true. */
  readonly advertiseIss?: boolean;
  /** True refuses a scope that was not named at registration; by default such a client may ask for any. */
  readonly enforceRegisteredScope?: boolean;
  readonly pushedAuthorizationRequests?: 'off' | 'offered' | 'required';
  /** Device codes (RFC 8628), which its own clients may ask for as well. Default false. */
  readonly deviceFlow?: boolean;
  /** Binds tokens to the key of whoever proves one; `nonce`: with its own nonce in the proof. */
  readonly dpop?: boolean | 'nonce';
  /** Who signs the JWT assertions that it takes (RFC 7523 section 2.1). Default it takes none. */
  readonly trustedAssertions?: KeyObject;
  /** It is an identity provider as well, whose ID-JAGs name this client. Default it gives none. */
  readonly identityAssertionsFor?: string;
  readonly revocation?: boolean;
  /** 0 (default) draws a free port. */
  readonly port?: number;
}

export const DEFAULT_SCOPES: readonly string[] = ['mcp:tools', 'mcp:write'];
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DEFAULT_REDIRECT_URI = 'http://127.0.0.1/oauth/callback';
const DEFAULT_ACCESS_TOKEN_TTL_SECONDS = 3_600;
const LONG_TTL_SECONDS = 14 * 24 * 3_600;

export function oidcConfiguration(
  options: AuthorizationServerOptions,
  adapter: AdapterFactory,
  signingKey: JWK,
): Configuration {
  const { scopes = DEFAULT_SCOPES, accessTokenTtlSeconds = DEFAULT_ACCESS_TOKEN_TTL_SECONDS } = options;
  return {
    adapter,
    jwks: { keys: [signingKey] },
    cookies: { keys: ['a key for the cookies of one test'] },
    // Also the endpoints that 2025-03-26 assumes where there is no metadata.
    routes: { authorization: AUTHORIZATION_PATH, registration: '/register' },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: (options.clients ?? []).map((client) => clientMetadata(client, options.deviceFlow === true)),
    scopes: ['openid', ...scopes, ...(options.offlineAccess ? ['offline_access'] : [])],
    clientAuthMethods: [
      ...(options.authMethods ?? ['none', 'client_secret_basic', 'client_secret_post']),
      ...(options.clients?.some(({ privateKey }) => privateKey) ? (['private_key_jwt'] as const) : []),
    ],
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_context, interaction) => interactionPath(interaction.uid) },
    pkce: { required: () => true },
    rotateRefreshToken: options.rotateRefreshTokens ?? true,
    issueRefreshToken: async (_context, client, source) =>
      client.grantTypeAllowed('refresh_token') && (!options.offlineAccess || source.scopes.has('offline_access')),
    ttl: {
      AccessToken: accessTokenTtlSeconds,
      ClientCredentials: accessTokenTtlSeconds,
      DeviceCode: 600,
      Grant: LONG_TTL_SECONDS,
      Interaction: 3_600,
      RefreshToken: LONG_TTL_SECONDS,
      Session: LONG_TTL_SECONDS,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      registration: { enabled: (options.registration ?? 'open') === 'open' },
      registrationManagement: {
        enabled: (options.registration ?? 'open') === 'open',
        rotateRegistrationAccessToken: false,
      },
      revocation: { enabled: options.revocation ?? true, allowedPolicy: isOwnToken },
      introspection: { enabled: true, allowedPolicy: isOwnToken },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: options.deviceFlow ?? false, ...DEVICE_PAGES },
      dPoP: {
        enabled: options.dpop !== undefined && options.dpop !== false,
        ...(options.dpop === 'nonce' && { nonceSecret: randomBytes(32), requireNonce: () => true }),
      },
      pushedAuthorizationRequests: {
        enabled: (options.pushedAuthorizationRequests ?? 'off') !== 'off',
        requirePushedAuthorizationRequests: options.pushedAuthorizationRequests === 'required',
      },
      resourceIndicators: {
        enabled: options.resourceIndicators ?? true,
        getResourceServerInfo: (_context, resource) => {
          if (options.acceptsResource && !options.acceptsResource(resource)) throw new errors.InvalidTarget();
          return {
            audience: resource,
            scope: scopes.join(' '),
            accessTokenTTL: accessTokenTtlSeconds,
            accessTokenFormat: options.accessTokenFormat ?? 'opaque',
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
  };
}

/** A client may revoke and look up its own tokens only (RFC 7009 §2.1). */
function isOwnToken(
  _context: unknown,
  client: { readonly clientId: string },
  token: { readonly clientId?: string | undefined },
): boolean {
  return token.clientId === client.clientId;
}

export function createSigningKey(): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'test' };
}

/** As oidc-provider knows it. */
export function clientMetadata(client: PreRegisteredClient, mayUseDevices: boolean): ClientMetadata {
  const {
    clientId,
    clientSecret,
    authMethod,
    privateKey,
    grantTypes = ['authorization_code', 'refresh_token'],
  } = client;
  const { redirectUris = grantTypes.includes('authorization_code') ? [DEFAULT_REDIRECT_URI] : [] } = client;
  const isNative = redirectUris.every((uri) => uri.startsWith('http://'));
  return {
    client_id: clientId,
    ...(clientSecret !== undefined && { client_secret: clientSecret }),
    token_endpoint_auth_method: clientSecret === undefined ? 'none' : (authMethod ?? 'client_secret_basic'),
    ...(privateKey && withKey(privateKey)),
    application_type: isNative ? 'native' : 'web',
    redirect_uris: [...redirectUris],
    grant_types: [...grantTypes, ...(mayUseDevices ? [DEVICE_GRANT] : [])],
    response_types: redirectUris.length > 0 ? ['code'] : [],
  };
}

function withKey({ key, alg }: NonNullable<PreRegisteredClient['privateKey']>): Partial<ClientMetadata> {
  const publicKey = createPublicKey(key).export({ format: 'jwk' });
  return {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: alg as 'ES256',
    jwks: { keys: [{ ...publicKey, kid: 'client-key' } as JWK] },
  };
}
