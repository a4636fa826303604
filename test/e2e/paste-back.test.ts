/**
 * The address that the browser ended on, given back by the user: in whatever form they copy it, for their own sign-in only.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { isCallback, visit } from '../support/browser.js';
import { composedBroker } from '../support/composed-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const TEN_MINUTES_MS = 600_000;

async function protectedServer(options = {}) {
  const authorizationServer = await stage.authorizationServer(options);
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

async function consented(authUrl: unknown, user = 'alice'): Promise<URL> {
  return new URL((await visit(String(authUrl), { stopBefore: isCallback, user })).finalUrl);
}

describe('what a user pastes', () => {
  const pasting = createStage();
  let agent: Agent;
  let url: string;
  beforeAll(async () => {
    const authorizationServer = await pasting.authorizationServer();
    ({ url } = await pasting.server({ authorizationServer }));
    agent = await pasting.agent();
  });
  afterAll(() => pasting.close());

  it.each<[string, (url: URL) => string]>([
    ['the whole URL', (url) => url.href],
    ['with white space around it', (url) => `\n   ${url.href} \t\n`],
    ['in angle brackets', (url) => `<${url.href}>`],
    ['in quotes', (url) => `"${url.href}"`],
    ['without its scheme, as some browsers copy it', (url) => url.href.replace('http://', '')],
    ['as localhost through a tunnel', (url) => url.href.replace(url.host, 'localhost:9999')],
    ['only the query', (url) => url.search],
    ['only the parameters', (url) => url.search.slice(1)],
    ['with a fragment that the provider added', (url) => `${url.search}#_=_`],
  ])('finishes a paste_back sign-in: %s', async (_, paste) => {
    const begun = await agent.connect('pasting', { url, flow: 'paste_back' });
    expect(begun).toMatchObject({ status: 'requires_auth', completion: 'paste_back' });
    expect(begun.nextStep).toContain('callbackUrl');

    const answer = await consented(begun.authUrl);
    const callbackUrl = paste(answer);

    expect(await agent.connect('pasting', { callbackUrl })).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(agent.everythingSaid()).not.toContain(answer.searchParams.get('code'));
    await agent.clear('pasting');
  });

  it('takes an answer with the longest code that may be', async () => {
    const { server, authorizationServer } = await protectedServer();
    const agent = await stage.agent();
    const begun = await agent.connect('pasting', { url: server.url, flow: 'paste_back' });
    const answer = await consented(begun.authUrl);
    answer.searchParams.set('code', 'c'.repeat(16 * 1_024));

    expect(await agent.connect('pasting', { callbackUrl: answer.href })).toMatchObject({
      code: 'authorization_failed',
    });
    expect(authorizationServer.requests('token')).toHaveLength(1);
  });

  it('replaces no sign-in by the other arguments of that call', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent();
    const begun = await agent.connect('pasting', { url: server.url });
    const answer = await consented(begun.authUrl);

    const connected = await agent.connect('pasting', { callbackUrl: answer.href, scope: 'mcp:write', clientId: 'x' });

    expect(connected).toMatchObject({ status: 'success', scope: 'mcp:tools mcp:write' });
  });

  it('T35 is refused at the path of another issuer, and the sign-in goes on', async () => {
    const { server, authorizationServer } = await protectedServer({ advertiseIss: false });
    const agent = await stage.agent();
    const begun = await agent.connect('pasting', { url: server.url, flow: 'paste_back' });
    expect(begun.redirectUri).toMatch(/\/oauth\/callback\/[\w-]{16}$/);
    const answer = await consented(begun.authUrl);
    const elsewhere = new URL(answer);
    elsewhere.pathname = `${answer.pathname.slice(0, -1)}${answer.pathname.endsWith('A') ? 'B' : 'A'}`;

    expect(await agent.connect('pasting', { callbackUrl: elsewhere.href })).toMatchObject({ code: 'state_invalid' });
    expect(authorizationServer.requests('token')).toHaveLength(0);
    expect(await agent.connect('pasting', { callbackUrl: answer.href })).toMatchObject({ status: 'success' });
  });
});

describe('an answer that is pasted in the wrong place', () => {
  const stateInvalid = { status: 'error', code: 'state_invalid', retryable: false };

  it('is state_invalid for another account or server, and the sign-in goes on', async () => {
    const { server, authorizationServer } = await protectedServer();
    const agent = await stage.agent();
    const flow = 'paste_back';
    const mine = await agent.connect('pasting', { url: server.url, flow, account: 'work' });
    const other = await agent.connect('pasting', { flow, account: 'home' });
    await agent.connect('other', { url: server.url, flow });
    const callbackUrl = (await consented(mine.authUrl)).href;

    expect(await agent.connect('pasting', { callbackUrl, account: 'home' })).toMatchObject(stateInvalid);
    expect(await agent.connect('pasting', { callbackUrl })).toMatchObject(stateInvalid);
    expect(await agent.connect('other', { callbackUrl })).toMatchObject(stateInvalid);

    expect(authorizationServer.requests('token')).toHaveLength(0);
    expect((await agent.connect('pasting', { account: 'home' })).authUrl).toBe(other.authUrl);
    expect(await agent.connect('pasting', { callbackUrl, account: 'work' })).toMatchObject({ status: 'success' });
  });

  it('T31 is nobody’s in another user’s call, and at the listener its owner’s, whoever’s process serves it', async () => {
    const { server, authorizationServer } = await protectedServer();
    const home = await stage.home();
    const bob = await stage.agent({ home, env: { MCP_OAUTH_USER: 'bob' } });
    const bobs = await bob.connect('mail', { url: server.url });
    const alice = await stage.agent({ home, env: { MCP_OAUTH_USER: 'alice' } });
    const alices = await alice.connect('mail', { url: server.url });
    expect(new URL(String(alices.redirectUri)).port).toBe(new URL(String(bobs.redirectUri)).port);
    const answer = await consented(alices.authUrl, 'alice');

    expect(await bob.connect('mail', { callbackUrl: answer.href })).toMatchObject(stateInvalid);
    expect(authorizationServer.requests('token')).toHaveLength(0);
    await alice.broker.kill();
    expect((await visit(answer)).status).toBe(200);

    expect(await bob.connect('mail')).toMatchObject({ status: 'requires_auth', authUrl: bobs.authUrl });
    const aliceAgain = await stage.agent({ home, env: { MCP_OAUTH_USER: 'alice' } });
    expect(await aliceAgain.connect('mail')).toMatchObject({ status: 'success' });
    expect((await aliceAgain.callTool('mail', 'whoami')).payload).toMatchObject({ subject: 'alice' });
  });
});

describe('T30 an answer that comes after ten minutes', () => {
  it('is state_expired when it is pasted, and the next call begins anew', async () => {
    const { server, authorizationServer } = await protectedServer();
    const { broker, principal, advance } = stage.keep(await composedBroker());
    const begun = await broker.connect(principal, { serverName: 'late', url: server.url, flow: 'paste_back' });
    const callbackUrl = (await consented('authUrl' in begun && begun.authUrl)).href;
    advance(TEN_MINUTES_MS + 1_000);

    const late = await broker.connect(principal, { serverName: 'late', callbackUrl });
    const anew = await broker.connect(principal, { serverName: 'late' });

    expect(late).toMatchObject({ status: 'error', code: 'state_expired' });
    expect(anew).toMatchObject({ status: 'requires_auth', reason: 'state_expired', completion: 'paste_back' });
    expect('authUrl' in anew && anew.authUrl).not.toBe('authUrl' in begun && begun.authUrl);
    expect(await broker.connect(principal, { serverName: 'late', callbackUrl })).toMatchObject({ status: 'error' });
    expect(authorizationServer.requests('token')).toHaveLength(0);
  });

  it('is a 400 at the listener, a moment before it is not', async () => {
    const { server } = await protectedServer();
    const { broker, principal, advance } = stage.keep(await composedBroker());
    const statusAfter = async (serverName: string, waitMs: number) => {
      const begun = await broker.connect(principal, { serverName, url: server.url });
      const answer = await consented('authUrl' in begun && begun.authUrl);
      advance(waitMs - 60_000);
      // A sign-in that begins later keeps the port open.
      await broker.connect(principal, { serverName, account: `after-${serverName}` });
      advance(60_000);
      return (await visit(answer)).status;
    };

    expect(await statusAfter('in-time', TEN_MINUTES_MS - 30_000)).toBe(200);
    expect(await statusAfter('too-late', TEN_MINUTES_MS + 1_000)).toBe(400);
  });
});
