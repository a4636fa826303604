/** The whole of it against a real authorization server: discover, register, authorize, exchange, refresh, revoke. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  assertPkce,
  type ClientCredentials,
  createAuthorizationRequest,
  discover,
  exchangeCode,
  preflightAuthorization,
  refreshTokens,
  registerClient,
  revokeTokens,
  selectScope,
  type TokenSet,
  validateAuthorizationResponse,
} from '../../../src/oauth/index.js';
import {
  type AuthorizationServerFixture,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../support/authorization-server.js';
import { isCallback, visit } from '../../support/browser.js';
import { listenOnLoopback } from '../../support/loopback-http.js';
import { loopbackNetwork } from '../../support/loopback-network.js';

const REDIRECT_URI = 'http://127.0.0.1:27182/oauth/callback';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startBoth(options: AuthorizationServerOptions = {}) {
  const server = await startAuthorizationServer(options);
  closing.push(() => server.close());
  const resource = await listenOnLoopback((request, response) => {
    const isMetadata = request.url === '/.well-known/oauth-protected-resource/mcp';
    const metadata = {
      resource: `${resource.origin}/mcp`,
      authorization_servers: [server.issuer],
      scopes_supported: server.scopes,
    };
    response
      .writeHead(isMetadata ? 200 : 404, { 'content-type': 'application/json' })
      .end(isMetadata ? JSON.stringify(metadata) : '{}');
  });
  closing.push(() => resource.close());
  const serverUrl = new URL(`${resource.origin}/mcp`);
  const network = loopbackNetwork(serverUrl.href);
  closing.push(() => network.close());
  const found = await discover({ serverUrl, fetch: network.fetch });
  if (found.kind !== 'authorization_server') throw new Error('no authorization server was found');
  return { server, discovery: found, fetch: network.fetch };
}

type Started = Awaited<ReturnType<typeof startBoth>>;

async function register({ discovery, fetch }: Started): Promise<ClientCredentials> {
  const scope = selectScope(discovery);
  const registration = await registerClient({
    authorizationServer: discovery.authorizationServer,
    redirectUri: REDIRECT_URI,
    scope,
    clientName: 'test',
    fetch,
  });
  if (registration.kind !== 'registered') throw new Error(JSON.stringify(registration));
  return registration.client;
}

async function authorize({ discovery }: Started, client: ClientCredentials) {
  const { authorizationServer, resource } = discovery;
  assertPkce(authorizationServer, false);
  const request = await createAuthorizationRequest({
    authorizationServer,
    clientId: client.clientId,
    redirectUri: REDIRECT_URI,
    scope: selectScope(discovery),
    resource,
  });
  const page = await visit(request.authorizationUrl, { stopBefore: isCallback });
  if (!isCallback(new URL(page.finalUrl))) throw new Error(`ended at ${page.finalUrl}: ${page.body}`);
  const answer = validateAuthorizationResponse(new URL(page.finalUrl).searchParams, {
    ...authorizationServer,
    state: request.state,
  });
  if (answer.kind !== 'code') throw new Error(JSON.stringify(answer));
  return { ...request, code: answer.code };
}

async function signIn(started: Started, client: ClientCredentials): Promise<TokenSet> {
  const { discovery, fetch } = started;
  const { code, codeVerifier } = await authorize(started, client);
  const { authorizationServer, resource } = discovery;
  const outcome = await exchangeCode({
    authorizationServer,
    client,
    code,
    codeVerifier,
    redirectUri: REDIRECT_URI,
    resource,
    fetch,
  });
  if (outcome.kind !== 'tokens') throw new Error(JSON.stringify(outcome));
  return outcome.tokens;
}

async function refreshWith({ discovery, fetch }: Started, client: ClientCredentials, refreshToken = '') {
  const { authorizationServer, resource } = discovery;
  return refreshTokens({ authorizationServer, client, refreshToken, resource, fetch });
}

const lastTokenRequest = (server: AuthorizationServerFixture) => server.requests('token').at(-1);

describe('with a real authorization server', () => {
  it('a token is for the resource that was asked for, is refreshed with rotation, and ends when revoked', async () => {
    const started = await startBoth();
    const { server, discovery, fetch } = started;
    const client = await register(started);
    expect(client.tokenEndpointAuthMethod).toBe('none');

    const tokens = await signIn(started, client);
    expect(tokens).toMatchObject({ tokenType: 'Bearer', scope: 'mcp:tools mcp:write', expiresInSeconds: 3_600 });
    expect(await server.findAccessToken(tokens.accessToken)).toMatchObject({ audience: discovery.resource });

    const refreshed = await refreshWith(started, client, tokens.refreshToken);
    if (refreshed.kind !== 'tokens') throw new Error(JSON.stringify(refreshed));
    expect(refreshed.tokens.accessToken).not.toBe(tokens.accessToken);
    expect(refreshed.tokens.refreshToken).not.toBe(tokens.refreshToken);
    expect(await server.findAccessToken(refreshed.tokens.accessToken)).toMatchObject({ audience: discovery.resource });

    const { accessToken, refreshToken } = refreshed.tokens;
    expect(
      await revokeTokens({
        authorizationServer: discovery.authorizationServer,
        client,
        accessToken,
        refreshToken,
        fetch,
      }),
    ).toBe('revoked');
    expect(await server.findAccessToken(accessToken)).toBeUndefined();
    expect(await refreshWith(started, client, refreshToken)).toEqual({ kind: 'rejected', error: 'invalid_grant' });
  });

  it('a code works once', async () => {
    const started = await startBoth();
    const client = await register(started);
    const { code, codeVerifier } = await authorize(started, client);
    const { authorizationServer, resource } = started.discovery;
    const exchange = () =>
      exchangeCode({
        authorizationServer,
        client,
        code,
        codeVerifier,
        redirectUri: REDIRECT_URI,
        resource,
        fetch: started.fetch,
      });
    expect((await exchange()).kind).toBe('tokens');
    expect(await exchange()).toEqual({ kind: 'rejected', error: 'invalid_grant' });
  });

  it('T21 a code is worth nothing with the state for a verifier', async () => {
    const started = await startBoth();
    const client = await register(started);
    const { code, state } = await authorize(started, client);
    const { authorizationServer, resource } = started.discovery;
    const outcome = await exchangeCode({
      authorizationServer,
      client,
      code,
      codeVerifier: state,
      redirectUri: REDIRECT_URI,
      resource,
      fetch: started.fetch,
    });
    expect(outcome).toEqual({ kind: 'rejected', error: 'invalid_grant' });
  });

  it.each(['client_secret_basic', 'client_secret_post'] as const)(
    'registers for %s where no other method is offered',
    async (method) => {
      const started = await startBoth({ authMethods: [method] });
      const client = await register(started);
      expect(client).toMatchObject({ tokenEndpointAuthMethod: method, clientSecret: expect.any(String) });
      expect((await signIn(started, client)).accessToken).toEqual(expect.any(String));
      expect(lastTokenRequest(started.server)?.headers.authorization?.startsWith('Basic ') ?? false).toBe(
        method === 'client_secret_basic',
      );
    },
  );

  it('a secret with reserved characters passes by Basic', async () => {
    const client = {
      clientId: 'app:1',
      clientSecret: 'p%20+a:s&s=/~',
      tokenEndpointAuthMethod: 'client_secret_basic' as const,
    };
    const started = await startBoth({ clients: [{ clientId: client.clientId, clientSecret: client.clientSecret }] });
    expect((await signIn(started, client)).accessToken).toEqual(expect.any(String));
  });

  it('a wrong secret is invalid_client', async () => {
    const started = await startBoth({ clients: [{ clientId: 'app', clientSecret: 'right' }] });
    const client = { clientId: 'app', clientSecret: 'wrong', tokenEndpointAuthMethod: 'client_secret_basic' as const };
    await expect(signIn(started, client)).rejects.toThrow(
      JSON.stringify({ kind: 'rejected', error: 'invalid_client' }),
    );
  });

  it('offline_access is asked for, with consent, where refresh tokens need it', async () => {
    const started = await startBoth({ offlineAccess: true });
    const client = await register(started);
    expect((await signIn(started, client)).refreshToken).toEqual(expect.any(String));
    expect(started.server.requests('authorization')[0]?.parameters).toMatchObject({
      prompt: 'consent',
      scope: 'mcp:tools mcp:write offline_access',
    });
  });

  it('T52 a server that does not rotate sends no new refresh token or the same one', async () => {
    const started = await startBoth({ rotateRefreshTokens: false });
    const client = await register(started);
    const tokens = await signIn(started, client);
    const refreshed = await refreshWith(started, client, tokens.refreshToken);
    expect(
      refreshed.kind === 'tokens' && [undefined, tokens.refreshToken].includes(refreshed.tokens.refreshToken),
    ).toBe(true);
  });

  it('a forgotten client is found out before the user sees it, and a known one goes on to the login', async () => {
    const started = await startBoth();
    const { server, discovery, fetch } = started;
    const client = await register(started);
    const { authorizationServer, resource } = discovery;
    const { authorizationUrl } = await createAuthorizationRequest({
      authorizationServer,
      clientId: client.clientId,
      redirectUri: REDIRECT_URI,
      resource,
    });
    expect(await preflightAuthorization({ authorizationUrl, fetch })).toBe('ok');
    server.dropClients();
    expect(await preflightAuthorization({ authorizationUrl, fetch })).toBe('client_unknown');
    expect(await refreshWith(started, client, 'any')).toEqual({ kind: 'rejected', error: 'invalid_client' });
  });

  it('T34 an answer without iss is refused where the server advertises it, and accepted where it does not', async () => {
    const started = await startBoth({ advertiseIss: false });
    const client = await register(started);
    expect(started.discovery.authorizationServer.issParameterSupported).toBe(false);
    expect((await signIn(started, client)).accessToken).toEqual(expect.any(String));
    const { state } = await authorize(started, client);
    const expected = { state, issuer: started.server.issuer, issParameterSupported: true };
    expect(validateAuthorizationResponse(new URLSearchParams({ code: 'c', state }), expected)).toEqual({
      kind: 'issuer_mismatch',
    });
  });
});
