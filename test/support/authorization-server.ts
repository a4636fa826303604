/**
 * A real authorization server (oidc-provider) on 127.0.0.1, behind a front that counts and bends its requests.
 * One for each test: nothing is shared.
 */
import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Provider } from 'oidc-provider';
import { findAccessToken, type IssuedAccessToken } from './access-token-lookup.js';
import { acceptAssertions, issueIdentityAssertions } from './assertion-grants.js';
import {
  type AuthorizationServerOptions,
  clientMetadata,
  createSigningKey,
  DEFAULT_SCOPES,
  oidcConfiguration,
  type PreRegisteredClient,
} from './authorization-server-options.js';
import { type Front, startFront } from './front.js';
import { isInteractionPath, serveInteraction } from './interaction-pages.js';
import { listenOnLoopback } from './loopback-http.js';
import { assumeDefaultScope, hideIss } from './provider-habits.js';
import { createTokenStore } from './token-store.js';

export type { AuthorizationServerOptions } from './authorization-server-options.js';

export type AuthorizationServerEndpoint =
  | 'metadata'
  | 'authorization'
  | 'pushed_authorization'
  | 'device_authorization'
  | 'interaction'
  | 'token'
  | 'registration'
  | 'revocation'
  | 'introspection'
  | 'jwks'
  | 'other';

export interface AuthorizationServerFixture extends Omit<Front<AuthorizationServerEndpoint>, 'origin'> {
  /** Also the origin: the issuer has no path. */
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** What it signs ID tokens, JWT access tokens and ID-JAGs with (ES256). */
  readonly signingKey: KeyObject;
  /** How many requests redeemed a refresh token, successfully or not. */
  refreshCount(): number;
  /** The access token if it is valid now, as a protected resource would learn by introspection. */
  findAccessToken(token: string): Promise<IssuedAccessToken | undefined>;
  /** Forgets dynamically registered clients, as servers that prune do. Returns how many there were. */
  dropClients(): number;
  /** Makes every opaque access token invalid now; refresh tokens stay valid. */
  dropAccessTokens(): number;
  /** Makes every refresh token invalid now: the next refresh is `invalid_grant`. */
  dropRefreshTokens(): number;
  /** Ends all that one user has granted, as when they take it back at their provider. Returns how many tokens ended. */
  revokeAccessOf(user: string): number;
  /** Creates a client, or replaces one that was created so, as an administrator of the authorization server does. */
  putClient(client: PreRegisteredClient): Promise<void>;
  /** Serves `path` from another server at `origin`, under this server's own origin. */
  mount(path: string, origin: string): void;
}

const ENDPOINTS: Readonly<Record<string, AuthorizationServerEndpoint>> = {
  '/token': 'token',
  '/token/revocation': 'revocation',
  '/token/introspection': 'introspection',
  '/register': 'registration',
  '/authorize': 'authorization',
  '/request': 'pushed_authorization',
  '/device/auth': 'device_authorization',
  '/jwks': 'jwks',
};

/** Starts an authorization server; everything it holds ends with `close()`. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServerFixture> {
  let target = '';
  const mounted = new Map<string, string>();
  const front = await startFront({
    target: (path) => mounted.get(path) ?? target,
    endpointOf,
    ...(options.port !== undefined && { port: options.port }),
  });
  const issuer = front.origin;
  const store = createTokenStore({ ignoreRegisteredScope: !options.enforceRegisteredScope });
  const signingKey = createSigningKey();
  const scopes = options.scopes ?? DEFAULT_SCOPES;
  const provider = new Provider(issuer, oidcConfiguration(options, store.adapter, signingKey));
  assumeDefaultScope(provider, scopes[0] ?? 'openid');
  if (options.advertiseIss === false) hideIss(provider);
  const privateKey = createPrivateKey({ key: signingKey as JsonWebKey, format: 'jwk' });
  if (options.trustedAssertions) acceptAssertions(provider, options.trustedAssertions, scopes);
  if (options.identityAssertionsFor) issueIdentityAssertions(provider, privateKey, options.identityAssertionsFor);
  const serveProvider = provider.callback();
  const server = await listenOnLoopback((request, response) => {
    if (!isInteractionPath(request.url ?? '')) return void serveProvider(request, response);
    serveInteraction(provider, request, response).catch(() => response.writeHead(400).end());
  });
  target = server.origin;

  return {
    ...front,
    issuer,
    scopes,
    signingKey: privateKey,
    refreshCount: () => front.requests('token', { grant_type: 'refresh_token' }).length,
    findAccessToken: (token) => findAccessToken(provider, signingKey, token),
    dropClients: () => store.forget('Client'),
    dropAccessTokens: () => store.forget('AccessToken') + store.forget('ClientCredentials'),
    dropRefreshTokens: () => store.forget('RefreshToken'),
    revokeAccessOf: (user) => {
      store.forget('Grant', user);
      return store.forget('AccessToken', user) + store.forget('RefreshToken', user);
    },
    putClient: (client) =>
      store.adapter('Client').upsert(client.clientId, { ...clientMetadata(client, options.deviceFlow === true) }),
    mount: (path, origin) => void mounted.set(path, origin),
    close: async () => {
      await front.close();
      await server.close();
    },
  };
}

function endpointOf(_method: string, path: string): AuthorizationServerEndpoint {
  if (path.startsWith('/.well-known/')) return 'metadata';
  if (path.startsWith('/register/')) return 'registration';
  if (isInteractionPath(path)) return 'interaction';
  return ENDPOINTS[path] ?? 'other';
}
