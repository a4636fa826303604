/**
 * A foreign program on the port of the callback: what we register ourselves moves to another port, everything
 * else says so and offers pasting.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Payload } from '../support/broker-process.js';
import { isCallback, visit } from '../support/browser.js';
import { type ForeignProgram, freePort, isListening, startForeignProgram } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
let foreign: ForeignProgram;
beforeEach(async () => {
  foreign = stage.keep(await startForeignProgram(await freePort()));
});
afterEach(() => stage.close());

const environment = (port: number) => ({ MCP_OAUTH_CALLBACK_PORT: String(port) });
const portOf = (payload: Payload) => Number(new URL(String(payload.redirectUri)).port);
const STATIC_CLIENT = { clientId: 'by-hand', clientSecret: 'a secret of the console' };

/** An authorization server that registers clients and knows one of its administrator's too. */
async function protectedServer() {
  const authorizationServer = await stage.authorizationServer({ clients: [STATIC_CLIENT] });
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

function expectPortInUse(payload: Payload, port: number): void {
  expect(payload).toMatchObject({ status: 'error', code: 'callback_port_in_use', retryable: false });
  expect(payload).not.toHaveProperty('authUrl');
  expect(payload.nextStep).toContain(String(port));
  expect(payload.nextStep).toContain('flow: "paste_back"');
}

describe('T40 a client that we register ourselves', () => {
  it('moves to another port, which is remembered, and signs in there', async () => {
    const { authorizationServer, server } = await protectedServer();
    const home = await stage.home();
    const agent = await stage.agent({ home, env: environment(foreign.port) });

    const begun = await agent.connect('moving', { url: server.url });

    expect(begun).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    expect(portOf(begun)).not.toBe(foreign.port);
    const [registration] = authorizationServer.requests('registration');
    expect(JSON.parse(registration?.body ?? '{}').redirect_uris).toEqual([begun.redirectUri]);
    await visit(String(begun.authUrl));
    expect(await agent.connect('moving')).toMatchObject({ status: 'success' });
    expect(foreign.paths.filter((path) => path.includes('code='))).toEqual([]);
    await agent.close();
    const later = await stage.agent({ home, env: environment(foreign.port) });
    expect(portOf(await later.connect('moving', { account: 'second' }))).toBe(portOf(begun));
    expect(authorizationServer.requests('registration')).toHaveLength(1);
  });

  it('moves a sign-in that is open already, once for all processes, and registers anew', async () => {
    const { authorizationServer, server } = await protectedServer();
    const home = await stage.home();
    const port = await freePort();
    const first = await stage.agent({ home, env: environment(port) });
    const begun = await first.connect('moving', { url: server.url });
    expect(portOf(begun)).toBe(port);
    await first.broker.kill();
    stage.keep(await startForeignProgram(port));

    const second = await stage.agent({ home, env: environment(port) });
    const third = await stage.agent({ home, env: environment(port) });
    const [moved, same] = await Promise.all([second.connect('moving'), third.connect('moving')]);

    expect(moved).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    expect(portOf(moved)).not.toBe(port);
    expect(moved.authUrl).not.toBe(begun.authUrl);
    expect(same.authUrl).toBe(moved.authUrl);
    expect((await second.connect('moving')).authUrl).toBe(moved.authUrl);
    expect(authorizationServer.requests('registration')).toHaveLength(2);
    await visit(String(moved.authUrl));
    expect(await second.connect('moving')).toMatchObject({ status: 'success' });
  });

  it('moves again where the other port is taken, too', async () => {
    const { server } = await protectedServer();
    const home = await stage.home();
    const first = await stage.agent({ home, env: environment(foreign.port) });
    const port = portOf(await first.connect('moving', { url: server.url }));
    await first.clear('moving');
    await first.broker.kill();
    stage.keep(await startForeignProgram(port));

    const second = await stage.agent({ home, env: environment(foreign.port) });
    const moved = await second.connect('moving');

    expect([foreign.port, port]).not.toContain(portOf(moved));
    await visit(String(moved.authUrl));
    expect(await second.connect('moving')).toMatchObject({ status: 'success' });
  });
});

describe('T40 any other client or redirect URI is not moved', () => {
  it('with a pre-registered client, even after one of ours has moved', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent({ env: environment(foreign.port) });

    expectPortInUse(await agent.connect('by-hand', { url: server.url, ...STATIC_CLIENT }), foreign.port);
    expect(await agent.connect('registered', { url: server.url })).toMatchObject({ status: 'requires_auth' });
    expectPortInUse(await agent.connect('by-hand'), foreign.port);
  });

  it('with an explicit redirect URI, though we register', async () => {
    const { authorizationServer, server } = await protectedServer();
    const agent = await stage.agent();
    const redirectUri = `http://127.0.0.1:${foreign.port}/signed-in`;

    expectPortInUse(await agent.connect('explicit', { url: server.url, redirectUri }), foreign.port);
    expect(authorizationServer.requests('registration')).toHaveLength(0);
  });

  it('where it replaces a sign-in, which is over then', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent();
    const begun = await agent.connect('explicit', { url: server.url });
    const { finalUrl } = await visit(String(begun.authUrl), { stopBefore: isCallback });

    const redirectUri = `http://127.0.0.1:${foreign.port}/signed-in`;
    expectPortInUse(await agent.connect('explicit', { redirectUri }), foreign.port);

    expectPortInUse(await agent.connect('explicit'), foreign.port);
    expect(await agent.connect('explicit', { callbackUrl: finalUrl })).toMatchObject({ code: 'state_invalid' });
  });

  it('with MCP_OAUTH_REDIRECT_URI', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent({
      env: { MCP_OAUTH_REDIRECT_URI: `http://127.0.0.1:${foreign.port}/oauth/callback` },
    });

    expectPortInUse(await agent.connect('explicit', { url: server.url }), foreign.port);
  });

  it('where the program is a broker of another vault', async () => {
    const { server } = await protectedServer();
    const port = await freePort();
    const stranger = await stage.agent({ env: environment(port) });
    expect(portOf(await stranger.connect('theirs', { url: server.url }))).toBe(port);
    const agent = await stage.agent({ env: environment(port) });

    expectPortInUse(await agent.connect('ours', { url: server.url, ...STATIC_CLIENT }), port);
  });

  it('and works again when the program has gone', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent({ env: environment(foreign.port) });
    expectPortInUse(await agent.connect('by-hand', { url: server.url, ...STATIC_CLIENT }), foreign.port);
    await foreign.close();

    const begun = await agent.connect('by-hand');
    expect(portOf(begun)).toBe(foreign.port);
    await visit(String(begun.authUrl));
    expect(await agent.connect('by-hand')).toMatchObject({ status: 'success' });
  });
});

