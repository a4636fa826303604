/**
 * A refresh where the vault, the clock or the time that is allowed is not what it should be.
 * The broker is built from source, so that each of them can be put wrong on purpose.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProxiedCall } from '../../../src/broker/index.js';
import { BrokerError } from '../../../src/core/errors.js';
import type { Vault } from '../../../src/vault/index.js';
import { brokerEnvironment } from '../../support/broker-process.js';
import { type SignedIn, signIn } from '../../support/signed-in.js';
import { type SourceBroker, type SourceBrokerOptions, startSourceBroker } from '../../support/source-broker.js';
import { createStage } from '../../support/stage.js';

// The bounds of these stories, shorter than the product's.
vi.mock('../../../src/core/limits.js', async (original) => ({
  ...(await original<typeof import('../../../src/core/limits.js')>()),
  TOKEN_REQUEST_TIMEOUT_MS: 3_000,
  COMMIT_RETRY_MS: 10,
  COMMIT_RETRY_TOTAL_MS: 100,
  REFRESH_AHEAD_WAIT_MS: 200,
}));

const NAME = 'shaken';
const HOUR_MS = 3_600_000;
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;
const DONE = { kind: 'upstream', result: { structuredContent: { subject: 'alice' } } };

const stage = createStage();
afterEach(() => stage.close());

interface Story extends SignedIn {
  readonly source: SourceBroker;
  call(toolName?: string): Promise<ProxiedCall>;
}

async function begin(options: Omit<SourceBrokerOptions, 'environment'> = {}, signedIn?: SignedIn): Promise<Story> {
  const setting = signedIn ?? (await signIn(stage, NAME));
  const source = stage.keep(await startSourceBroker({ environment: brokerEnvironment(setting.home), ...options }));
  const call = (toolName = 'whoami') =>
    source.broker.callTool(source.principal, {
      serverName: NAME,
      toolName,
      arguments: toolName === 'write_note' ? { text: 'once' } : {},
    });
  return { ...setting, source, call };
}

/** A vault that refuses to be written while `refuses()`; reading works. */
function refusing(vault: Vault, error: BrokerError, refuses: () => boolean): Vault {
  const guarded = <T extends (...args: never[]) => Promise<unknown>>(work: T): T =>
    (async (...args: never[]) => {
      if (refuses()) throw error;
      return work(...args);
    }) as T;
  const { grants, observations } = vault;
  return {
    ...vault,
    grants: { ...grants, compareAndSwap: guarded(grants.compareAndSwap), update: guarded(grants.update) },
    observations: { ...observations, update: guarded(observations.update) },
    acquireLease: guarded(vault.acquireLease),
  };
}

const busy = new BrokerError('vault_busy', 'Busy.', { retryable: true });
const readOnly = new BrokerError('vault_unreadable', 'Read-only.');

function whenRedeemed(authorizationServer: SignedIn['authorizationServer'], then: () => void): void {
  authorizationServer.bend({ ...REFRESH, times: 1, onForwarded: then });
}

const due = async ({ grants }: SignedIn) =>
  grants.change(NAME, (grant) => ({ ...grant, obtainedAt: Date.now() - HOUR_MS, expiresAt: Date.now() + 60_000 }));

describe('a vault that cannot be written', () => {
  it('R18 after the redemption: the new tokens are used from memory, and written once it can be', async () => {
    let refuses = false;
    const story = await begin({ change: (vault) => refusing(vault, busy, () => refuses) });
    const { authorizationServer, grants, call } = story;
    await grants.expire(NAME);
    whenRedeemed(authorizationServer, () => {
      refuses = true;
    });

    expect(await call()).toMatchObject(DONE);
    const redeemed = (await grants.find(NAME))?.value.accessToken;
    expect(await call()).toMatchObject(DONE);
    expect(authorizationServer.refreshCount()).toBe(1);
    refuses = false;
    expect(await call()).toMatchObject(DONE);

    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'active' });
    expect((await grants.find(NAME))?.value.accessToken).not.toBe(redeemed);
    // What was written is what the authorization server believes: it refreshes again.
    await grants.expire(NAME);
    expect(await call()).toMatchObject(DONE);
    expect(authorizationServer.refreshCount()).toBe(2);
  });

  it('R18 and whose process ends: the new tokens are offered once more', async () => {
    let refuses = false;
    const { authorizationServer, grants, call, source } = await begin({
      change: (vault) => refusing(vault, busy, () => refuses),
    });
    await grants.expire(NAME);
    const before = (await grants.find(NAME))?.value;
    whenRedeemed(authorizationServer, () => {
      refuses = true;
    });
    await call();
    refuses = false;

    await source.broker.close();

    expect((await grants.find(NAME))?.value.refreshToken).not.toBe(before?.refreshToken);
  });

  it('R15 makes nobody send a call again that was acted on', async () => {
    let refuses = false;
    const { authorizationServer, grants, server, call } = await begin({
      change: (vault) => refusing(vault, busy, () => refuses),
    });
    await grants.expire(NAME);
    whenRedeemed(authorizationServer, () => {
      refuses = true;
    });

    expect(await call('write_note')).toMatchObject({ kind: 'upstream' });
    expect(server.callCount('write_note')).toBe(1);
  });

  it('R19 before it: a token that is still good works, and the authorization server hears nothing', async () => {
    const story = await begin({ change: (vault) => refusing(vault, readOnly, () => true) });
    await due(story);

    expect(await story.call()).toMatchObject(DONE);
    expect(story.authorizationServer.refreshCount()).toBe(0);
  });

  it.each([
    ['R19 read-only', readOnly],
    ['R20 busy', busy],
  ])('%s, and a token that has expired: said as it is, never as a sign-in', async (_what, error) => {
    const { authorizationServer, grants, call } = await begin({
      change: (vault) => refusing(vault, error, () => true),
    });
    await grants.expire(NAME);

    expect(await call()).toMatchObject({ kind: 'outcome', outcome: { status: 'error', code: error.code } });
    expect(authorizationServer.refreshCount()).toBe(0);
  });
});

