/**
 * A redirect URI with https: a page elsewhere that sends the browser on to the loopback callback, query unchanged.
 * The answer counts only in the browser that began at our launch page.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { type Page, visit } from '../support/browser.js';
import type { CookieJar } from '../support/cookie-jar.js';
import { freePort, isListening, startForeignProgram } from '../support/loopback-port.js';
import type { ProtectedServerFixture } from '../support/protected-server.js';
import { createStage } from '../support/stage.js';
import type { TemporaryHome } from '../support/temporary-home.js';

const RELAY = 'https://relay.example/oauth/callback';
const atRelay = (url: URL) => url.host === 'relay.example';
const stage = createStage();
let home: TemporaryHome;
let port: number;
let authorizationServer: AuthorizationServerFixture;
let server: ProtectedServerFixture;
let agent: Agent;

beforeEach(async () => {
  [home, port] = [await stage.home(), await freePort()];
  authorizationServer = await stage.authorizationServer();
  server = await stage.server({ authorizationServer });
  agent = await startAgent();
});
afterEach(() => stage.close());

const startAgent = () =>
  stage.agent({ home, env: { MCP_OAUTH_REDIRECT_URI: RELAY, MCP_OAUTH_CALLBACK_PORT: String(port) } });

/** Where the link of the launch page leads. */
const continueUrl = (page: Page): URL =>
  new URL(/href="([^"]*continue=1)"/.exec(page.body)?.[1] ?? 'no link', page.finalUrl);

/** Opens the launch page, goes on, signs in, and stops at the relay. */
async function consentAt(launchUrl: unknown, user = 'alice'): Promise<{ answer: URL; cookieJar: CookieJar }> {
  const launch = await visit(String(launchUrl));
  const { cookieJar } = launch;
  const { finalUrl } = await visit(continueUrl(launch), { cookieJar, stopBefore: atRelay, user });
  return { answer: new URL(finalUrl), cookieJar };
}

/** What the relay's redirect asks the browser to open. */
const relayed = (answer: URL): string => `http://127.0.0.1:${port}/oauth/callback${answer.search}`;

