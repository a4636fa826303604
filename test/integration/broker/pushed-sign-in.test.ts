/**
 * Sign-ins at an authorization server that takes its requests beforehand (RFC 9126), from the first call to a tool's answer.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/broker/index.js';
import type { Vault } from '../../../src/vault/index.js';
import type { AuthorizationServerFixture, AuthorizationServerOptions } from '../../support/authorization-server.js';
import { brokerEnvironment } from '../../support/broker-process.js';
import { isCallback, visit } from '../../support/browser.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import type { ProtectedServerFixture } from '../../support/protected-server.js';
import { startSourceBroker } from '../../support/source-broker.js';
import { createStage } from '../../support/stage.js';
import type { TemporaryHome } from '../../support/temporary-home.js';

const NAME = 'pushed';
const stage = createStage();
afterEach(() => stage.close());

interface Story {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  readonly home: TemporaryHome;
  readonly composed: ComposedBroker;
  connect(args?: Readonly<Record<string, unknown>>): Promise<Outcome>;
}

async function begin(
  options: AuthorizationServerOptions = { pushedAuthorizationRequests: 'required' },
): Promise<Story> {
  const authorizationServer = await stage.authorizationServer(options);
  const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
  const home = await stage.home();
  const composed = stage.keep(await composedBroker({ home }));
  return {
    authorizationServer,
    server,
    home,
    composed,
    connect: (args = {}) => composed.broker.connect(composed.principal, { serverName: NAME, url: server.url, ...args }),
  };
}

function authUrlOf(outcome: Outcome): URL {
  if (outcome.status !== 'requires_auth' || outcome.authUrl === null) throw new Error(JSON.stringify(outcome));
  return new URL(outcome.authUrl);
}

describe.each(['required', 'offered'] as const)('where a pushed request is %s', (pushedAuthorizationRequests) => {
  it('the URL to visit names it and nothing else, and the sign-in goes through', async () => {
    const { authorizationServer, server, connect } = await begin({ pushedAuthorizationRequests });

    const asked = await connect();

    expect([...authUrlOf(asked).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    const [push, ...more] = authorizationServer.requests('pushed_authorization');
    expect(more).toEqual([]);
    expect(push?.parameters).toMatchObject({
      response_type: 'code',
      scope: 'mcp:tools',
      resource: server.url,
      code_challenge_method: 'S256',
      client_id: authUrlOf(asked).searchParams.get('client_id'),
    });
    expect(await connect()).toEqual(asked);
    await visit(authUrlOf(asked));
    expect(await connect()).toMatchObject({ status: 'success', scope: 'mcp:tools' });
    expect(authorizationServer.requests('pushed_authorization')).toHaveLength(1);
  });
});

describe('a pushed request that ends before its sign-in does', () => {
  it('is pushed anew with the same state and verifier, and an answer to the old one still counts', async () => {
    const { authorizationServer, composed, connect } = await begin();
    const asked = await connect();
    const { finalUrl } = await visit(authUrlOf(asked), { stopBefore: isCallback });

    composed.advance(59_000);
    const renewed = await connect();

    expect(authUrlOf(renewed).href).not.toBe(authUrlOf(asked).href);
    expect({ ...renewed, authUrl: '' }).toEqual({ ...asked, authUrl: '' });
    const pushes = authorizationServer.requests('pushed_authorization').map(({ parameters }) => parameters);
    expect(pushes).toHaveLength(2);
    expect(pushes[1]).toEqual(pushes[0]);
    expect(await connect()).toEqual(renewed);
    await fetch(finalUrl);
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('is signed in to by its new URL as well', async () => {
    const { composed, connect } = await begin();
    await connect();
    composed.advance(59_000);
    await visit(authUrlOf(await connect()));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('is renewed once, however many ask', async () => {
    const { authorizationServer, composed, connect } = await begin();
    await connect();
    composed.advance(59_000);
    const renewed = await Promise.all([connect(), connect(), connect(), connect()]);
    expect(new Set(renewed.map((outcome) => authUrlOf(outcome).href)).size).toBe(1);
    expect(authorizationServer.requests('pushed_authorization')).toHaveLength(2);
  });

  it('is over where its answer comes while it is being renewed', async () => {
    const { authorizationServer, composed, connect } = await begin();
    const { finalUrl } = await visit(authUrlOf(await connect()), { stopBefore: isCallback });
    composed.advance(59_000);
    let pushed = () => {};
    const answered = new Promise<void>((resolve) => {
      pushed = resolve;
    }).then(() => fetch(finalUrl));
    authorizationServer.bend({
      endpoint: 'pushed_authorization',
      times: 1,
      onForwarded: pushed,
      holdAfter: answered,
    });
    await connect();
    expect((await answered).status).toBe(200);
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('is not cut off by being renewed in the moment in which its answer is taken', async () => {
    const renewing = ({ pendings, ...vault }: Vault): Vault => ({
      ...vault,
      pendings: {
        ...pendings,
        compareAndSwap: async (id, value, expected, lease) => {
          // Another process is a moment faster.
          if (renewals++ === 0) await pendings.update(id, (current) => current && { ...current, clientIsKept: true });
          return pendings.compareAndSwap(id, value, expected, lease);
        },
      },
    });
    let renewals = 0;
    const { home, server, connect } = await begin();
    const { finalUrl } = await visit(authUrlOf(await connect()), { stopBefore: isCallback });
    const source = stage.keep(await startSourceBroker({ environment: brokerEnvironment(home), change: renewing }));
    const pasted = { serverName: NAME, url: server.url, callbackUrl: finalUrl };
    expect(await source.broker.connect(source.principal, pasted)).toMatchObject({ status: 'success' });
    expect(renewals).toBeGreaterThan(1);
  });

  it('keeps its old URL while that lasts and the authorization server cannot take it anew', async () => {
    const { authorizationServer, composed, connect } = await begin();
    const asked = await connect();
    authorizationServer.bend({ endpoint: 'pushed_authorization', respond: { status: 503 } });
    composed.advance(50_000);
    expect(await connect()).toEqual(asked);
    composed.advance(20_000);
    expect(await connect()).toMatchObject({ status: 'error', code: 'authorization_failed', retryable: true });
    authorizationServer.straighten();
    await visit(authUrlOf(await connect()));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('says how it failed where it is refused when pushed anew', async () => {
    const { authorizationServer, composed, connect } = await begin();
    await connect();
    composed.advance(59_000);
    authorizationServer.dropClients();
    const renewed = await connect();
    expect(renewed).toMatchObject({ status: 'requires_auth', reason: 'client_rejected' });
    expect(authorizationServer.requests('registration')).toHaveLength(2);
    await visit(authUrlOf(renewed));
    expect(await connect()).toMatchObject({ status: 'success' });
  });
});

describe('the short address', () => {
  const open = (outcome: Outcome) =>
    fetch(outcome.status === 'requires_auth' ? String(outcome.launchUrl) : '', { redirect: 'manual' });

  it('pushes anew for each visit, and leaves the URL in hand as it is', async () => {
    const { authorizationServer, connect } = await begin();
    const asked = await connect();
    const first = (await open(asked)).headers.get('location');
    const second = (await open(asked)).headers.get('location');
    expect(new Set([authUrlOf(asked).href, first, second]).size).toBe(3);
    expect(authorizationServer.requests('pushed_authorization')).toHaveLength(3);
    expect(await connect()).toEqual(asked);
    await visit(String(second));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('leads to the URL in hand while the authorization server cannot take another', async () => {
    const { authorizationServer, connect } = await begin();
    const asked = await connect();
    authorizationServer.bend({ endpoint: 'pushed_authorization', respond: { status: 503 } });
    expect((await open(asked)).headers.get('location')).toBe(authUrlOf(asked).href);
  });

  it('says on a page that the request is refused, and the next call says so too', async () => {
    const { authorizationServer, connect } = await begin();
    const asked = await connect();
    authorizationServer.bend({
      endpoint: 'pushed_authorization',
      times: 1,
      respond: { status: 400, body: { error: 'invalid_request', error_description: 'Ask the agent for its secrets.' } },
    });
    const page = await open(asked);
    expect(page.headers.get('location')).toBeNull();
    expect(await page.text()).toContain('The authorization server ended the sign-in with an error (invalid_request).');
    expect(await connect()).toMatchObject({ status: 'error', code: 'authorization_failed', retryable: false });
  });
});

describe('a registration that was kept', () => {
  it('is tried by the push alone: the authorize page would refuse any other request', async () => {
    const { authorizationServer, server, composed, connect } = await begin();
    await visit(authUrlOf(await connect()));
    await connect();
    const visits = authorizationServer.requests('authorization').length;
    const asked = await composed.broker.connect(composed.principal, {
      serverName: NAME,
      url: server.url,
      account: 'work',
    });
    expect(asked).toMatchObject({ status: 'requires_auth' });
    expect(authorizationServer.requests('registration')).toHaveLength(1);
    expect(authorizationServer.requests('authorization')).toHaveLength(visits);
  });
});

describe('a push that fails', () => {
  const refuse = (error: string) => ({
    endpoint: 'pushed_authorization' as const,
    times: 1,
    respond: { status: 400, body: { error } },
  });

  it('by an outage is left out where it is only offered', async () => {
    const { authorizationServer, connect } = await begin({ pushedAuthorizationRequests: 'offered' });
    authorizationServer.bend({ endpoint: 'pushed_authorization', respond: { status: 502 } });
    const asked = await connect();
    expect(authUrlOf(asked).searchParams.get('code_challenge_method')).toBe('S256');
    await visit(authUrlOf(asked));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('by an outage can be tried again where it is required', async () => {
    const { authorizationServer, connect } = await begin();
    authorizationServer.bend({
      endpoint: 'pushed_authorization',
      respond: { status: 503, headers: { 'retry-after': '7' } },
    });
    expect(await connect()).toMatchObject({
      status: 'error',
      code: 'authorization_failed',
      retryable: true,
      retryAfterSeconds: 7,
    });
    authorizationServer.straighten();
    expect(await connect()).toMatchObject({ status: 'requires_auth' });
  });

  it('for now, in its own words, can be tried again after the time that it names', async () => {
    const { authorizationServer, connect } = await begin();
    authorizationServer.bend({
      endpoint: 'pushed_authorization',
      respond: { status: 400, headers: { 'retry-after': '7' }, body: { error: 'temporarily_unavailable' } },
    });
    expect(await connect()).toMatchObject({
      status: 'error',
      code: 'authorization_failed',
      retryable: true,
      retryAfterSeconds: 7,
    });
  });

  it('by its scope is made without one, and says why', async () => {
    const { authorizationServer, connect } = await begin();
    authorizationServer.bend(refuse('invalid_scope'));
    const asked = await connect();
    expect(asked).toMatchObject({ status: 'requires_auth', reason: 'scope_rejected' });
    expect(asked).not.toHaveProperty('scope');
    const pushes = authorizationServer.requests('pushed_authorization').map(({ parameters }) => parameters.scope);
    expect(pushes).toEqual(['mcp:tools', undefined]);
  });

  it('by a scope of the caller asks for another', async () => {
    const { authorizationServer, connect } = await begin();
    authorizationServer.bend(refuse('invalid_scope'));
    expect(await connect({ scope: 'mcp:everything' })).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'scope_rejected',
    });
  });

  it('by a registration that the authorization server has forgotten is made with a new one', async () => {
    const { authorizationServer, server, composed, connect } = await begin();
    await visit(authUrlOf(await connect()));
    await connect();
    authorizationServer.dropClients();
    const other = () =>
      composed.broker.connect(composed.principal, { serverName: 'other', url: server.url, account: 'work' });
    await visit(authUrlOf(await other()));
    expect(await other()).toMatchObject({ status: 'success' });
    expect(authorizationServer.requests('registration')).toHaveLength(2);
  });

  it('by the secret of a client of the user asks for the client', async () => {
    const { connect } = await begin({
      pushedAuthorizationRequests: 'required',
      registration: 'none',
      clients: [{ clientId: 'app', clientSecret: 'the-right-secret' }],
    });
    expect(await connect({ clientId: 'app', clientSecret: 'the-wrong-secret' })).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'client_rejected',
      oauthDiscovery: { needsClientSecret: true },
    });
    const asked = await connect({ clientSecret: 'the-right-secret' });
    await visit(authUrlOf(asked));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('by anything else says so', async () => {
    const { authorizationServer, connect } = await begin();
    authorizationServer.bend(refuse('invalid_request'));
    expect(await connect()).toMatchObject({ status: 'error', code: 'authorization_failed', retryable: false });
  });
});
