/**
 * What a server that is asked without a token answers, and what the agent is told (contract, section 3).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { visit } from '../support/browser.js';
import { freePort } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
let agent: Agent;

beforeAll(async () => {
  agent = await stage.agent();
});
afterAll(() => stage.close());

describe('a server that lets everybody in', () => {
  it('is connected without a credential', async () => {
    const server = await stage.server();

    const payload = await agent.connect('open', { url: server.url });

    expect(payload).toMatchObject({
      status: 'success',
      serverName: 'open',
      account: 'default',
      authType: 'none',
      transport: 'streamable-http',
      protocolVersion: '2025-11-25',
      instructions: 'Ask whoami first.',
    });
    expect(payload).not.toHaveProperty('scope');
    expect(payload).not.toHaveProperty('expiresAt');
    expect((payload.tools as { name: string }[]).map(({ name }) => name)).toContain('whoami');
    expect(payload.toolCount).toBe((payload.tools as unknown[]).length);
  });

  it('shows the first hundred of its tools, and how many there are', async () => {
    const server = await stage.server({ extraTools: 120 });

    const payload = await agent.connect('many', { url: server.url });

    expect(payload).toMatchObject({ status: 'success', toolsTruncated: true });
    expect(payload.tools).toHaveLength(100);
    expect(payload.toolCount).toBeGreaterThan(120);
    expect(payload).not.toHaveProperty('toolsDropped');
  });

  it('is connected even where it has protected resource metadata; a later 401 asks for sign-in', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, requireAuthFor: ['tools/call'] });

    const first = await agent.connect('lazy', { url: server.url });
    const refused = await agent.callTool('lazy', 'whoami');

    expect(first).toMatchObject({ status: 'success', authType: 'none' });
    expect(refused).toMatchObject({ isOurs: true, payload: { status: 'requires_auth', authType: 'oauth2' } });
    expect(refused.payload).not.toHaveProperty('reason');
    const page = await visit(String(refused.payload.authUrl));
    expect(page.status).toBe(200);
    const called = await agent.callTool('lazy', 'whoami');
    expect(called).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(await agent.connect('lazy')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });
});

describe('a server that refuses, whose authorization server is found', () => {
  it('is signed in to and used with the grant, though the call said that it takes no credential', async () => {
    const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
    const asked = await agent.connect('misjudged', { url: server.url, authType: 'none' });
    expect(asked).toMatchObject({ status: 'requires_auth', authType: 'oauth2' });

    await visit(String(asked.authUrl));

    expect(await agent.connect('misjudged')).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(await agent.callTool('misjudged', 'whoami')).toMatchObject({ payload: { subject: 'alice' } });
  });

  it.each([
    { refusalStatus: 401, challenge: 'full' },
    { refusalStatus: 401, challenge: 'bare' },
    { refusalStatus: 401, challenge: 'none' },
    { refusalStatus: 403, challenge: 'full' },
    { refusalStatus: 403, challenge: 'none' },
    { refusalStatus: 404, challenge: 'none' },
    { refusalStatus: 405, challenge: 'none' },
  ] as const)('is oauth2 ($refusalStatus, challenge: $challenge)', async ({ refusalStatus, challenge }) => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, refusalStatus, challenge });

    const payload = await agent.connect(`found-${refusalStatus}-${challenge}`, { url: server.url });

    expect(payload).toMatchObject({ status: 'requires_auth', authType: 'oauth2', completion: 'callback' });
    expect(payload).not.toHaveProperty('reason');
    const authUrl = new URL(String(payload.authUrl));
    expect(authUrl.origin).toBe(authorizationServer.issuer);
    expect(Object.fromEntries(authUrl.searchParams)).toMatchObject({
      response_type: 'code',
      resource: server.url,
      scope: 'mcp:tools mcp:write',
      code_challenge_method: 'S256',
      redirect_uri: payload.redirectUri,
    });
  });

  it('is oauth2 at the default endpoints of 2025-03-26 where /register succeeds, and can be signed in', async () => {
    const authorizationServer = await stage.authorizationServer({ resourceIndicators: false });
    authorizationServer.bend({ endpoint: 'metadata', respond: { status: 404 } });
    const server = await stage.server({ authorizationServer, metadataAt: 'none', underAuthorizationServer: true });

    const payload = await agent.connect('old-endpoints', { url: server.url });

    expect(payload).toMatchObject({ status: 'requires_auth', authType: 'oauth2', completion: 'callback' });
    expect(String(payload.authUrl).startsWith(`${authorizationServer.issuer}/authorize?`)).toBe(true);
    await visit(String(payload.authUrl));
    expect(await agent.connect('old-endpoints')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('is oauth2 at the default endpoints without /register where a client is given', async () => {
    const authorizationServer = await stage.authorizationServer({
      registration: 'none',
      resourceIndicators: false,
      clients: [{ clientId: 'by-hand' }],
    });
    authorizationServer.bend({ endpoint: 'metadata', respond: { status: 404 } });
    const server = await stage.server({ authorizationServer, metadataAt: 'none', underAuthorizationServer: true });

    const without = await agent.connect('old-by-hand', { url: server.url });
    const withClient = await agent.connect('old-by-hand', { clientId: 'by-hand' });

    expect(without).toMatchObject({ status: 'requires_auth', authType: 'oauth2-bearer', authUrl: null });
    expect(withClient).toMatchObject({ status: 'requires_auth', authType: 'oauth2', completion: 'callback' });
    await visit(String(withClient.authUrl));
    expect(await agent.connect('old-by-hand')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });
});

describe('a server that refuses, and no authorization server is found', () => {
  it.each([
    { refusalStatus: 401, challenge: 'bare', authType: 'oauth2-bearer' },
    { refusalStatus: 403, challenge: 'bare', authType: 'oauth2-bearer' },
    { refusalStatus: 401, challenge: 'none', authType: 'unknown' },
    { refusalStatus: 403, challenge: 'none', authType: 'unknown' },
  ] as const)('takes a token by a local form ($refusalStatus, challenge: $challenge)', async (row) => {
    const server = await stage.server({
      authorizationServer: await stage.authorizationServer(),
      metadataAt: 'none',
      refusalStatus: row.refusalStatus,
      challenge: row.challenge,
    });

    const payload = await agent.connect(`manual-${row.refusalStatus}-${row.challenge}`, { url: server.url });

    expect(payload).toMatchObject({ status: 'requires_auth', authType: row.authType, authUrl: null });
    expect(payload.completion).toBe('form');
    expect(String(payload.configUrl)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/connect\/[\w-]{43}$/);
    expect(payload.nextStep).toMatch(/configUrl.*mcp-oauth-broker key set/s);
  });

  it('says the same where metadata name an authorization server that has no metadata itself', async () => {
    const authorizationServer = await stage.authorizationServer();
    authorizationServer.bend({ endpoint: 'metadata', respond: { status: 404 } });
    const server = await stage.server({ authorizationServer });

    const payload = await agent.connect('nowhere', { url: server.url });

    expect(payload).toMatchObject({ status: 'requires_auth', authType: 'oauth2-bearer', authUrl: null });
  });

  it.each([404, 405] as const)('is no MCP server where it answers %s and has no metadata', async (refusalStatus) => {
    const server = await stage.server({
      authorizationServer: await stage.authorizationServer(),
      metadataAt: 'none',
      refusalStatus,
    });

    const payload = await agent.connect(`nothing-${refusalStatus}`, { url: server.url });

    expect(payload).toMatchObject({ status: 'error', code: 'upstream_protocol_error', retryable: false });
  });
});

describe('something on the way that does not answer', () => {
  it.each([
    { at: 'its metadata', endpoint: 'metadata', bend: { respond: { status: 503 } } },
    { at: 'its metadata, by a reset', endpoint: 'metadata', bend: { beforeForward: 'reset' } },
    { at: 'registration', endpoint: 'registration', bend: { respond: { status: 500 } } },
    { at: 'registration, by a reset', endpoint: 'registration', bend: { beforeForward: 'reset' } },
    { at: 'registration, by silence', endpoint: 'registration', bend: { holdBefore: new Promise(() => {}) } },
  ] as const)('is discovery_failed, retryable, where the authorization server fails at $at', async (row) => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const serverName = `failing-${row.at.replace(/[^a-z]+/g, '-')}`;
    authorizationServer.bend({ endpoint: row.endpoint, ...row.bend });

    const failed = await agent.connect(serverName, { url: server.url });
    authorizationServer.straighten();
    const later = await agent.connect(serverName);

    expect(failed).toMatchObject({ status: 'error', code: 'discovery_failed', retryable: true });
    expect(later).toMatchObject({ status: 'requires_auth', completion: 'callback' });
  });

  it('is discovery_failed, retryable, where the resource metadata fail or lead to a name that does not resolve', async () => {
    const authorizationServer = await stage.authorizationServer();
    const broken = await stage.server({ authorizationServer });
    broken.bend({ endpoint: 'resource_metadata', respond: { status: 502 } });
    const lost = await stage.server({
      authorizationServer,
      metadata: { authorization_servers: ['https://does-not-exist.invalid'] },
    });

    const expected = { status: 'error', code: 'discovery_failed', retryable: true };
    expect(await agent.connect('prm-502', { url: broken.url })).toMatchObject(expected);
    expect(await agent.connect('as-dns', { url: lost.url })).toMatchObject(expected);
  });

  it('is upstream_unreachable, retryable, where the server is down, does not resolve, fails or hangs up', async () => {
    const failing = await stage.server();
    failing.bend({ endpoint: 'mcp', respond: { status: 500 } });
    const resetting = await stage.server();
    resetting.bend({ endpoint: 'mcp', beforeForward: 'reset' });
    const urls = {
      down: `http://127.0.0.1:${await freePort()}/mcp`,
      'no-name': 'https://does-not-exist.invalid/mcp',
      failing: failing.url,
      resetting: resetting.url,
    };

    for (const [serverName, url] of Object.entries(urls)) {
      const payload = await agent.connect(serverName, { url });
      expect(payload, serverName).toMatchObject({ status: 'error', code: 'upstream_unreachable', retryable: true });
    }
    failing.straighten();
    expect(await agent.connect('failing')).toMatchObject({ status: 'success', authType: 'none' });
  });
});
