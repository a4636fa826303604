/**
 * Signing in on another device (RFC 8628) at a real authorization server, with a clock that the test turns: what is
 * shown, when the token endpoint is asked, and what each answer of it comes to.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AuthorizationServerFixture, AuthorizationServerOptions } from '../support/authorization-server.js';
import type { Payload } from '../support/broker-process.js';
import { submitForm, visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { freePort } from '../support/loopback-port.js';
import { checkPayload } from '../support/payload-shapes.js';
import { createStage } from '../support/stage.js';

const INTERVAL_MS = 5_000;
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const stage = createStage();
afterEach(() => stage.close());

interface Scene {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly url: string;
  readonly composed: ComposedBroker;
  connect(args?: Readonly<Record<string, unknown>>): Promise<Payload>;
  /** Turns the clock on to the next poll, and connects. */
  connectLater(): Promise<Payload>;
  /** Token requests for a device code. */
  polls(): number;
}

async function scene(
  options: {
    readonly authorizationServer?: AuthorizationServerOptions;
    readonly env?: Readonly<Record<string, string>>;
    readonly oauth?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<Scene> {
  const authorizationServer = await stage.authorizationServer({ deviceFlow: true, ...options.authorizationServer });
  const { url } = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
  const home = await stage.home({
    mcpServers: { mailbox: { url, ...(options.oauth !== undefined && { oauth: options.oauth }) } },
  });
  const composed = stage.keep(await composedBroker({ home, ...(options.env !== undefined && { env: options.env }) }));
  const connect = async (args: Readonly<Record<string, unknown>> = {}): Promise<Payload> => {
    const payload: unknown = await composed.broker.connect(composed.principal, { serverName: 'mailbox', ...args });
    checkPayload(JSON.parse(JSON.stringify(payload)));
    return payload as Payload;
  };
  return {
    authorizationServer,
    url,
    composed,
    connect,
    connectLater: () => {
      composed.advance(INTERVAL_MS);
      return connect();
    },
    polls: () => authorizationServer.requests('token', { grant_type: DEVICE_GRANT }).length,
  };
}

const approve = ({ authUrl }: Payload) => visit(String(authUrl));
const deny = ({ authUrl }: Payload) => visit(String(authUrl), { deny: true });

describe('a sign-in on another device', () => {
  it('shows where to go and which code belongs there, and listens on no port', async () => {
    const { connect, authorizationServer, url, composed } = await scene();

    const asked = await connect({ flow: 'device' });

    const userCode = String(asked.userCode);
    expect(userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(asked).toEqual({
      status: 'requires_auth',
      serverName: 'mailbox',
      authType: 'oauth2',
      authUrl: `${authorizationServer.issuer}/device?user_code=${userCode}`,
      completion: 'device',
      scope: 'mcp:tools',
      userCode,
      expiresAt: expect.stringMatching(/^\d{4}-/),
      helpfulSkills: [{ id: 'mcp-server-oauth', name: expect.any(String) }],
      nextStep: expect.stringContaining('waitSeconds'),
    });
    expect(await composed.broker.openPorts()).toEqual([]);
    expect(JSON.parse(authorizationServer.requests('registration')[0]?.body ?? '{}')).toMatchObject({
      grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    });
    expect(authorizationServer.requests('device_authorization').map(({ parameters }) => parameters)).toEqual([
      { client_id: expect.any(String), scope: 'mcp:tools', resource: url },
    ]);
  });

  it('is the same until it ends, and the token endpoint is asked once in each interval', async () => {
    const { connect, connectLater, polls, composed } = await scene();
    const asked = await connect({ flow: 'device' });

    expect(await connect()).toEqual(asked);
    composed.advance(INTERVAL_MS - 1);
    expect(await connect({ flow: 'device' })).toEqual(asked);
    expect(polls()).toBe(0);
    composed.advance(1);
    expect(await Promise.all([connect(), connect(), connect()])).toEqual([asked, asked, asked]);
    expect(polls()).toBe(1);

    await approve(asked);
    expect(await connect()).toEqual(asked);
    expect(polls()).toBe(1);
    expect(await connectLater()).toMatchObject({ status: 'success', authType: 'oauth2', scope: 'mcp:tools' });
    expect(polls()).toBe(2);
  });

  it('is finished with the code typed in by hand', async () => {
    const { connect, connectLater, authorizationServer } = await scene();
    authorizationServer.bend({ endpoint: 'device_authorization', patch: { verification_uri_complete: undefined } });
    const asked = await connect({ flow: 'device' });
    expect(asked.authUrl).toBe(`${authorizationServer.issuer}/device`);

    const page = await visit(String(asked.authUrl), { submitForms: false });
    await submitForm(page, { user_code: String(asked.userCode) }, { submitForms: true });

    expect(await connectLater()).toMatchObject({ status: 'success' });
  });

  it('sends resource and client with each token request, and stores what can be refreshed', async () => {
    const { connect, connectLater, authorizationServer, url } = await scene({
      authorizationServer: {
        registration: 'none',
        authMethods: ['client_secret_basic'],
        clients: [{ clientId: 'ours', clientSecret: 'a secret of ours' }],
      },
      oauth: { clientId: 'ours', clientSecret: 'a secret of ours', grantType: 'device_code' },
    });
    const asked = await connect();
    expect(asked).toMatchObject({ completion: 'device' });
    await approve(asked);

    expect(await connectLater()).toMatchObject({ status: 'success' });

    const basic = `Basic ${Buffer.from('ours:a+secret+of+ours').toString('base64')}`;
    const [codes] = authorizationServer.requests('device_authorization');
    const [tokens] = authorizationServer.requests('token');
    expect(codes?.headers.authorization).toBe(basic);
    expect(tokens?.headers.authorization).toBe(basic);
    expect(tokens?.parameters).toEqual({
      grant_type: DEVICE_GRANT,
      device_code: expect.any(String),
      resource: url,
    });
  });

  it('is polled in the background by the process that began it', async () => {
    const { connect, authorizationServer, composed } = await scene();
    authorizationServer.bend({ endpoint: 'device_authorization', patch: { interval: 1 } });
    await approve(await connect({ flow: 'device' }));
    composed.advance(INTERVAL_MS);

    await vi.waitUntil(async () => (await stateOf(composed)) !== 'auth_required', { timeout: 20_000 });

    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('needs no PKCE, which is about an authorization code', async () => {
    const { connect, authorizationServer } = await scene();
    authorizationServer.bend({ endpoint: 'metadata', patch: { code_challenge_methods_supported: undefined } });

    expect(await connect()).toMatchObject({ code: 'pkce_unsupported' });
    expect(await connect({ flow: 'device' })).toMatchObject({ completion: 'device' });
  });
});

describe('what the token endpoint says of a device code', () => {
  const answerTokens = (
    { authorizationServer }: Scene,
    answer: { readonly status: number; readonly body?: string | Readonly<Record<string, unknown>> },
    times?: number,
  ) =>
    authorizationServer.bend({
      endpoint: 'token',
      parameters: { grant_type: DEVICE_GRANT },
      respond: answer,
      ...(times !== undefined && { times }),
    });

  it('authorization_denied is said once; the call after it asks for a new code', async () => {
    const { connect, connectLater } = await scene();
    const asked = await connect({ flow: 'device' });
    await deny(asked);

    expect(await connectLater()).toMatchObject({ status: 'error', code: 'authorization_denied', retryable: false });
    const anew = await connect();
    expect(anew).toMatchObject({ status: 'requires_auth', completion: 'device' });
    expect(anew.userCode).not.toBe(asked.userCode);
  });

  it('a code that expired there is replaced by a new one that says why', async () => {
    const on = await scene();
    const asked = await on.connect({ flow: 'device' });
    answerTokens(on, { status: 400, body: { error: 'expired_token' } }, 1);

    const anew = await on.connectLater();

    expect(anew).toMatchObject({ status: 'requires_auth', completion: 'device', reason: 'state_expired' });
    expect(anew.userCode).not.toBe(asked.userCode);
    await approve(anew);
    expect(await on.connectLater()).toMatchObject({ status: 'success' });
  });

  it('a code that has lived as long as it said is not asked for again', async () => {
    const { connect, composed, polls } = await scene();
    const asked = await connect({ flow: 'device' });
    const lifetimeMs = Date.parse(String(asked.expiresAt)) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(500_000);
    expect(lifetimeMs).toBeLessThanOrEqual(600_000);
    composed.advance(600_000);

    expect(await connect()).toMatchObject({ status: 'requires_auth', completion: 'device', reason: 'state_expired' });
    expect(polls()).toBe(0);
  });

  it('slow_down adds five seconds for every process, up to a minute', async () => {
    const on = await scene();
    const asked = await on.connect({ flow: 'device' });
    await approve(asked);
    answerTokens(on, { status: 400, body: { error: 'slow_down' } }, 1);

    expect(await on.connectLater()).toEqual(asked);
    expect(await on.connectLater()).toEqual(asked);
    expect(on.polls()).toBe(1);
    expect(await on.connectLater()).toMatchObject({ status: 'success' });
    expect(on.polls()).toBe(2);
  });

  it('never slows down beyond a minute', async () => {
    const on = await scene();
    const asked = await on.connect({ flow: 'device' });
    answerTokens(on, { status: 400, body: { error: 'slow_down' } });
    const slowedDown = 12;
    for (let count = 0; count < slowedDown; count += 1) {
      on.composed.advance(Math.min(5 + count * 5, 60) * 1_000);
      expect(await on.connect()).toEqual(asked);
    }
    expect(on.polls()).toBe(slowedDown);
    on.composed.advance(59_999);
    await on.connect();
    expect(on.polls()).toBe(slowedDown);
    on.composed.advance(1);
    await on.connect();
    expect(on.polls()).toBe(slowedDown + 1);
  });

  it.each<[string, Parameters<AuthorizationServerFixture['bend']>[0]]>([
    ['503', { endpoint: 'token', times: 1, respond: { status: 503 } }],
    ['429 for a while', { endpoint: 'token', times: 1, respond: { status: 429, headers: { 'retry-after': '9' } } }],
    ['server_error', { endpoint: 'token', times: 1, respond: { status: 400, body: { error: 'server_error' } } }],
    ['a connection that is reset', { endpoint: 'token', times: 1, beforeForward: 'reset' }],
  ])('%s does not end the sign-in', async (_, bend) => {
    const on = await scene();
    const asked = await on.connect({ flow: 'device' });
    await approve(asked);
    on.authorizationServer.bend(bend);

    expect(await on.connectLater()).toEqual(asked);
    on.composed.advance(INTERVAL_MS);
    expect(await on.connectLater()).toMatchObject({ status: 'success' });
  });

  it('a time to wait that it names is waited', async () => {
    const on = await scene();
    await on.connect({ flow: 'device' });
    on.authorizationServer.bend({
      endpoint: 'token',
      times: 1,
      respond: { status: 429, headers: { 'retry-after': '20' } },
    });
    await on.connectLater();
    on.composed.advance(19_999);
    await on.connect();
    expect(on.polls()).toBe(1);
    on.composed.advance(1);
    await on.connect();
    expect(on.polls()).toBe(2);
  });

  it.each<[string, { status: number; body?: string | Readonly<Record<string, unknown>> }, string]>([
    ['invalid_grant', { status: 400, body: { error: 'invalid_grant' } }, 'authorization_failed'],
    ['authorization_declined', { status: 400, body: { error: 'authorization_declined' } }, 'authorization_denied'],
    ['HTML', { status: 200, body: '<html>' }, 'token_request_failed'],
    [
      'a token of another kind',
      { status: 200, body: { access_token: 'x', token_type: 'mac' } },
      'token_request_failed',
    ],
  ])('%s ends the sign-in', async (_, answer, code) => {
    const on = await scene();
    await on.connect({ flow: 'device' });
    answerTokens(on, answer, 1);

    expect(await on.connectLater()).toMatchObject({ status: 'error', code, retryable: false });
    expect(await on.connect()).toMatchObject({ status: 'requires_auth', completion: 'device' });
  });
});

describe('a device code that is no longer wanted', () => {
  it('is replaced by another flow, and its tokens are never asked for', async () => {
    const { connect, connectLater, polls } = await scene();
    const byDevice = await connect({ flow: 'device' });

    const byBrowser = await connect({ flow: 'browser' });

    expect(byBrowser).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    await approve(byDevice);
    expect(await connectLater()).toEqual(byBrowser);
    expect(polls()).toBe(0);
    const again = await connect({ flow: 'device' });
    expect(again).toMatchObject({ completion: 'device' });
    expect(again.userCode).not.toBe(byDevice.userCode);
  });

  it('is replaced where the scope changes', async () => {
    const { connect } = await scene();
    const first = await connect({ flow: 'device' });
    const second = await connect({ scope: 'mcp:write' });

    expect(second).toMatchObject({ completion: 'device', scope: 'mcp:write' });
    expect(second.userCode).not.toBe(first.userCode);
    expect(await connect({ scope: 'mcp:write' })).toEqual(second);
  });

  it('is cancelled by clearing', async () => {
    const { connect, composed, polls } = await scene();
    const asked = await connect({ flow: 'device' });
    await approve(asked);

    expect(await composed.broker.clearAuth(composed.principal, { serverName: 'mailbox' })).toMatchObject({
      cleared: { pending: 1, clients: 1 },
    });
    composed.advance(INTERVAL_MS);
    expect((await connect()).userCode).not.toBe(asked.userCode);
    expect(polls()).toBe(0);
  });

  it('leaves no tokens where it was cleared while they were on their way', async () => {
    const { connect, composed, authorizationServer } = await scene();
    await approve(await connect({ flow: 'device' }));
    const cleared = gate();
    const forwarded = gate();
    authorizationServer.bend({
      endpoint: 'token',
      times: 1,
      holdAfter: cleared.opened,
      onForwarded: forwarded.open,
    });
    composed.advance(INTERVAL_MS);
    const connecting = connect();
    await forwarded.opened;
    await composed.broker.clearAuth(composed.principal, { serverName: 'mailbox' });
    cleared.open();

    expect(await connecting).toMatchObject({ status: 'requires_auth' });
    const [revoked] = authorizationServer.requests('revocation');
    expect(await authorizationServer.findAccessToken(String(revoked?.parameters.token))).toBeUndefined();
  });

  it('takes no pasted answer', async () => {
    const { connect } = await scene();
    const asked = await connect({ flow: 'device' });

    expect(await connect({ callbackUrl: '?code=x&state=y' })).toMatchObject({ code: 'state_invalid' });
    expect(await connect()).toEqual(asked);
  });
});

describe('who chooses the device flow', () => {
  const OVER_SSH = { SSH_CONNECTION: '203.0.113.7 50000 203.0.113.8 22' };

  it('over SSH it is chosen by itself, and kept', async () => {
    const { connect, connectLater } = await scene({ env: OVER_SSH });
    const asked = await connect();
    expect(asked).toMatchObject({ completion: 'device' });
    expect(await connect({ flow: 'device' })).toEqual(asked);
    await approve(asked);
    expect(await connectLater()).toMatchObject({ status: 'success' });
  });

  it.each<[string, Parameters<typeof scene>[0], Readonly<Record<string, unknown>>]>([
    ['a flow is given', {}, { flow: 'browser' }],
    ['a redirect URI is set', { env: { MCP_OAUTH_REDIRECT_URI: 'https://relay.example/cb' } }, {}],
    ['the file says how', { oauth: { grantType: 'authorization_code' } }, {}],
    ['the authorization server does not offer it', { authorizationServer: { deviceFlow: false } }, {}],
  ])('not by itself where %s', async (_, options, args) => {
    const { connect } = await scene({ ...options, env: { ...OVER_SSH, ...options?.env } });

    expect((await connect(args)).completion).not.toBe('device');
  });

  it('gives way to a redirect URI that is named later', async () => {
    const { connect } = await scene({ env: OVER_SSH });
    await connect();
    const redirectUri = `http://127.0.0.1:${await freePort()}/oauth/callback`;

    expect(await connect({ redirectUri })).toMatchObject({ completion: 'callback', redirectUri });
  });

  it.each([
    ['does not give our client any', { status: 400, body: { error: 'unauthorized_client' } }],
    ['does not answer', { status: 503 }],
    ['answers with no codes', { status: 200, body: { user_code: 'ABCD-EFGH' } }],
    [
      'would send the user to a place that must not be opened',
      {
        status: 200,
        body: { device_code: 'x', user_code: 'ABCD', verification_uri: 'https://169.254.169.254/', expires_in: 600 },
      },
    ],
  ])('by itself it is never worse than the browser: where the server %s', async (_, respond) => {
    const { connect, authorizationServer } = await scene({ env: OVER_SSH });
    authorizationServer.bend({ endpoint: 'device_authorization', respond });

    expect(await connect()).toMatchObject({ status: 'requires_auth', completion: 'callback' });
  });

  it('the file alone may choose it, and is not contradicted', async () => {
    const byFile = await scene({ oauth: { grantType: 'device_code' } });
    const byBrowser = await scene({ oauth: { grantType: 'authorization_code' } });

    expect(await byFile.connect()).toMatchObject({ completion: 'device' });
    expect(await byFile.connect({ flow: 'browser' })).toMatchObject({ code: 'invalid_input' });
    expect(await byBrowser.connect({ flow: 'device' })).toMatchObject({ code: 'invalid_input' });
  });

  it('says so where it cannot be had, and how else to go on', async () => {
    const { connect } = await scene({ authorizationServer: { deviceFlow: false } });

    expect(await connect({ flow: 'device' })).toMatchObject({
      status: 'error',
      code: 'invalid_input',
      nextStep: expect.stringContaining('paste_back'),
    });
    expect(await connect()).toMatchObject({ completion: 'callback' });
  });
});

describe('a device authorization request that is refused', () => {
  const refuse = ({ authorizationServer }: Scene, error: string, times = 1) =>
    authorizationServer.bend({ endpoint: 'device_authorization', times, respond: { status: 400, body: { error } } });

  it('is made with a new client where the authorization server has forgotten ours', async () => {
    const on = await scene();
    const asked = await on.connect({ flow: 'device' });
    await approve(asked);
    await on.connectLater();
    on.authorizationServer.dropClients();
    on.authorizationServer.dropAccessTokens();
    on.authorizationServer.dropRefreshTokens();

    expect(await on.connect()).toMatchObject({ status: 'requires_auth', completion: 'device' });
    expect(on.authorizationServer.requests('registration')).toHaveLength(2);
  });

  it('is a matter of the client where a fresh one is refused', async () => {
    const on = await scene();
    refuse(on, 'unauthorized_client');

    expect(await on.connect({ flow: 'device' })).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'client_rejected',
    });
  });

  it('for another reason names the other flows, and speaks of no code that nobody had', async () => {
    const on = await scene();
    refuse(on, 'unsupported_grant_type');

    const refused = await on.connect({ flow: 'device' });
    expect(refused).toMatchObject({
      status: 'error',
      code: 'authorization_failed',
      nextStep: expect.stringContaining('flow: "browser"'),
    });
    expect(refused['error']).not.toContain('authorization code');
  });

  it('is made without scope where the scope was our choice, and is the caller’s matter where it was theirs', async () => {
    const on = await scene();
    refuse(on, 'invalid_scope');
    const without = await on.connect({ flow: 'device' });
    expect(without).toMatchObject({ status: 'requires_auth', completion: 'device', reason: 'scope_rejected' });
    expect(without).not.toHaveProperty('scope');

    refuse(on, 'invalid_scope');
    expect(await on.connect({ scope: 'mcp:admin' })).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'scope_rejected',
    });
  });

  it.each<[string, string]>([
    ['javascript:alert(1)', 'url_not_allowed'],
    ['http://as.example/device', 'insecure_url'],
    ['https://192.168.0.1/device', 'url_not_allowed'],
    ['https://www.$(calc.exe).com/', 'url_not_allowed'],
  ])('T16 T17 T18 leads no user to %s', async (uri, code) => {
    const on = await scene();
    on.authorizationServer.bend({ endpoint: 'device_authorization', patch: { verification_uri_complete: uri } });

    expect(await on.connect({ flow: 'device' })).toMatchObject({ status: 'error', code });
    expect(on.polls()).toBe(0);
  });
});

async function stateOf({ broker, principal }: ComposedBroker): Promise<string | undefined> {
  const listed = await broker.listServers(principal, 'mailbox');
  return 'servers' in listed ? listed.servers[0]?.accounts[0]?.state : undefined;
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
