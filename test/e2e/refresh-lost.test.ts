/**
 * A process dies between the redemption of a refresh token and the write of the new ones: nobody has them any more.
 * What the survivors make of it depends on the authorization server, and they say so honestly.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { visit } from '../support/browser.js';
import { type SignedIn, type SignedInOptions, signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'lost';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;

const stage = createStage();
afterEach(() => stage.close());

interface Aftermath extends SignedIn {
  readonly survivor: Agent;
}

/** The refresh of one of two processes reaches the authorization server, and the process never hears what came of it. */
async function loseRefresh(where: 'answer' | 'request', options: SignedInOptions = {}): Promise<Aftermath> {
  const signedIn = await signIn(stage, NAME, options);
  const { agent, authorizationServer, grants, home } = signedIn;
  const survivor = await stage.agent({ home });
  await survivor.callTool(NAME, 'whoami');
  await grants.expire(NAME);
  const { promise: hasActed, resolve: acted } = withResolver();
  const { promise: isDead, resolve: died } = withResolver();
  authorizationServer.bend(
    where === 'answer'
      ? { ...REFRESH, times: 1, onForwarded: acted, holdAfter: isDead }
      : { ...REFRESH, times: 1, holdBefore: isDead, beforeForward: 'reset' },
  );
  const unheard = agent.callTool(NAME, 'whoami').catch(() => undefined);
  if (where === 'answer') await hasActed;
  else await expect.poll(() => authorizationServer.refreshCount(), { timeout: 30_000 }).toBe(1);
  await agent.broker.kill('SIGKILL');
  died();
  await unheard;
  return { ...signedIn, survivor };
}

function withResolver(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}

describe('a process killed after the redemption, before the write', () => {
  it('R02 costs nothing where the authorization server forgives that a token is sent again', async () => {
    const { survivor, authorizationServer, grants } = await loseRefresh('answer', {
      authorizationServer: { rotateRefreshTokens: false },
    });
    const startedAt = performance.now();

    const called = await survivor.callTool(NAME, 'whoami');

    expect(called).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    // Within the seconds that such servers allow: nobody waits for the lease of the dead.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(authorizationServer.refreshCount()).toBe(2);
    expect(authorizationServer.requests('token', { grant_type: 'authorization_code' })).toHaveLength(1);
    const stored = (await grants.find(NAME))?.value;
    expect(stored).toMatchObject({ state: 'active' });
    expect(stored).not.toHaveProperty('refreshIntent');
  });

  it('R03 is said honestly where it does not: sign in again, and why, without a loop', async () => {
    const { survivor, authorizationServer, grants, home } = await loseRefresh('answer');

    const told = await survivor.callTool(NAME, 'whoami');

    expect(told).toMatchObject({
      isOurs: true,
      payload: { status: 'requires_auth', reason: 'refresh_outcome_unknown', authType: 'oauth2' },
    });
    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'ended', endedReason: 'refresh_outcome_unknown' });
    // Nothing more is asked, by anybody, until the user has signed in.
    const another = await stage.agent({ home });
    for (const agent of [survivor, another]) {
      const again = await agent.connect(NAME);
      expect(again).toMatchObject({ status: 'requires_auth', authUrl: told.payload.authUrl });
    }
    expect(authorizationServer.refreshCount()).toBe(2);

    await visit(String(told.payload.authUrl));
    expect(await survivor.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(await another.connect(NAME)).toMatchObject({ status: 'success' });
    expect(authorizationServer.refreshCount()).toBe(2);
  });

  it('R03 is refresh_outcome_unknown while nobody can know, and no token is sent in the meantime', async () => {
    const { survivor, authorizationServer, grants } = await loseRefresh('answer');
    authorizationServer.bend({ ...REFRESH, times: 1, beforeForward: 'reset' });

    const undecided = await survivor.callTool(NAME, 'whoami');
    const meanwhile = await survivor.connect(NAME);

    for (const payload of [undecided.payload, meanwhile]) {
      expect(payload).toMatchObject({ status: 'error', code: 'refresh_outcome_unknown', retryable: true });
      expect(payload.retryAfterSeconds).toBeGreaterThan(0);
      expect(payload.retryAfterSeconds).toBeLessThanOrEqual(30);
    }
    expect(authorizationServer.refreshCount()).toBe(2);
    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'active' });

    await grants.change(NAME, (grant) => ({ ...grant, refreshNotBefore: Date.now() - 1 }));
    const decided = await survivor.connect(NAME);
    expect(decided).toMatchObject({ status: 'requires_auth', reason: 'refresh_outcome_unknown' });
    expect(authorizationServer.refreshCount()).toBe(3);
  });

  it('R03 keeps the reason over an answer that decides nothing', async () => {
    const { survivor, authorizationServer } = await loseRefresh('answer');
    authorizationServer.bend({ ...REFRESH, times: 1, respond: { status: 503 } });

    expect(await survivor.connect(NAME)).toMatchObject({
      status: 'error',
      code: 'token_request_failed',
      retryable: true,
    });
    expect(await survivor.connect(NAME)).toMatchObject({
      status: 'requires_auth',
      reason: 'refresh_outcome_unknown',
    });
  });

  it('R01 costs nothing where the redemption never arrived', async () => {
    const { survivor, authorizationServer } = await loseRefresh('request');

    expect(await survivor.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(authorizationServer.refreshCount()).toBe(2);
    expect(authorizationServer.requests('token', { grant_type: 'authorization_code' })).toHaveLength(1);
  });
});
