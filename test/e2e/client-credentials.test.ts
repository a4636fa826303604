/** Servers whose file asks for client credentials (RFC 6749 section 4.4): connected without a browser, by one token for all. */
import { afterEach, describe, expect, it } from 'vitest';
import { createStage } from '../support/stage.js';
import { CLIENT_ID, CLIENT_SECRET, NAME, unattended, WITH_SECRET } from '../support/unattended-story.js';

const HOUR_MS = 3_600_000;
const CONNECTED = { status: 'success', serverName: NAME, authType: 'oauth2', scope: 'mcp:tools' };

const stage = createStage();
afterEach(() => stage.close());

describe('a server with client credentials', () => {
  it('is connected by the first call, and nobody is asked to sign in', async () => {
    const { authorizationServer, server, connect, call, grants, tokenRequests } = await unattended(stage);
    expect(await connect()).toMatchObject({ ...CONNECTED, expiresAt: expect.any(String) });
    expect(await call('whoami')).toMatchObject({ result: { structuredContent: { subject: CLIENT_ID } } });
    expect(tokenRequests()).toEqual([{ grant_type: 'client_credentials', scope: 'mcp:tools', resource: server.url }]);
    const [request] = authorizationServer.requests('token');
    expect(request?.headers.authorization).toBe(
      `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}`,
    );
    expect(authorizationServer.requests('authorization')).toEqual([]);
    expect(authorizationServer.requests('registration')).toEqual([]);
    const stored = (await grants.find(NAME))?.value;
    expect(stored).toMatchObject({ unattended: 'client_credentials', resource: server.url, state: 'active' });
    expect(stored).not.toHaveProperty('refreshToken');
  });

  it('is called without connecting first, found by a search, and listed as what it is', async () => {
    const { composed, call } = await unattended(stage);
    const { broker, principal } = composed;
    expect(await broker.listServers(principal, NAME)).toMatchObject({
      servers: [{ authType: 'oauth2', requiresOAuth: true, accounts: [{ state: 'not_connected' }] }],
    });
    expect(await broker.searchTools(principal, { query: 'whoami' })).toMatchObject({
      tools: [{ serverName: NAME, name: 'whoami' }],
    });
    expect(await call('echo', { text: 'hello' })).toMatchObject({ kind: 'upstream' });
    expect(await broker.listServers(principal, NAME)).toMatchObject({
      servers: [{ accounts: [{ state: 'connected', scope: 'mcp:tools' }] }],
    });
  });

  it('shares one token between calls and processes', async () => {
    const { connect, anotherBroker, tokenRequests } = await unattended(stage);
    const brokers = [await anotherBroker(), await anotherBroker()];
    const answers = await Promise.all([connect(), connect(), ...brokers.map((broker) => connect({}, broker))]);
    expect(answers.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
    expect(tokenRequests()).toHaveLength(1);
  });

  it('asks anew when the token ends, and never with a refresh token', async () => {
    const { composed, connect, call, tokenRequests } = await unattended(stage);
    await connect();
    composed.advance(HOUR_MS);
    expect(await composed.broker.listServers(composed.principal, NAME)).toMatchObject({
      servers: [{ accounts: [{ state: 'connected' }] }],
    });
    expect(await call('whoami')).toMatchObject({ kind: 'upstream' });
    expect(tokenRequests().map(({ grant_type }) => grant_type)).toEqual(['client_credentials', 'client_credentials']);
  });

  it('asks anew, once, when the server refuses a token that has not ended', async () => {
    const { server, connect, call, tokenRequests } = await unattended(stage);
    await connect();
    server.refuseTokensSeen();
    expect(await call('write_note', { text: 'once' })).toMatchObject({ kind: 'upstream' });
    expect(tokenRequests()).toHaveLength(2);
    expect(server.callCount('write_note')).toBe(1);
  });

  it('uses the token in hand while no other can be had, and leaves it as it was', async () => {
    const { authorizationServer, composed, connect, call, grants } = await unattended(stage);
    await connect();
    const before = await grants.find(NAME);
    composed.advance(HOUR_MS - 60_000);
    authorizationServer.bend({ endpoint: 'token', respond: { status: 503 } });
    expect(await call('whoami')).toMatchObject({ kind: 'upstream' });
    authorizationServer.straighten();
    authorizationServer.bend({ endpoint: 'token', respond: { status: 401, body: { error: 'invalid_client' } } });
    expect(await call('whoami')).toMatchObject({ kind: 'upstream' });
    expect(await grants.find(NAME)).toEqual(before);
  });

  it('is cleared like any other: the token is revoked, and the next call asks for another', async () => {
    const { authorizationServer, composed, connect, grants, tokenRequests } = await unattended(stage);
    await connect();
    expect(await composed.broker.clearAuth(composed.principal, { serverName: NAME })).toMatchObject({
      status: 'success',
      cleared: { grants: 1, secrets: 0, clients: 0, pending: 0 },
      revocation: 'revoked',
    });
    expect(await grants.find(NAME)).toBeUndefined();
    expect(authorizationServer.requests('revocation')).toHaveLength(1);
    expect(await connect()).toMatchObject(CONNECTED);
    expect(tokenRequests()).toHaveLength(2);
  });

  it('sends the old token nowhere once the file names another client or scope', async () => {
    const { rewrite, connect, grants, tokenRequests } = await unattended(stage);
    await connect();
    await rewrite({ ...WITH_SECRET, scope: 'mcp:write' });
    expect(await connect()).toMatchObject({ status: 'success', scope: 'mcp:write' });
    expect(tokenRequests().map(({ scope }) => scope)).toEqual(['mcp:tools', 'mcp:write']);
    await rewrite({ ...WITH_SECRET, clientId: 'nobody' });
    expect(await connect()).toMatchObject({ status: 'error', code: 'client_rejected' });
    expect((await grants.find(NAME))?.value.client.clientId).toBe(CLIENT_ID);
  });

  it('is signed in to by a user once the file says so', async () => {
    const { rewrite, connect, call } = await unattended(stage, {
      authorizationServer: {
        clients: [
          {
            clientId: CLIENT_ID,
            clientSecret: CLIENT_SECRET,
            grantTypes: ['client_credentials', 'authorization_code', 'refresh_token'],
          },
        ],
      },
    });
    await connect();
    await rewrite({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });
    expect(await call('whoami')).toMatchObject({ kind: 'outcome', outcome: { status: 'requires_auth' } });
  });
});

describe('the authorization server of client credentials', () => {
  it('may have no authorization endpoint', async () => {
    const { authorizationServer, connect } = await unattended(stage);
    authorizationServer.bend({ endpoint: 'metadata', patch: { authorization_endpoint: undefined } });
    expect(await connect()).toMatchObject(CONNECTED);
  });

  it('is not looked for where the file names its token endpoint', async () => {
    const { authorizationServer, connect } = await unattended(stage, {
      oauth: ({ issuer }) => ({ ...WITH_SECRET, tokenEndpoint: `${issuer}/token`, scope: 'mcp:tools' }),
      server: { metadataAt: 'none' },
    });
    expect(await connect()).toMatchObject(CONNECTED);
    expect(authorizationServer.requests('metadata')).toEqual([]);
  });

  it('gets no scope where the file says so, and never offline_access', async () => {
    const { rewrite, connect, tokenRequests } = await unattended(stage, {
      authorizationServer: {
        offlineAccess: true,
        clients: [{ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, grantTypes: ['client_credentials'] }],
      },
    });
    await connect();
    await rewrite({ ...WITH_SECRET, scope: '' });
    await connect();
    expect(tokenRequests().map(({ scope }) => scope)).toEqual(['mcp:tools', undefined]);
  });
});
