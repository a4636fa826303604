/**
 * What a call may say about the client, where the user's file has its say first (contract, sections 1 and 3; T23, T24).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { freePort } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

describe("the user's file", () => {
  it('wins: an argument that contradicts it is invalid_input, an equal one is not', async () => {
    const { server } = await incidentManager(stage, {
      clients: [
        { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, redirectUris: ['http://127.0.0.1/fixed/callback'] },
      ],
    });
    const redirectUri = `http://127.0.0.1:${await freePort()}/fixed/callback`;
    const fixed = { clientId: CLIENT_ID, scope: 'mcp:tools', redirectUri };
    const oauth = { ...fixed, clientSecret: { source: 'env', name: 'INCIDENT_SECRET' } };
    const home = await stage.home({ mcpServers: { incidents: { url: server.url, auth: 'oauth2', oauth } } });
    const agent = await stage.agent({ home, env: { INCIDENT_SECRET: CLIENT_SECRET } });

    const contradictions = [
      { clientId: 'mine' },
      { scope: 'mcp:admin' },
      { scope: '' },
      { redirectUri: 'http://127.0.0.1:28118/oauth/callback' },
      { clientSecret: 'mine-instead' },
      { authType: 'bearer' },
      { authType: 'none' },
    ];
    for (const args of contradictions) {
      const payload = await agent.connect('incidents', args);
      expect(payload, JSON.stringify(args)).toMatchObject({ status: 'error', code: 'invalid_input', retryable: false });
      expect(payload.error).toContain('servers.json');
    }
    const asked = await agent.connect('incidents', fixed);
    expect(Object.fromEntries(new URL(String(asked.authUrl)).searchParams)).toMatchObject({
      client_id: fixed.clientId,
      scope: fixed.scope,
      redirect_uri: fixed.redirectUri,
    });
    expect(await agent.connect('incidents', { authType: 'oauth2' })).toEqual(asked);
    expect((await visit(String(asked.authUrl))).status).toBe(200);
    expect(await agent.connect('incidents')).toMatchObject({ status: 'success', scope: 'mcp:tools' });
    for (const secret of ['battery', 'mine-instead']) expect(agent.everythingSaid()).not.toContain(secret);
  });

  it('is where a client that it fixes has to be corrected: no form, and nextStep names the key', async () => {
    const { server } = await incidentManager(stage);
    const oauth = { clientId: CLIENT_ID, clientSecret: 'not-the-secret' };
    const home = await stage.home({ mcpServers: { incidents: { url: server.url, oauth } } });
    const agent = await stage.agent({ home });
    await visit(String((await agent.connect('incidents')).authUrl));

    const refused = await agent.connect('incidents');

    expect(refused).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'client_rejected',
      oauthDiscovery: { suggestedClientId: CLIENT_ID, needsClientSecret: true },
      nextStep: expect.stringContaining('mcpServers.incidents.oauth'),
    });
    expect(refused).not.toHaveProperty('configUrl');
    expect(agent.everythingSaid()).not.toContain('not-the-secret');
  });

  it('names an environment variable that a secret comes from and that is not set', async () => {
    const { server } = await incidentManager(stage);
    const oauth = { clientId: CLIENT_ID, clientSecret: { source: 'env', name: 'INCIDENT_SECRET' } };
    const home = await stage.home({ mcpServers: { incidents: { url: server.url, oauth } } });
    const agent = await stage.agent({ home });

    const payload = await agent.connect('incidents');

    expect(payload).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(payload.error).toContain('INCIDENT_SECRET');
  });

  it('states the kind of credential: an anonymous success does not count', async () => {
    const open = await stage.server();
    const authorizationServer = await stage.authorizationServer();
    const lazy = await stage.server({ authorizationServer, requireAuthFor: ['tools/call'] });
    const home = await stage.home({
      mcpServers: {
        token: { url: open.url, auth: 'bearer' },
        key: { url: open.url, auth: 'api_key', header: 'X-Key' },
        signed: { url: lazy.url, auth: 'oauth2' },
        free: { url: open.url, auth: 'none' },
      },
    });
    const agent = await stage.agent({ home });

    const form = { status: 'requires_auth', completion: 'form', authUrl: expect.stringContaining('/connect/') };
    expect(await agent.connect('token')).toMatchObject({ ...form, authType: 'bearer' });
    expect(await agent.connect('key')).toMatchObject({ ...form, authType: 'api_key' });
    expect(await agent.connect('signed')).toMatchObject({ status: 'requires_auth', authType: 'oauth2' });
    expect(await agent.connect('free')).toMatchObject({ status: 'success', authType: 'none' });
  });
});

describe("the tools that the user's file lets be seen", () => {
  it('are the only ones that success names and counts', async () => {
    const server = await stage.server({ extraTools: 120 });
    const tools = { allow: ['extra_1*', 'whoami'], deny: ['extra_1?'] };
    const agent = await stage.agent({ home: await stage.home({ mcpServers: { some: { url: server.url, tools } } }) });

    const payload = await agent.connect('some');

    const names = (payload.tools as readonly { readonly name: string }[]).map(({ name }) => name).sort();
    const hundreds = Array.from({ length: 20 }, (_, index) => `extra_${100 + index}`);
    expect(names).toEqual(['extra_1', ...hundreds, 'whoami']);
    expect(payload).toMatchObject({ status: 'success', toolCount: names.length });
    expect(await agent.callTool('some', 'extra_11')).toMatchObject({
      isOurs: true,
      payload: { code: 'tool_not_found' },
    });
  });
});

describe('T23 a redirect URI', () => {
  it.each([
    'https://evil.example/callback',
    'http://evil.example/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.1@evil.example/callback',
    'http://localhost.evil.example/callback',
    'http://10.0.0.1/callback',
    'http://127.0.0.1:28119/callback#fragment',
    'javascript:alert(1)',
    'myapp://callback',
    'callback',
  ])('is redirect_not_allowed, kept for nothing: %s', async (redirectUri) => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const agent = await stage.agent();

    const refused = await agent.connect('mailbox', { url: server.url, redirectUri });

    expect(refused).toMatchObject({ status: 'error', code: 'redirect_not_allowed', retryable: false });
    expect(authorizationServer.requests()).toHaveLength(0);
    const asked = await agent.connect('mailbox', { url: server.url });
    expect(asked.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/);
  });

  it.each(['http://127.0.0.1:PORT/x/y', 'http://localhost:PORT/cb'])(
    'is allowed on loopback, with any port and path, and served there: %s',
    async (pattern) => {
      const redirectUri = pattern.replace('PORT', String(await freePort()));
      const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
      const agent = await stage.agent();

      const asked = await agent.connect('mailbox', { url: server.url, redirectUri });

      expect(asked).toMatchObject({ status: 'requires_auth', redirectUri });
      expect((await visit(String(asked.authUrl))).finalUrl.startsWith(redirectUri)).toBe(true);
      expect(await agent.connect('mailbox')).toMatchObject({ status: 'success' });
    },
  );

  it("is allowed where the user's file lists it", async () => {
    const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
    const redirectUri = 'https://relay.example/callback';
    const agent = await stage.agent({ home: await stage.home({ allowedRedirectUris: [redirectUri] }) });

    const asked = await agent.connect('mailbox', { url: server.url, redirectUri, flow: 'paste_back' });

    expect(asked).toMatchObject({ status: 'requires_auth', completion: 'paste_back', redirectUri });
    expect(await agent.connect('mailbox', { redirectUri: `${redirectUri}/more` })).toMatchObject({
      code: 'redirect_not_allowed',
    });
    expect(await agent.connect('mailbox')).toEqual(asked);
  });
});

describe('T24 a client secret', () => {
  it('is said by nothing: no payload, listing, error, log or page', async () => {
    const { server } = await incidentManager(stage);
    const agent = await stage.agent({ env: { MCP_OAUTH_LOG: 'debug' } });
    const secret = 'S3cret-of-the-client-0123456789';
    const given = { clientId: CLIENT_ID, clientSecret: secret };

    await agent.connect('incidents', { url: server.url, ...given });
    await agent.connect('incidents', { ...given, scope: 'not"valid' });
    await agent.connect('incidents', { ...given, unknown: secret });
    await agent.connect(secret, given);
    await agent.connect('incidents', { clientSecret: `${secret}\n` });
    await agent.call('list_mcp_servers');
    const asked = await agent.connect('incidents');
    const page = await visit(String(asked.authUrl));
    await agent.connect('incidents');
    await agent.callTool('incidents', 'whoami');
    await agent.clear('incidents');

    expect(agent.broker.stderr().length).toBeGreaterThan(0);
    for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
      expect(agent.everythingSaid() + page.body).not.toContain(form);
    }
  });
});

describe('T68 an access token that the server repeats', () => {
  it('is replaced by [redacted] in its result', async () => {
    const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
    const agent = await stage.agent({ env: { MCP_OAUTH_LOG: 'debug' } });
    const asked = await agent.connect('mailbox', { url: server.url });
    await visit(String(asked.authUrl));
    await agent.connect('mailbox');

    const leaked = await agent.callTool('mailbox', 'leak_token');

    const [bearer = ''] = server.authorizationsSeen();
    expect(bearer).toMatch(/^Bearer .{20}/);
    expect(leaked.result.content).toEqual([{ type: 'text', text: 'Authorization: Bearer [redacted]' }]);
    expect(agent.everythingSaid()).not.toContain(bearer.replace('Bearer ', ''));
  });
});