describe('a form beside a foreign program', () => {
  it('takes one other port, however often it is asked for', async () => {
    const authorizationServer = await stage.authorizationServer({ registration: 'none', clients: [STATIC_CLIENT] });
    const server = await stage.server({ authorizationServer });
    const agent = await stage.agent({ env: environment(foreign.port) });

    const asked = [await agent.connect('by-hand', { url: server.url }), await agent.connect('by-hand')];

    const ports = asked.map(({ configUrl }) => Number(new URL(String(configUrl)).port));
    expect(new Set(ports).size).toBe(1);
    expect(ports).not.toContain(foreign.port);
    expect((await visit(String(asked[1]?.configUrl), { submitForms: false })).status).toBe(200);
    expect(asked[0]?.oauthDiscovery).toMatchObject({
      suggestedRedirectUri: `http://127.0.0.1:${foreign.port}/oauth/callback`,
    });
  });
});

describe('flow: "paste_back" beside a foreign program', () => {
  it('binds nothing, and signs in by the address that the browser ends on', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent({ env: environment(foreign.port) });
    expectPortInUse(await agent.connect('by-hand', { url: server.url, ...STATIC_CLIENT }), foreign.port);

    const begun = await agent.connect('by-hand', { flow: 'paste_back' });

    expect(begun).toMatchObject({
      status: 'requires_auth',
      completion: 'paste_back',
      redirectUri: `http://127.0.0.1:${foreign.port}/oauth/callback`,
    });
    expect(begun).not.toHaveProperty('launchUrl');
    const ended = await visit(String(begun.authUrl));
    expect(ended.body).toBe('Somebody else lives here.');
    expect(await agent.connect('by-hand', { callbackUrl: ended.finalUrl })).toMatchObject({ status: 'success' });
  });

  it('leaves a free port free', async () => {
    const { server } = await protectedServer();
    const port = await freePort();
    const agent = await stage.agent({ env: environment(port) });

    const begun = await agent.connect('pasting', { url: server.url, flow: 'paste_back' });

    expect(begun.completion).toBe('paste_back');
    expect(await isListening(port)).toBe(false);
    const { finalUrl } = await visit(String(begun.authUrl), { stopBefore: isCallback });
    expect(await agent.connect('pasting', { callbackUrl: finalUrl })).toMatchObject({ status: 'success' });
    expect(await isListening(port)).toBe(false);
  });
});