describe('a sign-in by a relay', () => {
  it('begins at our launch page, which says where it leads, and ends in the same browser', async () => {
    const begun = await agent.connect('relayed', { url: server.url });

    expect(begun).toMatchObject({ status: 'requires_auth', completion: 'callback', redirectUri: RELAY });
    expect(begun.authUrl).toBe(begun.launchUrl);
    expect(begun.authUrl).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/go/[\\w-]{43}$`));
    const launch = await visit(String(begun.authUrl));
    expect(launch.status).toBe(200);
    for (const shown of ['relayed', new URL(authorizationServer.issuer).host, 'mcp:tools', 'relay.example'])
      expect(launch.body).toContain(shown);
    expect(launch.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Lax$/);
    const { answer, cookieJar } = await consentAt(begun.authUrl);
    expect(`${answer.origin}${answer.pathname}`).toBe(RELAY);
    expect((await visit(relayed(answer), { cookieJar })).status).toBe(200);
    expect(await agent.connect('relayed')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('T26 stores nothing when another person consented to a forwarded link', async () => {
    const begun = await agent.connect('relayed', { url: server.url });
    const forwarded = await consentAt(begun.authUrl, 'victim');

    expect((await visit(relayed(forwarded.answer))).status).toBe(400);

    expect(authorizationServer.requests('token')).toHaveLength(0);
    expect((await agent.connect('relayed')).authUrl).toBe(begun.authUrl);
    const own = await consentAt(begun.authUrl);
    expect((await visit(relayed(own.answer), own)).status).toBe(200);
    expect((await agent.callTool('relayed', 'whoami')).payload).toMatchObject({ subject: 'alice' });
  });

  it('T32 takes no code of an attacker with a leaked state, also not beside the cookie of another sign-in', async () => {
    const begun = await agent.connect('relayed', { url: server.url });
    const other = await agent.connect('relayed', { account: 'other' });
    const { answer, cookieJar } = await consentAt(begun.authUrl);
    const elsewhere = await visit(String(other.authUrl));
    const forged = new URL(answer);
    forged.searchParams.set('code', 'a code of the attacker');

    expect((await visit(relayed(forged))).status).toBe(400);
    expect((await visit(relayed(forged), { cookieJar: elsewhere.cookieJar })).status).toBe(400);

    expect(authorizationServer.requests('token')).toHaveLength(0);
    expect((await visit(relayed(answer), { cookieJar })).status).toBe(200);
    expect(await agent.connect('relayed')).toMatchObject({ status: 'success' });
  });

  it('is finished beside another in the same browser', async () => {
    const first = await agent.connect('relayed', { url: server.url });
    const second = await agent.connect('relayed', { account: 'other' });
    const { answer, cookieJar } = await consentAt(first.authUrl);
    const launch = await visit(String(second.authUrl), { cookieJar });
    const other = await visit(continueUrl(launch), { cookieJar, stopBefore: atRelay });

    expect((await visit(relayed(answer), { cookieJar })).status).toBe(200);
    expect((await visit(relayed(new URL(other.finalUrl)), { cookieJar })).status).toBe(200);

    expect(await agent.connect('relayed', { account: 'other' })).toMatchObject({ status: 'success' });
  });

  it('does not skip the question for a link that carries the answer to it', async () => {
    const begun = await agent.connect('relayed', { url: server.url });

    const page = await visit(`${begun.authUrl}?continue=1`);

    expect(page.finalUrl).toBe(`${begun.authUrl}?continue=1`);
    expect(continueUrl(page).pathname).toBe(new URL(String(begun.authUrl)).pathname);
    expect(authorizationServer.requests('authorization')).toHaveLength(0);
  });

  it('is finished by another process on the same port, with the same cookie', async () => {
    const begun = await agent.connect('relayed', { url: server.url });
    const { answer, cookieJar } = await consentAt(begun.authUrl);
    await agent.broker.kill();

    const second = await startAgent();
    expect((await second.connect('relayed')).authUrl).toBe(begun.authUrl);
    expect((await visit(relayed(answer), { cookieJar })).status).toBe(200);
    expect(await second.connect('relayed')).toMatchObject({ status: 'success' });
  });

  it('is the same for a host that was started without the relay', async () => {
    const begun = await agent.connect('relayed', { url: server.url });

    const other = await stage.agent({ home, env: { MCP_OAUTH_CALLBACK_PORT: String(port) } });

    expect((await other.connect('relayed')).authUrl).toBe(begun.authUrl);
  });

  it('is not moved where a foreign program has the port, though we register', async () => {
    stage.keep(await startForeignProgram(port));

    const refused = await agent.connect('relayed', { url: server.url });

    expect(refused).toMatchObject({ status: 'error', code: 'callback_port_in_use' });
    expect(refused.nextStep).toContain(String(port));
  });
});

describe('flow: "paste_back" by a relay', () => {
  it('gives the plain URL, binds nothing and asks for no cookie', async () => {
    const begun = await agent.connect('relayed', { url: server.url, flow: 'paste_back' });

    expect(begun).toMatchObject({ status: 'requires_auth', completion: 'paste_back', redirectUri: RELAY });
    expect(begun).not.toHaveProperty('launchUrl');
    expect(String(begun.authUrl).startsWith(`${authorizationServer.issuer}/authorize?`)).toBe(true);
    const { finalUrl } = await visit(String(begun.authUrl), { stopBefore: atRelay });
    expect(await isListening(port)).toBe(false);
    expect(await agent.connect('relayed', { callbackUrl: finalUrl })).toMatchObject({ status: 'success' });
  });

  it('takes the address that the relay led to, beside a callback sign-in, too', async () => {
    const begun = await agent.connect('relayed', { url: server.url });
    const { answer } = await consentAt(begun.authUrl);

    expect(await agent.connect('relayed', { callbackUrl: relayed(answer) })).toMatchObject({ status: 'success' });
  });
});
