/**
 * Everything that a token endpoint can do instead of refreshing. None of it says that the sign-in is over:
 * the grant stays as it is, the agent hears whether trying again helps, and afterwards it works as before.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bend } from '../support/bend.js';
import { listenOnLoopback } from '../support/loopback-http.js';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'weathered';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;
type Weather = Omit<Bend<'token'>, 'endpoint' | 'parameters' | 'respond'> & { readonly respond?: Answer };
type Answer = Exclude<Bend<'token'>['respond'], undefined | ((request: never) => unknown)>;

const stage = createStage();
let signedIn: SignedIn;
let canaryRequests = 0;
let canary = '';

beforeAll(async () => {
  // Refresh tokens work more than once, so that what is lost on the way does not end the story.
  signedIn = await signIn(stage, NAME, { authorizationServer: { rotateRefreshTokens: false } });
  const listening = await listenOnLoopback((_request, response) => {
    canaryRequests += 1;
    response.end();
  });
  stage.keep(listening);
  canary = `${listening.origin}/token`;
});
afterAll(() => stage.close());

async function callWhileExpired(weather: Weather) {
  const { agent, authorizationServer, grants } = signedIn;
  await grants.expire(NAME);
  const before = await stored();
  authorizationServer.forgetRequests();
  authorizationServer.bend({ ...REFRESH, ...weather });
  const { payload } = await agent.callTool(NAME, 'whoami');
  return { payload, before, requests: authorizationServer.refreshCount() };
}

async function stored() {
  const grant = (await signedIn.grants.find(NAME))?.value;
  if (grant === undefined) throw new Error('The grant is gone.');
  const { refreshIntent: _intent, refreshNotBefore: _wait, ...rest } = grant;
  return rest;
}

async function worksAgain() {
  const { agent, authorizationServer, grants } = signedIn;
  authorizationServer.straighten();
  await grants.change(NAME, ({ refreshNotBefore: _wait, ...grant }) => grant);
  expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
  expect(await stored()).toMatchObject({ state: 'active' });
  expect(authorizationServer.requests('authorization')).toHaveLength(0);
}

const html = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>Log in to the Wi-Fi' };

describe('a refresh that fails', () => {
  it.each<[string, Weather, boolean]>([
    ['R08 500', { respond: { status: 500 } }, true],
    [
      'R08 503 with an error that would end a sign-in',
      { respond: { status: 503, body: { error: 'invalid_grant' } } },
      true,
    ],
    ['R08 408', { respond: { status: 408 } }, true],
    ['R09 429 without Retry-After', { respond: { status: 429 } }, true],
    ['T51 HTML with 200', { respond: html }, false],
    ['T51 an empty 200', { respond: { status: 200 } }, false],
    [
      'T51 an error name that nobody registered, with 200',
      { respond: { status: 200, body: { error: 'nope' } } },
      false,
    ],
    ['T51 a 400 that is no OAuth error', { respond: { status: 400, body: 'invalid_grant' } }, false],
    ['T51 a 404', { respond: { status: 404, body: { error: { code: 'invalid_grant' } } } }, false],
    ['unauthorized_client', { respond: { status: 400, body: { error: 'unauthorized_client' } } }, false],
    ['invalid_scope', { respond: { status: 400, body: { error: 'invalid_scope' } } }, false],
    ['T49 a token of another type', { patch: { token_type: 'N_A' } }, false],
  ])('by %s leaves the grant as it was, and works later', async (_what, weather, retryable) => {
    const { payload, before, requests } = await callWhileExpired(weather);

    expect(payload).toMatchObject({ status: 'error', code: 'token_request_failed', retryable });
    expect(payload).not.toHaveProperty('authUrl');
    expect(requests).toBe(1);
    expect(await stored()).toEqual(before);
    await worksAgain();
  });

  it.each<[string, Weather]>([
    ['R08 a reset before the authorization server sees it', { beforeForward: 'reset' }],
    ['R08 a reset after it has acted', { afterForward: 'reset' }],
    ['R17 a 200 that ends in the middle', { afterForward: 'truncate' }],
  ])('by %s is tried once more, and then nobody notices', async (_what, weather) => {
    const { payload, requests } = await callWhileExpired({ ...weather, times: 1 });

    expect(payload).toMatchObject({ subject: 'alice' });
    expect(requests).toBe(2);
    await worksAgain();
  });

  it.each<[string, Weather]>([
    ['R08 two resets', { beforeForward: 'reset' }],
    ['R17 two answers that end in the middle', { afterForward: 'truncate' }],
  ])('by %s is refresh_outcome_unknown, said without asking again for a while', async (_what, weather) => {
    const { agent, authorizationServer } = signedIn;
    const { payload, before, requests } = await callWhileExpired(weather);

    expect(payload).toMatchObject({ status: 'error', code: 'refresh_outcome_unknown', retryable: true });
    expect(requests).toBe(2);
    const again = await agent.connect(NAME);
    expect(again).toMatchObject({ code: 'refresh_outcome_unknown' });
    expect(Number(again.retryAfterSeconds)).toBeGreaterThan(0);
    expect(authorizationServer.refreshCount()).toBe(2);
    expect(await stored()).toEqual(before);
    await worksAgain();
  });

  it.each([
    ['seconds', () => '7', 7],
    ['a date', () => new Date(Date.now() + 120_000).toUTCString(), 120],
    ['an absurd number', () => '99999999999', 300],
    ['a date in another century', () => 'Fri, 31 Dec 2199 23:59:59 GMT', 300],
  ])(
    'R09 by 429 with Retry-After as %s is not tried before, however often somebody calls',
    async (_what, header, seconds) => {
      const { agent, authorizationServer } = signedIn;
      const answer = { status: 429, headers: { 'retry-after': header() } };
      const { payload, before } = await callWhileExpired({ respond: answer });
      authorizationServer.straighten();

      const calls = await Promise.all([agent.connect(NAME), agent.connect(NAME)]);

      for (const told of [payload, ...calls]) {
        expect(told).toMatchObject({ status: 'error', code: 'token_request_failed', retryable: true });
        expect(Number(told.retryAfterSeconds)).toBeLessThanOrEqual(seconds);
        expect(Number(told.retryAfterSeconds)).toBeGreaterThan(seconds - 60);
      }
      expect(authorizationServer.refreshCount()).toBe(1);
      expect(await stored()).toEqual(before);
      await worksAgain();
    },
  );

  it.each([307, 308, 302])('T45 by a %s to elsewhere sends nothing there', async (status) => {
    const { payload, before } = await callWhileExpired({ respond: { status, headers: { location: canary } } });

    expect(payload).toMatchObject({ status: 'error', code: 'token_request_failed' });
    expect(canaryRequests).toBe(0);
    expect(await stored()).toEqual(before);
    await worksAgain();
  });

  it('R08 by a name that is not found leaves the grant as it was', async () => {
    const { agent, grants } = signedIn;
    const tokenEndpoint = (await stored()).authorizationServer.tokenEndpoint;
    const pointTo = (endpoint: string) =>
      grants.change(NAME, (grant) => ({
        ...grant,
        authorizationServer: { ...grant.authorizationServer, tokenEndpoint: endpoint },
      }));
    await grants.expire(NAME);
    await pointTo('https://authorization-server.invalid/token');
    const before = await stored();

    const { payload } = await agent.callTool(NAME, 'whoami');

    expect(payload).toMatchObject({ status: 'error', code: 'token_request_failed', retryable: true });
    expect(await stored()).toEqual(before);
    await pointTo(tokenEndpoint);
    await worksAgain();
  });

  it("is nobody's concern while the token in hand is still good", async () => {
    const { agent, authorizationServer, grants } = signedIn;
    await grants.change(NAME, (grant) => ({
      ...grant,
      obtainedAt: Date.now() - 3_600_000,
      expiresAt: Date.now() + 60_000,
    }));
    authorizationServer.forgetRequests();
    authorizationServer.bend({ ...REFRESH, respond: { status: 503 } });

    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(authorizationServer.refreshCount()).toBe(1);
    await worksAgain();
  });
});
