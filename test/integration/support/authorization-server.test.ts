import { afterEach, describe, expect, it } from 'vitest';
import {
  type AuthorizationServerFixture,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../support/authorization-server.js';
import { authorizeDirectly, refreshDirectly, registerDirectly, signInDirectly } from '../../support/direct-client.js';

const RESOURCE = 'http://127.0.0.1:9/mcp';
const BOTH_SCOPES = { resource: RESOURCE, scope: 'mcp:tools mcp:write' };

let server: AuthorizationServerFixture;

const start = async (options?: AuthorizationServerOptions) => {
  server = await startAuthorizationServer(options);
};

const metadata = async () => (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json();

afterEach(() => server.close());

describe('authorization server fixture', () => {
  it('signs a registered native client in, for the resource and scopes that it asked for', async () => {
    await start();
    const tokens = await signInDirectly(server, BOTH_SCOPES);
    expect(tokens.answer).toMatchObject({ iss: server.issuer });
    expect(tokens.refreshToken).not.toBe('');
    expect(await server.findAccessToken(tokens.accessToken)).toMatchObject({
      subject: 'alice',
      audience: RESOURCE,
      scopes: ['mcp:tools', 'mcp:write'],
    });
  });

  it('gives its default scope where none was asked for', async () => {
    await start();
    const { accessToken } = await signInDirectly(server, { resource: RESOURCE });
    expect(await server.findAccessToken(accessToken)).toMatchObject({ scopes: ['mcp:tools'] });
  });

  it('issues JWT access tokens that it verifies itself', async () => {
    await start({ accessTokenFormat: 'jwt' });
    const { accessToken } = await signInDirectly(server, BOTH_SCOPES);
    expect(accessToken.split('.')).toHaveLength(3);
    expect(await server.findAccessToken(accessToken)).toMatchObject({ subject: 'alice', audience: RESOURCE });
    expect(await server.findAccessToken(`${accessToken.slice(0, -8)}AAAAAAAA`)).toBeUndefined();
  });

  it('rotates refresh tokens, and revokes the family when one is used twice', async () => {
    await start();
    const { clientId, refreshToken } = await signInDirectly(server, BOTH_SCOPES);
    const second = (await (await refreshDirectly(server, clientId, refreshToken)).json()) as Record<string, string>;
    expect(second.refresh_token).not.toBe(refreshToken);
    expect((await refreshDirectly(server, clientId, refreshToken)).status).toBe(400);
    expect(await (await refreshDirectly(server, clientId, second.refresh_token ?? '')).json()).toMatchObject({
      error: 'invalid_grant',
    });
    expect(await server.findAccessToken(second.access_token ?? '')).toBeUndefined();
    expect(server.refreshCount()).toBe(3);
  });

  it('knows a confidential client of its administrator, and registers nobody', async () => {
    const client = { clientId: 'mcp-server', clientSecret: 's3cret value' };
    await start({ registration: 'none', clients: [client] });
    expect(await metadata()).not.toHaveProperty('registration_endpoint');
    expect((await signInDirectly(server, { ...BOTH_SCOPES, ...client })).accessToken).not.toBe('');
    await expect(signInDirectly(server, { ...BOTH_SCOPES, ...client, clientSecret: 'wrong' })).rejects.toThrow(
      'invalid_client',
    );
  });

  it('ignores the resource where it knows no resource indicators', async () => {
    await start({ resourceIndicators: false });
    const found = await server.findAccessToken((await signInDirectly(server, BOTH_SCOPES)).accessToken);
    expect(found?.scopes).toEqual(['mcp:tools', 'mcp:write']);
    expect(found).not.toHaveProperty('audience');
  });

  it('hides iss from its metadata and its answers when told to', async () => {
    await start({ advertiseIss: false });
    expect(await metadata()).not.toHaveProperty('authorization_response_iss_parameter_supported');
    expect((await signInDirectly(server, BOTH_SCOPES)).answer).not.toHaveProperty('iss');
  });

  it('answers access_denied when the user refuses', async () => {
    await start();
    const clientId = await registerDirectly(server);
    expect(
      await authorizeDirectly(server, clientId, 'a verifier', { ...BOTH_SCOPES, browser: { deny: true } }),
    ).toMatchObject({ error: 'access_denied' });
  });

  it('forgets clients, access tokens and refresh tokens on command', async () => {
    await start();
    const { clientId, accessToken, refreshToken } = await signInDirectly(server, BOTH_SCOPES);
    server.dropAccessTokens();
    expect(await server.findAccessToken(accessToken)).toBeUndefined();
    server.dropRefreshTokens();
    expect(await (await refreshDirectly(server, clientId, refreshToken)).json()).toMatchObject({
      error: 'invalid_grant',
    });
    expect(server.dropClients()).toBe(1);
    expect(await (await refreshDirectly(server, clientId, refreshToken)).json()).toMatchObject({
      error: 'invalid_client',
    });
  });

  it('bends metadata, refuses, and loses answers after it has acted', async () => {
    await start();
    const { clientId, refreshToken } = await signInDirectly(server, BOTH_SCOPES);
    const refresh = () => refreshDirectly(server, clientId, refreshToken);
    server.bend({
      endpoint: 'metadata',
      patch: { issuer: 'https://elsewhere.example', code_challenge_methods_supported: undefined },
    });
    expect(await metadata()).toMatchObject({
      issuer: 'https://elsewhere.example',
      token_endpoint: `${server.issuer}/token`,
    });
    expect(await metadata()).not.toHaveProperty('code_challenge_methods_supported');

    const refreshing = { endpoint: 'token', parameters: { grant_type: 'refresh_token' }, times: 1 } as const;
    server.bend({ ...refreshing, respond: { status: 503, body: 'later' } });
    server.bend({ ...refreshing, beforeForward: 'reset' });
    server.bend({ ...refreshing, afterForward: 'truncate' });
    expect((await refresh()).status).toBe(503);
    await expect(refresh()).rejects.toThrow();
    await expect(refresh().then((response) => response.text())).rejects.toThrow();
    expect(await (await refresh()).json()).toMatchObject({ error: 'invalid_grant' });
  });
});
