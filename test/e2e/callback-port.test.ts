/**
 * The port of the callback: bound while a sign-in or form needs it, on loopback alone, and for nobody who comes by
 * another name.
 */
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { send } from '../integration/web/requests.js';
import { isCallback, visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { freePort, isListening, until } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
let port: number;
let composed: ComposedBroker;
/** Longer than a port that nobody needs is kept for a page that is still loading. */
const AFTER_GRACE_MS = 11_000;

beforeEach(async () => {
  port = await freePort();
  composed = stage.keep(await composedBroker({ env: { MCP_OAUTH_CALLBACK_PORT: String(port) } }));
});
afterEach(() => stage.close());

async function protectedServer() {
  const authorizationServer = await stage.authorizationServer();
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

async function begin(url: string, account: string): Promise<string> {
  const begun = await composed.broker.connect(composed.principal, { serverName: 'mail', url, account });
  expect(begun).toMatchObject({ status: 'requires_auth', completion: 'callback' });
  expect(await isListening(port)).toBe(true);
  return String('authUrl' in begun && begun.authUrl);
}

/** Waits until the watch has looked once more. */
async function watched(): Promise<void> {
  const { openPages } = await composed.vault();
  const list = openPages.list.bind(openPages);
  let looks = 0;
  Object.assign(openPages, {
    list: (partition: readonly string[]) => {
      looks += 1;
      return list(partition);
    },
  });
  await until(() => looks > 1);
}

describe('the port is let go', () => {
  it('when the last of two sign-ins ends, not before', async () => {
    const { server } = await protectedServer();
    const [first, second] = [await begin(server.url, 'one'), await begin(server.url, 'two')];

    await visit(first);
    composed.advance(AFTER_GRACE_MS);
    await watched();
    expect(await isListening(port)).toBe(true);
    await visit(second, { deny: true });
    composed.advance(AFTER_GRACE_MS);

    await until(async () => !(await isListening(port)));
  });

  it.each<[string, (authUrl: string) => Promise<unknown>]>([
    ['is cleared', () => composed.broker.clearAuth(composed.principal, { serverName: 'mail' })],
    ['runs out of time', async () => composed.advance(600_000)],
    [
      'is pasted back',
      async (authUrl) =>
        composed.broker.connect(composed.principal, {
          serverName: 'mail',
          account: 'one',
          callbackUrl: (await visit(authUrl, { stopBefore: isCallback })).finalUrl,
        }),
    ],
    [
      'is replaced by one that pastes',
      () => composed.broker.connect(composed.principal, { serverName: 'mail', account: 'one', flow: 'paste_back' }),
    ],
  ])('when a sign-in %s', async (_, end) => {
    const { server } = await protectedServer();
    const authUrl = await begin(server.url, 'one');

    await end(authUrl);
    composed.advance(AFTER_GRACE_MS);

    await until(async () => !(await isListening(port)));
  });

  it('at once when the process ends as its host does', async () => {
    const { server } = await protectedServer();
    const agentPort = await freePort();
    const agent = await stage.agent({ env: { MCP_OAUTH_CALLBACK_PORT: String(agentPort) } });
    await agent.connect('mail', { url: server.url });
    expect(await isListening(agentPort)).toBe(true);

    await agent.close();

    expect(await isListening(agentPort)).toBe(false);
  });
});

describe('the port is served', () => {
  it('for a sign-in whose process died before it had noted that the port is needed', async () => {
    const { server } = await protectedServer();
    const authUrl = await begin(server.url, 'one');
    await (await composed.vault()).openPages.delete([String(port)]);
    composed.advance(AFTER_GRACE_MS);
    await until(async () => !(await isListening(port)));

    expect(await begin(server.url, 'one')).toBe(authUrl);
    composed.advance(AFTER_GRACE_MS);
    await watched();

    expect((await visit(authUrl)).status).toBe(200);
  });
});

describe('the port', () => {
  it.skipIf(process.platform !== 'linux')('T41 is not reachable by any other address of the machine', async () => {
    const { server } = await protectedServer();
    await begin(server.url, 'one');
    const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    const outside = addresses.filter(({ internal, family }) => !internal && family === 'IPv4');

    for (const address of ['127.0.0.2', '::1', ...outside.map((one) => one.address)])
      expect([address, await isListening(port, address)]).toEqual([address, false]);
  });

  it('T42 answers a foreign Host with 403 and touches no sign-in', async () => {
    const { authorizationServer, server } = await protectedServer();
    const authUrl = await begin(server.url, 'one');
    const answer = new URL((await visit(authUrl, { stopBefore: isCallback })).finalUrl);
    const path = `${answer.pathname}${answer.search}`;

    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `[::1]:${port}`])
      expect([host, (await send({ port, path, headers: { host } })).status]).toEqual([host, 403]);
    expect((await send({ port, path, method: 'POST' })).status).toBe(405);
    expect((await send({ port, path, method: 'HEAD' })).status).toBe(405);

    expect(authorizationServer.requests('token')).toHaveLength(0);
    expect((await visit(answer)).status).toBe(200);
  });
});
