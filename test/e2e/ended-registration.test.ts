/**
 * The client that we registered ends with its last server (RFC 7592), and its access token goes nowhere else than to
 * where it was registered (T13).
 */
import { afterEach, expect, it } from 'vitest';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { composedBroker } from '../support/composed-broker.js';
import { listenOnLoopback } from '../support/loopback-http.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

async function canary() {
  const seen: string[] = [];
  const server = stage.keep(
    await listenOnLoopback((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization}`);
      response.end();
    }),
  );
  return { origin: server.origin, seen };
}

/** Registers a client, and clears it. */
async function registerAndClear(authorizationServer: AuthorizationServerFixture, beforeClearing = () => {}) {
  const { url } = await stage.server({ authorizationServer });
  const { broker, principal } = stage.keep(await composedBroker());
  expect(await broker.connect(principal, { serverName: 'mailbox', url })).toMatchObject({ status: 'requires_auth' });
  beforeClearing();
  return broker.clearAuth(principal, { serverName: 'mailbox' });
}

const deletions = (authorizationServer: AuthorizationServerFixture) =>
  authorizationServer.requests('registration').filter(({ method }) => method === 'DELETE');

const CLEARED = { status: 'success', cleared: { clients: 1, pending: 1 } };

it('is deleted where it was registered, with the token that came with it', async () => {
  const authorizationServer = await stage.authorizationServer();

  expect(await registerAndClear(authorizationServer)).toMatchObject(CLEARED);

  expect(deletions(authorizationServer)).toHaveLength(1);
  expect(authorizationServer.dropClients()).toBe(0);
});

it('T13 is not asked for at another origin, which never sees the token', async () => {
  const authorizationServer = await stage.authorizationServer();
  const { origin, seen } = await canary();
  authorizationServer.bend({ endpoint: 'registration', patch: { registration_client_uri: `${origin}/register/1` } });

  expect(await registerAndClear(authorizationServer)).toMatchObject(CLEARED);

  expect(seen).toEqual([]);
  expect(deletions(authorizationServer)).toEqual([]);
});

it('T45 is not followed to another origin', async () => {
  const authorizationServer = await stage.authorizationServer();
  const { origin, seen } = await canary();
  const redirect = { status: 307, headers: { location: `${origin}/register/1` } };

  const cleared = await registerAndClear(authorizationServer, () =>
    authorizationServer.bend({ endpoint: 'registration', respond: redirect }),
  );

  expect(cleared).toMatchObject(CLEARED);
  expect(deletions(authorizationServer)).toHaveLength(1);
  expect(seen).toEqual([]);
});

it.each([
  ['does not answer', { beforeForward: 'reset' as const }],
  ['refuses', { respond: { status: 403 } }],
  ['fails', { respond: { status: 500 } }],
])('is forgotten here all the same where the authorization server %s', async (_, bend) => {
  const authorizationServer = await stage.authorizationServer();

  const cleared = await registerAndClear(authorizationServer, () =>
    authorizationServer.bend({ endpoint: 'registration', ...bend }),
  );

  expect(cleared).toMatchObject(CLEARED);
});