describe('a clock', () => {
  it.each([
    ['an hour ahead', HOUR_MS, 1],
    ['an hour back', -HOUR_MS, 0],
    ['eight hours ahead, after a sleep', 8 * HOUR_MS, 1],
  ])('R26 set %s costs one refresh at most', async (_what, jumpMs, refreshes) => {
    let offsetMs = 0;
    const { authorizationServer, call } = await begin({ clock: { now: () => Date.now() + offsetMs } });
    expect(await call()).toMatchObject(DONE);
    offsetMs = jumpMs;

    const calls = await Promise.all([call(), call(), call()]);

    for (const called of calls) expect(called).toMatchObject(DONE);
    expect(authorizationServer.refreshCount()).toBe(refreshes);
  });

  it('R26 set back does not lengthen a wait that the authorization server asked for', async () => {
    let offsetMs = HOUR_MS;
    const { authorizationServer, grants, call } = await begin({ clock: { now: () => Date.now() + offsetMs } });
    await grants.expire(NAME);
    authorizationServer.bend({ ...REFRESH, times: 1, respond: { status: 429, headers: { 'retry-after': '60' } } });
    expect(await call()).toMatchObject({ outcome: { code: 'token_request_failed', retryAfterSeconds: 60 } });
    offsetMs = 0;

    expect(await call()).toMatchObject(DONE);
  });
});

describe('an authorization server that does not answer', () => {
  it('R08 in time, twice: nobody knows what came of it', async () => {
    const { authorizationServer, grants, call } = await begin();
    await grants.expire(NAME);
    authorizationServer.bend({ ...REFRESH, holdBefore: new Promise(() => {}) });

    expect(await call()).toMatchObject({
      outcome: { status: 'error', code: 'refresh_outcome_unknown', retryable: true },
    });
    expect(authorizationServer.refreshCount()).toBe(2);
    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'active' });
  });

  it('delays no call for long whose token is still good', async () => {
    const story = await begin();
    const { authorizationServer, call } = story;
    await due(story);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    authorizationServer.bend({ ...REFRESH, times: 1, holdBefore: held });

    expect(await call()).toMatchObject(DONE);

    // The first attempt is still under way.
    expect((await story.grants.find(NAME))?.value.refreshIntent).toMatchObject({ attempts: 1 });
    release();
    await story.source.broker.close();
    expect((await story.grants.find(NAME))?.value).not.toHaveProperty('refreshIntent');
    expect(authorizationServer.refreshCount()).toBe(1);
  });
});

describe('a slow call', () => {
  it('R06 that read the grant before another call refreshed it does not bring the old token back', async () => {
    let holds = false;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slowly = (vault: Vault): Vault => ({
      ...vault,
      grants: {
        ...vault.grants,
        get: async (id) => {
          const isSlow = holds;
          holds = false;
          const grant = await vault.grants.get(id);
          if (isSlow) await released;
          return grant;
        },
      },
    });
    const { authorizationServer, server, call } = await begin({ change: slowly });
    await call();
    holds = true;
    const slow = call();
    await expect.poll(() => holds).toBe(false);
    server.refuseTokensSeen();
    expect(await call()).toMatchObject(DONE);
    const newest = server.authorizationsSeen().at(-1);
    server.forgetRequests();
    release();

    expect(await slow).toMatchObject(DONE);
    expect(server.authorizationsSeen()).toEqual([newest]);
    expect(authorizationServer.refreshCount()).toBe(1);
  });
});
