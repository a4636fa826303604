/**
 * A sign-in that nobody finished in ten minutes (contract, section 3; T30): the broker in this process, with a clock.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import type { Payload } from '../support/broker-process.js';
import { isCallback, visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { checkPayload } from '../support/payload-shapes.js';
import type { ProtectedServerFixture } from '../support/protected-server.js';
import { createStage } from '../support/stage.js';

const MINUTE_MS = 60_000;
const stage = createStage();
afterEach(() => stage.close());

let composed: ComposedBroker;
let authorizationServer: AuthorizationServerFixture;
let server: ProtectedServerFixture;
let first: Payload;

beforeEach(async () => {
  authorizationServer = await stage.authorizationServer();
  server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
  composed = stage.keep(await composedBroker());
  first = await connect({ url: server.url });
});

async function connect(args: Readonly<Record<string, string>> = {}): Promise<Payload> {
  const payload = await composed.broker.connect(composed.principal, { serverName: 'mailbox', ...args });
  checkPayload(JSON.parse(JSON.stringify(payload)));
  return payload as unknown as Payload;
}

const callbackOf = async ({ authUrl }: Payload) => (await visit(String(authUrl), { stopBefore: isCallback })).finalUrl;

describe('a sign-in of ten minutes ago', () => {
  it('is the same until then', async () => {
    composed.advance(10 * MINUTE_MS - 1);

    expect(await connect()).toEqual(first);
    expect((await visit(String(first.authUrl))).status).toBe(200);
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('is replaced by a new one that says why, and stays the same in turn', async () => {
    const launchUrl = String(first.launchUrl);
    composed.advance(10 * MINUTE_MS);

    const anew = await connect();

    expect(anew).toMatchObject({ status: 'requires_auth', reason: 'state_expired', scope: 'mcp:tools' });
    expect(anew.authUrl).not.toBe(first.authUrl);
    expect(await connect()).toEqual(anew);
    expect((await fetch(launchUrl, { redirect: 'manual' })).status).toBe(404);
    await visit(String(anew.authUrl));
    expect(await connect()).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('T30 is a 400 page at the listener, state_expired when pasted, and its code is never redeemed', async () => {
    const callbackUrl = await callbackOf(first);
    composed.advance(10 * MINUTE_MS + 1_000);

    expect((await fetch(callbackUrl)).status).toBe(400);
    expect(await connect({ callbackUrl })).toMatchObject({ status: 'error', code: 'state_expired' });
    expect(await connect()).toMatchObject({ status: 'requires_auth', reason: 'state_expired' });
    expect((await fetch(callbackUrl)).status).toBe(400);
    expect(await connect({ callbackUrl })).toMatchObject({ code: 'state_expired' });
    expect(authorizationServer.requests('token')).toHaveLength(0);
  });

  it('says so again where the new one ran out of time as well, and is refused for its scope without a second question', async () => {
    composed.advance(11 * MINUTE_MS);
    await connect();
    composed.advance(11 * MINUTE_MS);
    const third = await connect();
    expect(third).toMatchObject({ reason: 'state_expired', scope: 'mcp:tools' });

    const callback = new URL(await callbackOf(third));
    callback.searchParams.delete('code');
    callback.searchParams.set('error', 'invalid_scope');
    await fetch(callback);

    const without = await connect();
    expect(without).toMatchObject({ status: 'requires_auth', reason: 'scope_rejected' });
    expect(without).not.toHaveProperty('scope');
  });

  it('R12 registers anew where nobody came back from the page of a kept client', async () => {
    await visit(String(first.authUrl));
    expect(await connect()).toMatchObject({ status: 'success' });
    authorizationServer.dropAccessTokens();
    authorizationServer.dropRefreshTokens();
    const again = await connect();
    expect(again).toMatchObject({ status: 'requires_auth', reason: 'grant_rejected' });
    expect(authorizationServer.requests('registration')).toHaveLength(1);
    composed.advance(11 * MINUTE_MS);

    const anew = await connect();

    expect(anew).toMatchObject({ status: 'requires_auth', reason: 'state_expired' });
    expect(authorizationServer.requests('registration')).toHaveLength(2);
    await visit(String(anew.authUrl));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('is simply replaced by a call that changes it', async () => {
    composed.advance(11 * MINUTE_MS);
    const payload = await connect({ scope: 'mcp:write' });

    expect(payload).toMatchObject({ status: 'requires_auth', scope: 'mcp:write' });
    expect(payload).not.toHaveProperty('reason');
  });
});
