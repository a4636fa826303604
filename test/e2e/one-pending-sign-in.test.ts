/**
 * One pending authorization for each owner, server and account: the same `authUrl` until it ends or something of it
 * is changed (contract, section 3).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import type { Payload } from '../support/broker-process.js';
import { isCallback, visit } from '../support/browser.js';
import { freePort } from '../support/loopback-port.js';
import type { ProtectedServerFixture } from '../support/protected-server.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

let agent: Agent;
let authorizationServer: AuthorizationServerFixture;
let server: ProtectedServerFixture;
let first: Payload;

beforeEach(async () => {
  authorizationServer = await stage.authorizationServer();
  server = await stage.server({ authorizationServer, metadataAt: 'elsewhere', challengeScope: 'mcp:tools' });
  agent = await stage.agent();
  first = await agent.connect('mailbox', { url: server.url });
});

const sentBy = ({ authUrl }: Payload) => Object.fromEntries(new URL(String(authUrl)).searchParams);

/** Where the browser ends with this sign-in, without opening that page. */
const callbackOf = async ({ authUrl }: Payload) => (await visit(String(authUrl), { stopBefore: isCallback })).finalUrl;

async function expectSuccess(payload: Payload): Promise<void> {
  await visit(String(payload.authUrl));
  expect(await agent.connect('mailbox')).toMatchObject({ status: 'success', authType: 'oauth2' });
}

