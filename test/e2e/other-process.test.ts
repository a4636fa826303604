/**
 * A sign-in lies in the vault, so any process of that vault finishes what another began.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { isCallback, visit } from '../support/browser.js';
import { freePort, isListening, until } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const portOf = (payload: { readonly redirectUri?: string }) => Number(new URL(String(payload.redirectUri)).port);

async function protectedServer() {
  const authorizationServer = await stage.authorizationServer({ clients: [{ clientId: 'by-hand' }] });
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

/** The address that a user's browser holds when they have consented, but not yet come back to us. */
async function consented(authUrl: unknown): Promise<string> {
  return (await visit(String(authUrl), { stopBefore: isCallback })).finalUrl;
}

describe('a sign-in whose process is killed', () => {
  it.each([
    { client: 'we registered', given: {}, registrations: 1 },
    { client: 'the user brought', given: { clientId: 'by-hand' }, registrations: 0 },
  ])('R37 is finished by a process that is started afterwards and connects (client: $client)', async (row) => {
    const { authorizationServer, server } = await protectedServer();
    const home = await stage.home();
    const first = await stage.agent({ home });
    const begun = await first.connect('linear-like', { url: server.url, ...row.given });
    const callback = await consented(begun.authUrl);
    await first.broker.kill();
    expect(await isListening(portOf(begun))).toBe(false);

    const second = await stage.agent({ home });
    const again = await second.connect('linear-like');
    expect(again).toMatchObject({ status: 'requires_auth', authUrl: begun.authUrl, launchUrl: begun.launchUrl });
    const page = await visit(callback);

    expect(page.status).toBe(200);
    expect(await second.connect('linear-like')).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(authorizationServer.requests('token')).toHaveLength(1);
    expect(authorizationServer.requests('registration')).toHaveLength(row.registrations);
  });

  it('R37 is finished by a process that was running already and was asked nothing about it', async () => {
    const { server } = await protectedServer();
    const home = await stage.home();
    const bystander = await stage.agent({ home, clientName: 'bystander' });
    const first = await stage.agent({ home });
    const begun = await first.connect('linear-like', { url: server.url });
    const callback = await consented(begun.authUrl);
    await first.broker.kill();

    await until(() => isListening(portOf(begun)));
    const page = await visit(callback);

    expect(page.status).toBe(200);
    expect(await bystander.connect('linear-like')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('R36 keeps the verifiers of two sign-ins of two processes apart', async () => {
    const { server, authorizationServer } = await protectedServer();
    const home = await stage.home();
    const first = await stage.agent({ home });
    const second = await stage.agent({ home });
    const [mine, theirs] = await Promise.all([
      first.connect('linear-like', { url: server.url, account: 'work' }),
      second.connect('linear-like', { url: server.url, account: 'home' }),
    ]);
    expect(mine.authUrl).not.toBe(theirs.authUrl);

    await Promise.all([visit(String(mine.authUrl)), visit(String(theirs.authUrl), { user: 'bob' })]);

    expect(await second.connect('linear-like', { account: 'work' })).toMatchObject({ status: 'success' });
    expect(await first.connect('linear-like', { account: 'home' })).toMatchObject({ status: 'success' });
    const verifiers = authorizationServer.requests('token').map(({ parameters }) => parameters.code_verifier);
    expect(new Set(verifiers).size).toBe(2);
  });
});

describe('the port of the callback', () => {
  it('is drawn once where any will do, and remembered over restarts', async () => {
    const { server } = await protectedServer();
    const home = await stage.home();
    const ports: number[] = [];
    for (const account of ['one', 'two', 'three']) {
      const agent = await stage.agent({ home });
      ports.push(portOf(await agent.connect('linear-like', { url: server.url, account })));
      await agent.close();
    }

    expect(new Set(ports).size).toBe(1);
    expect(ports[0]).toBeGreaterThan(0);
  });

  it('is the one that the environment names', async () => {
    const { server } = await protectedServer();
    const port = await freePort();
    const agent: Agent = await stage.agent({ env: { MCP_OAUTH_CALLBACK_PORT: String(port) } });

    const begun = await agent.connect('linear-like', { url: server.url });

    expect(begun.redirectUri).toBe(`http://127.0.0.1:${port}/oauth/callback`);
    expect(String(begun.launchUrl).startsWith(`http://127.0.0.1:${port}/go/`)).toBe(true);
    await visit(String(begun.launchUrl));
    expect(await agent.connect('linear-like')).toMatchObject({ status: 'success' });
  });

  it('is bound for nothing before a sign-in begins', async () => {
    const port = await freePort();
    const agent = await stage.agent({ env: { MCP_OAUTH_CALLBACK_PORT: String(port) } });
    const open = await stage.server();

    expect(await agent.connect('open', { url: open.url })).toMatchObject({ status: 'success', authType: 'none' });
    expect(await isListening(port)).toBe(false);
  });
});
