/**
 * Redirect URIs that a caller, the user's file or the environment names: which are allowed, and that we listen there.
 */
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { freePort, isListening, listenOn, until } from '../support/loopback-port.js';
import { createStage, writeServersFile } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const RELAY = 'https://relay.example/oauth';

async function protectedServer() {
  const authorizationServer = await stage.authorizationServer();
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

describe('an explicit loopback redirect URI', () => {
  it('has a port and path of its own, and the answer counts only there', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent();
    const port = await freePort();
    const redirectUri = `http://127.0.0.1:${port}/signed/in?from=home`;

    const begun = await agent.connect('explicit', { url: server.url, redirectUri });

    expect(begun).toMatchObject({ status: 'requires_auth', completion: 'callback', redirectUri });
    expect(new URL(String(begun.authUrl)).searchParams.get('redirect_uri')).toBe(redirectUri);
    expect(String(begun.launchUrl).startsWith(`http://127.0.0.1:${port}/go/`)).toBe(true);
    const atOurs = (url: URL) => url.port === String(port);
    const answer = new URL((await visit(String(begun.authUrl), { stopBefore: atOurs })).finalUrl);
    const elsewhere = new URL(answer);
    elsewhere.pathname = '/oauth/callback';
    expect((await visit(elsewhere)).status).toBe(400);
    expect((await visit(answer)).status).toBe(200);
    expect(await agent.connect('explicit')).toMatchObject({ status: 'success' });
  });

  it.skipIf(!hasIpv6)('is served on both families where it says localhost', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent();
    const port = await freePort();

    const redirectUri = `http://localhost:${port}/callback`;
    const begun = await agent.connect('named', { url: server.url, redirectUri });

    expect(begun).toMatchObject({ status: 'requires_auth', redirectUri });
    expect([await isListening(port, '127.0.0.1'), await isListening(port, '::1')]).toEqual([true, true]);
    await visit(String(begun.authUrl));
    expect(await agent.connect('named')).toMatchObject({ status: 'success' });
  });

  it.skipIf(!hasIpv6)('T39 is not given out where an attacker has its port on ::1 alone', async () => {
    const { authorizationServer, server } = await protectedServer();
    const agent = await stage.agent();
    const port = await freePort();
    stage.keep(await listenOn(port, '::1'));

    const refused = await agent.connect('named', { url: server.url, redirectUri: `http://localhost:${port}/callback` });

    expect(refused).toMatchObject({ status: 'error', code: 'callback_port_in_use' });
    expect(refused).not.toHaveProperty('authUrl');
    expect(await isListening(port, '127.0.0.1')).toBe(false);
    expect(authorizationServer.requests('authorization')).toHaveLength(0);
  });

  it.skipIf(!hasIpv6)('T39 is no way in for an attacker on ::1 where it says 127.0.0.1', async () => {
    const { server } = await protectedServer();
    const agent = await stage.agent();
    const port = await freePort();
    const attacker = stage.keep(await listenOn(port, '::1'));

    const redirectUri = `http://127.0.0.1:${port}/callback`;
    const begun = await agent.connect('literal', { url: server.url, redirectUri });
    await visit(String(begun.authUrl));

    expect(await agent.connect('literal')).toMatchObject({ status: 'success' });
    expect(attacker.connections()).toBe(0);
  });

  it.skipIf(!hasIpv6)('is served on ::1 where it says so, beside one on 127.0.0.1 of the same port', async () => {
    const { server } = await protectedServer();
    const home = await stage.home();
    const bystander = await stage.agent({ home });
    const first = await stage.agent({ home });
    const port = await freePort();
    const literal = { url: server.url, redirectUri: `http://127.0.0.1:${port}/callback`, account: 'four' };
    const four = await first.connect('both', literal);
    expect(await isListening(port, '::1')).toBe(false);
    const six = await first.connect('six', { url: server.url, redirectUri: `http://[::1]:${port}/callback` });
    await first.broker.kill();

    await until(async () => (await isListening(port, '::1')) && (await isListening(port, '127.0.0.1')));
    await visit(String(six.authUrl));
    await visit(String(four.authUrl));
    expect(await bystander.connect('six')).toMatchObject({ status: 'success' });
    expect(await bystander.connect('both', { account: 'four' })).toMatchObject({ status: 'success' });
  });
});