describe('connecting again', () => {
  it('gives the same payload, whatever of it is said again', async () => {
    const { redirect_uri } = sentBy(first);

    expect(await agent.connect('mailbox')).toEqual(first);
    expect(await agent.connect('mailbox', { url: server.url, scope: 'mcp:tools', flow: 'browser' })).toEqual(first);
    expect(await agent.connect('mailbox', { redirectUri: redirect_uri, authType: 'auto' })).toEqual(first);
    expect(await agent.connect('mailbox', { waitSeconds: 1 })).toEqual(first);
    expect((await agent.callTool('mailbox', 'whoami')).payload).toEqual(first);
    expect(authorizationServer.requests('registration')).toHaveLength(1);
    await expectSuccess(first);
  });

  it('refuses a client secret without a client, and the sign-in waits on', async () => {
    expect(await agent.connect('mailbox', { clientSecret: 'a secret of nobody' })).toMatchObject({
      status: 'error',
      code: 'invalid_input',
    });
    expect(await agent.connect('mailbox')).toEqual(first);
  });

  it('gives the same authUrl in another process of the same user, which can finish what the first began', async () => {
    const other = await stage.agent({ home: agent.broker.home, clientName: 'another-host' });

    expect(await other.connect('mailbox')).toEqual(first);
    await agent.broker.kill();
    expect(await other.connect('mailbox')).toEqual(first);
    expect((await visit(String(first.launchUrl))).status).toBe(200);
    expect(await other.connect('mailbox')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('gives one authUrl to calls of two processes at the same time, by one registration', async () => {
    const other = await stage.agent({ home: agent.broker.home });
    const calls = [agent, other, agent, other].map((one) => one.connect('at-once', { url: server.url }));

    const authUrls = (await Promise.all(calls)).map(({ authUrl }) => authUrl);

    expect(new Set(authUrls).size).toBe(1);
    expect(authUrls[0]).toContain('/authorize?');
    expect(authorizationServer.requests('registration')).toHaveLength(1);
  });

  it('is a sign-in of its own for another account, and for another user of the vault', async () => {
    const work = await agent.connect('mailbox', { account: 'work@example.org' });
    const bob = await stage.agent({ home: agent.broker.home, env: { MCP_OAUTH_USER: 'bob' } });
    const bobs = await bob.connect('mailbox', { url: server.url });

    expect(new Set([first, work, bobs].map((payload) => sentBy(payload).state)).size).toBe(3);
    await visit(String(work.authUrl));
    expect(await agent.connect('mailbox', { account: 'work@example.org' })).toMatchObject({
      status: 'success',
      account: 'work@example.org',
    });
    expect(await agent.connect('mailbox')).toEqual(first);
    expect(await bob.connect('mailbox')).toEqual(bobs);
  });

  it('gives a launchUrl that leads to authUrl again and again, and no further than the sign-in is open', async () => {
    const open = async () => (await fetch(String(first.launchUrl), { redirect: 'manual' })).headers.get('location');

    expect(await open()).toBe(first.authUrl);
    expect(await open()).toBe(first.authUrl);
    expect(await agent.clear('mailbox')).toMatchObject({ cleared: { pending: 1 } });
    expect(await open().catch(() => null)).toBeNull();
  });
});

describe('changing what the sign-in asks for', () => {
  it.each([
    { what: 'scope', args: { scope: 'mcp:write' }, sent: { scope: 'mcp:write' } },
    { what: 'no scope', args: { scope: '' }, sent: { scope: undefined } },
    { what: 'flow', args: { flow: 'paste_back' }, sent: { scope: 'mcp:tools' } },
    { what: 'clientId', args: { clientId: 'mine' }, sent: { client_id: 'mine', scope: 'mcp:tools' } },
  ])('replaces it, and the old state is state_invalid: $what', async ({ args, sent }) => {
    const before = await callbackOf(first);

    const replaced = await agent.connect('mailbox', args);

    expect(replaced).toMatchObject({ status: 'requires_auth', authType: 'oauth2' });
    expect(replaced).not.toHaveProperty('reason');
    expect(sentBy(replaced)).toMatchObject(sent.scope === undefined && 'scope' in sent ? {} : sent);
    if ('scope' in sent && sent.scope === undefined) expect(sentBy(replaced)).not.toHaveProperty('scope');
    expect(sentBy(replaced).state).not.toBe(sentBy(first).state);
    expect(await agent.connect('mailbox', args)).toEqual(replaced);
    expect(await agent.connect('mailbox')).toEqual(replaced);
    expect(await agent.connect('mailbox', { callbackUrl: before })).toMatchObject({ code: 'state_invalid' });
    const atListener = await fetch(before).catch(() => ({ status: 'closed' }));
    expect([400, 'closed']).toContain(atListener.status);
    expect(authorizationServer.requests('token')).toHaveLength(0);
    expect(await agent.connect('mailbox')).toEqual(replaced);
  });

  it('replaces it where the redirect URI is another, and the old state is state_invalid', async () => {
    const before = await callbackOf(first);
    const redirectUri = `http://127.0.0.1:${await freePort()}/my/callback`;

    const replaced = await agent.connect('mailbox', { redirectUri });

    expect(sentBy(replaced)).toMatchObject({ redirect_uri: redirectUri, scope: 'mcp:tools' });
    expect(await agent.connect('mailbox', { redirectUri })).toEqual(replaced);
    expect(await agent.connect('mailbox', { callbackUrl: before })).toMatchObject({ code: 'state_invalid' });
    await expectSuccess(replaced);
  });

  it('keeps a flow that is left out, and goes back to the browser when told', async () => {
    const pasted = await agent.connect('mailbox', { flow: 'paste_back' });
    expect(pasted).toMatchObject({ completion: 'paste_back' });
    expect(pasted).not.toHaveProperty('launchUrl');
    expect(await agent.connect('mailbox')).toEqual(pasted);

    const callbackUrl = await callbackOf(pasted);
    expect(await agent.connect('mailbox', { callbackUrl })).toMatchObject({ status: 'success' });
    expect(await agent.clear('mailbox')).toMatchObject({ status: 'success' });
    expect(await agent.connect('mailbox')).toMatchObject({ completion: 'callback' });
  });

  it('never happens in a call with callbackUrl, whatever else it gives', async () => {
    const callbackUrl = await callbackOf(first);
    const wrong = { callbackUrl: 'http://127.0.0.1/oauth/callback?state=wrong&code=1' };

    expect(await agent.connect('mailbox', { ...wrong, scope: 'mcp:write', flow: 'paste_back' })).toMatchObject({
      code: 'state_invalid',
    });
    expect(await agent.connect('mailbox')).toEqual(first);
    expect(await agent.connect('mailbox', { callbackUrl, scope: 'mcp:write' })).toMatchObject({
      status: 'success',
      scope: 'mcp:tools',
    });
  });

  it('asks for a key where the caller says that the server takes one, and for sign-in when told again', async () => {
    expect(await agent.connect('mailbox', { authType: 'bearer' })).toMatchObject({
      status: 'requires_auth',
      authType: 'bearer',
      completion: 'form',
      authUrl: expect.stringContaining('/connect/'),
    });
    expect(await agent.connect('mailbox')).toMatchObject({ authType: 'bearer' });
    const again = await agent.connect('mailbox', { authType: 'auto' });
    expect(again).toMatchObject({ authType: 'oauth2', completion: 'callback' });
    await expectSuccess(again);
  });

  it('ends with clear_mcp_auth: the old state is state_invalid, and what was kept is gone', async () => {
    const kept = await agent.connect('mailbox', { scope: 'mcp:write' });
    const callbackUrl = await callbackOf(kept);

    expect(await agent.clear('mailbox')).toMatchObject({
      cleared: { grants: 0, secrets: 0, clients: 1, pending: 1 },
      revocation: 'none',
    });
    expect(await agent.connect('mailbox', { callbackUrl })).toMatchObject({ code: 'state_invalid' });
    const anew = await agent.connect('mailbox');
    expect(sentBy(anew)).toMatchObject({ scope: 'mcp:tools' });
    await expectSuccess(anew);
  });
});
