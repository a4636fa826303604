/**
 * The authorization server's own word against a refresh: the grant, or the client that it belongs to.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { visit } from '../support/browser.js';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { createStage, writeServersFile } from '../support/stage.js';

const NAME = 'rejected';
const CLIENT = { clientId: 'created-by-hand', clientSecret: 'the-secret-of-the-administrator' };
const REFUSES_CLIENT = {
  endpoint: 'token',
  parameters: { grant_type: 'refresh_token' },
  respond: { status: 401, body: { error: 'invalid_client' } },
} as const;

const stage = createStage();
afterEach(() => stage.close());

const signsInAgain = async ({ agent }: SignedIn, authUrl: unknown) => {
  await visit(String(authUrl));
  expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
};

describe('invalid_grant', () => {
  it.each([
    ['400', undefined],
    ['a 200, as some servers send errors', { status: 200, body: { error: 'invalid_grant' } }],
    ['the name that GitHub gives it', { status: 200, body: { error: 'bad_refresh_token' } }],
  ])('R10 by %s is asked for once, ever: sign in again, with the same client', async (_what, respond) => {
    const signedIn = await signIn(stage, NAME);
    const { agent, authorizationServer, grants, home } = signedIn;
    if (respond === undefined) authorizationServer.dropRefreshTokens();
    else authorizationServer.bend({ ...REFUSES_CLIENT, respond });
    await grants.expire(NAME);

    const told = await agent.callTool(NAME, 'whoami');

    expect(told).toMatchObject({ isOurs: true, payload: { status: 'requires_auth', reason: 'grant_rejected' } });
    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'ended', endedReason: 'grant_rejected' });
    const another = await stage.agent({ home });
    for (const one of [agent, another]) {
      expect(await one.connect(NAME)).toMatchObject({ status: 'requires_auth', authUrl: told.payload.authUrl });
    }
    expect(authorizationServer.refreshCount()).toBe(1);
    await signsInAgain(signedIn, told.payload.authUrl);
    expect(authorizationServer.requests('registration')).toHaveLength(1);
  });
});

describe('invalid_grant for one who lost a race', () => {
  it('R07 reads again, uses what the winner wrote, and ends nothing', async () => {
    const { agent, authorizationServer, grants } = await signIn(stage, NAME);
    await grants.expire(NAME);
    const winnerWrites = async () => {
      await vi.waitUntil(() => authorizationServer.refreshCount() === 1, { timeout: 20_000 });
      await grants.change(NAME, ({ refreshIntent: _intent, ...grant }) => ({
        ...grant,
        refreshToken: 'the-newer-refresh-token',
        expiresAt: Date.now() + 3_600_000,
      }));
    };
    authorizationServer.bend({
      ...REFUSES_CLIENT,
      holdBefore: winnerWrites(),
      respond: { status: 400, body: { error: 'invalid_grant' } },
    });

    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });

    expect((await grants.find(NAME))?.value).toMatchObject({
      state: 'active',
      refreshToken: 'the-newer-refresh-token',
    });
    expect(authorizationServer.refreshCount()).toBe(1);
  });
});

describe('invalid_client', () => {
  it('R11 of a client that we registered: it is registered again, once, and others stay', async () => {
    const signedIn = await signIn(stage, NAME);
    const { agent, authorizationServer, grants, home } = signedIn;
    const elsewhere = await stage.authorizationServer();
    const other = await stage.server({ authorizationServer: elsewhere });
    await visit(String((await agent.connect('other', { url: other.url })).authUrl));
    await agent.connect('other');
    const otherBefore = await grants.find('other');
    authorizationServer.dropClients();
    await grants.expire(NAME);

    const told = await agent.callTool(NAME, 'whoami');

    expect(told).toMatchObject({ isOurs: true, payload: { status: 'requires_auth', reason: 'client_rejected' } });
    const another = await stage.agent({ home });
    expect(await another.connect(NAME)).toMatchObject({ authUrl: told.payload.authUrl });
    await signsInAgain(signedIn, told.payload.authUrl);
    expect(authorizationServer.requests('registration')).toHaveLength(2);
    expect(await grants.find('other')).toEqual(otherBefore);
    expect(elsewhere.requests('registration')).toHaveLength(1);
    expect(await agent.callTool('other', 'whoami')).toMatchObject({ isOurs: false });
  });

  it('of a client that the user configured: the secret is asked for again, and then nobody has to sign in', async () => {
    const { agent, authorizationServer, grants } = await signIn(stage, NAME, {
      authorizationServer: { registration: 'none', clients: [CLIENT] },
      connect: CLIENT,
    });
    authorizationServer.bend(REFUSES_CLIENT);
    await grants.expire(NAME);

    const { payload } = await agent.callTool(NAME, 'whoami');

    expect(payload).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'client_rejected',
      oauthDiscovery: { needsClientSecret: true, suggestedClientId: CLIENT.clientId },
    });
    expect(payload.configUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
    authorizationServer.straighten();
    expect(await agent.connect(NAME, CLIENT)).toMatchObject({ status: 'success' });
  });

  it("of a client that the user's file fixes: an error that names the file, and the grant stays", async () => {
    const { agent, authorizationServer, grants } = await signIn(stage, NAME, {
      authorizationServer: { registration: 'none', clients: [CLIENT] },
      serversFile: (url) => ({ mcpServers: { [NAME]: { url, oauth: CLIENT } } }),
    });
    authorizationServer.bend(REFUSES_CLIENT);
    await grants.expire(NAME);
    const before = (await grants.find(NAME))?.value;

    const { payload } = await agent.callTool(NAME, 'whoami');

    expect(payload).toMatchObject({ status: 'error', code: 'client_rejected', retryable: false });
    expect(payload.nextStep).toContain('servers.json');
    expect((await grants.find(NAME))?.value).toEqual(before);
    authorizationServer.straighten();
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
  });

  it("of the user's file is the one that the file names now: no sign-in for another secret, one for another client", async () => {
    const other = { clientId: 'its-successor', clientSecret: 'another-secret-of-the-administrator' };
    const { agent, grants, home, server } = await signIn(stage, NAME, {
      authorizationServer: { registration: 'none', clients: [CLIENT, other] },
      serversFile: (url) => ({ mcpServers: { [NAME]: { url, oauth: CLIENT } } }),
    });
    const write = (oauth: object) => writeServersFile(home, { mcpServers: { [NAME]: { url: server.url, oauth } } });

    await write({ ...CLIENT, clientSecret: 'no-longer-its-secret' });
    await grants.expire(NAME);
    expect((await agent.callTool(NAME, 'whoami')).payload).toMatchObject({ status: 'error', code: 'client_rejected' });
    await write(CLIENT);
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    await write(other);
    await grants.expire(NAME);
    const { payload } = await agent.callTool(NAME, 'whoami');

    expect(payload).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    expect(new URL(String(payload.authUrl)).searchParams.get('client_id')).toBe(other.clientId);
  });
});