describe('T23 a redirect URI that nobody allowed', () => {
  it('is refused, and neither kept nor registered', async () => {
    const { authorizationServer, server } = await protectedServer();
    const agent = await stage.agent();
    await agent.connect('refusing', { url: server.url, account: 'before' });
    const requestsBefore = authorizationServer.requests('registration').length;

    for (const redirectUri of [
      'https://evil.example/collect',
      'http://192.168.1.10:8080/callback',
      'http://10.0.0.1/callback',
      'http://0.0.0.0:8080/callback',
      'http://127.0.0.2:8080/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1@evil.example/callback',
      'http://evil.example#@127.0.0.1/callback',
      'http://127.0.0.1:8080/callback#fragment',
      'http://127.0.0.1:0/callback',
      'http://[::ffff:127.0.0.1]:8080/callback',
      'http://localhost.evil.example/callback',
      'https://127.0.0.1:8080/callback',
      'myapp://callback',
      'javascript:alert(1)',
      'not a url',
    ]) {
      const refused = await agent.connect('refusing', { redirectUri });
      expect(refused, redirectUri).toMatchObject({ status: 'error', code: 'redirect_not_allowed' });
      expect(refused, redirectUri).not.toHaveProperty('authUrl');
    }

    expect(authorizationServer.requests('registration')).toHaveLength(requestsBefore);
    const begun = await agent.connect('refusing');
    expect(begun.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/);
  });
});

describe('a redirect URI that the user allowed', () => {
  it('is taken from allowedRedirectUris by its exact text, and no longer when it is taken off', async () => {
    const { server } = await protectedServer();
    const home = await stage.home({ allowedRedirectUris: [RELAY] });
    const agent = await stage.agent({ home });

    expect(await agent.connect('relayed', { url: server.url, redirectUri: `${RELAY}/x` })).toMatchObject({
      code: 'redirect_not_allowed',
    });
    const begun = await agent.connect('relayed', { redirectUri: RELAY });
    expect(begun).toMatchObject({ status: 'requires_auth', redirectUri: RELAY });
    await agent.clear('relayed', { account: 'default' });
    await writeServersFile(home, { allowedRedirectUris: [] });
    expect(await agent.connect('relayed')).toMatchObject({ status: 'error', code: 'redirect_not_allowed' });
  });

  it('is the one of the server in the file: nothing else may be asked for, and a change of it counts', async () => {
    const { server } = await protectedServer();
    const [port, otherPort] = [await freePort(), await freePort()];
    const file = (redirectUri: string) => ({ mcpServers: { fixed: { url: server.url, oauth: { redirectUri } } } });
    const home = await stage.home(file(`http://127.0.0.1:${port}/fixed`));
    const agent = await stage.agent({ home });

    expect(await agent.connect('fixed', { redirectUri: `http://127.0.0.1:${otherPort}/x` })).toMatchObject({
      status: 'error',
      code: 'invalid_input',
    });
    const begun = await agent.connect('fixed');
    expect(begun.redirectUri).toBe(`http://127.0.0.1:${port}/fixed`);
    await writeServersFile(home, file(`http://127.0.0.1:${otherPort}/fixed`));
    const changed = await agent.connect('fixed');
    expect(changed.redirectUri).toBe(`http://127.0.0.1:${otherPort}/fixed`);
    const late = await visit(String(begun.authUrl), { stopBefore: (url) => url.pathname === '/fixed' });
    expect(await agent.connect('fixed', { callbackUrl: late.finalUrl })).toMatchObject({ code: 'state_invalid' });
    await visit(String(changed.authUrl));
    expect(await agent.connect('fixed')).toMatchObject({ status: 'success' });
  });
});
