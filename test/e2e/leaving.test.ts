/**
 * A broker whose host goes away while tokens are on their way: what was redeemed is written first, and it leaves in time.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'leaving';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;
/** Two seconds are promised; the rest is for a machine that does much else at the time. */
const IN_TIME_MS = 4_000;
const WHILE_LEAVING_MS = 300;

const stage = createStage();
afterEach(() => stage.close());

/** A call is refreshing: the authorization server has acted, and its answer waits for `release`. */
async function whileRefreshing(): Promise<SignedIn & { release(): void; readonly refreshTokenBefore: string }> {
  const signedIn = await signIn(stage, NAME);
  const { agent, authorizationServer, grants } = signedIn;
  await grants.expire(NAME);
  const refreshTokenBefore = (await grants.find(NAME))?.value.refreshToken ?? '';
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const acted = new Promise<void>((resolve) => {
    authorizationServer.bend({ ...REFRESH, times: 1, onForwarded: resolve, holdAfter: held });
  });
  agent.callTool(NAME, 'whoami').catch(() => undefined);
  await acted;
  return { ...signedIn, release, refreshTokenBefore };
}

const ends = [
  ['SIGTERM', ({ agent }: SignedIn) => agent.broker.kill('SIGTERM')],
  ['the end of stdin', ({ agent }: SignedIn) => agent.broker.close()],
] as const;

describe.each(ends)('a broker that ends by %s while a refresh is under way', (_how, end) => {
  it('R33 commits what the authorization server answers, and leaves', async () => {
    const story = await whileRefreshing();
    const { authorizationServer, grants, home, release, refreshTokenBefore } = story;

    const exited = end(story);
    setTimeout(release, WHILE_LEAVING_MS);

    expect(await exited).toEqual({ code: 0, signal: null });
    const grant = (await grants.find(NAME))?.value;
    expect(grant).toMatchObject({ state: 'active' });
    expect(grant?.refreshToken).not.toBe(refreshTokenBefore);
    expect(grant).not.toHaveProperty('refreshIntent');
    const next = await stage.agent({ home });
    expect(await next.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(authorizationServer.refreshCount()).toBe(1);
  });

  it('R31 leaves in time though nothing is answered, and what is left behind says so', async () => {
    const story = await whileRefreshing();
    const startedAt = performance.now();

    expect(await end(story)).toEqual({ code: 0, signal: null });

    expect(performance.now() - startedAt).toBeLessThan(IN_TIME_MS);
    story.release();
    expect((await story.grants.find(NAME))?.value).toMatchObject({ state: 'active', refreshIntent: { attempts: 1 } });
    const next = await stage.agent({ home: story.home });
    expect((await next.callTool(NAME, 'whoami')).payload).toMatchObject({
      status: 'requires_auth',
      reason: 'refresh_outcome_unknown',
    });
  });
});
