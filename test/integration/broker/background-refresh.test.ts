/** Staying connected: tokens are refreshed though nobody calls, once for all processes, and nobody hears of what fails. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  BACKGROUND_REFRESH_AHEAD_MS,
  BACKGROUND_REFRESH_INTERVAL_MS,
  BACKGROUND_REFRESH_RETRY_MAX_MS,
} from '../../../src/core/limits.js';
import { visit } from '../../support/browser.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { until } from '../../support/loopback-port.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
// The broker looks at an interval; everything else runs in its own time.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(async () => {
  await stage.close();
  vi.useRealTimers();
});

const SERVER_NAME = 'kept';
const LIFETIME_SECONDS = 3_600;

async function connected() {
  const home = await stage.home();
  const authorizationServer = await stage.authorizationServer({ accessTokenTtlSeconds: LIFETIME_SECONDS });
  const { url } = await stage.server({ authorizationServer });
  const brokers = [stage.keep(await composedBroker({ home })), stage.keep(await composedBroker({ home }))] as const;
  const [first] = brokers;
  const begun = await first.broker.connect(first.principal, { serverName: SERVER_NAME, url });
  await visit('authUrl' in begun ? String(begun.authUrl) : '');
  for (const { broker, principal } of brokers)
    expect(await broker.connect(principal, { serverName: SERVER_NAME })).toMatchObject({ status: 'success' });
  return { authorizationServer, brokers, first };
}

/** Time passes for every broker, and each of them looks once. */
function pass(brokers: readonly ComposedBroker[], milliseconds: number): void {
  for (const broker of brokers) broker.advance(milliseconds);
  vi.advanceTimersByTime(BACKGROUND_REFRESH_INTERVAL_MS);
}

const UNTIL_DUE_MS = LIFETIME_SECONDS * 1_000 - BACKGROUND_REFRESH_AHEAD_MS + 1_000;

describe('a token that nobody uses', () => {
  it('is refreshed ten minutes before it runs out, by one of two processes', async () => {
    const { authorizationServer, brokers, first } = await connected();

    pass(brokers, UNTIL_DUE_MS);
    await until(() => authorizationServer.refreshCount() > 0);
    pass(brokers, 0);

    const listed = await first.broker.listServers(first.principal, SERVER_NAME);
    expect(listed).toMatchObject({ servers: [{ accounts: [{ state: 'connected' }] }] });
    await Promise.all(brokers.map(({ close }) => close()));
    expect(authorizationServer.refreshCount()).toBe(1);
  });

  it('is left alone while there is time', async () => {
    const { authorizationServer, brokers } = await connected();

    pass(brokers, UNTIL_DUE_MS - 60_000);

    await Promise.all(brokers.map(({ close }) => close()));
    expect(authorizationServer.refreshCount()).toBe(0);
  });

  it('whose refresh fails is tried again later, and calls go on with it', async () => {
    const { authorizationServer, first } = await connected();
    authorizationServer.bend({ endpoint: 'token', respond: { status: 503 }, times: 1 });

    pass([first], UNTIL_DUE_MS);
    await until(() => authorizationServer.requests('token', { grant_type: 'refresh_token' }).length === 1);
    pass([first], 1_000);
    expect(await first.broker.connect(first.principal, { serverName: SERVER_NAME })).toMatchObject({
      status: 'success',
    });
    pass([first], BACKGROUND_REFRESH_RETRY_MAX_MS / 10);

    await until(() => authorizationServer.requests('token', { grant_type: 'refresh_token' }).length === 2);
  });

  it('that was cleared is not refreshed any more', async () => {
    const { authorizationServer, brokers, first } = await connected();
    await first.broker.clearAuth(first.principal, { serverName: SERVER_NAME });

    pass(brokers, UNTIL_DUE_MS);

    await Promise.all(brokers.map(({ close }) => close()));
    expect(authorizationServer.refreshCount()).toBe(0);
  });
});
