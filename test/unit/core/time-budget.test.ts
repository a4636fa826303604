import { afterEach, expect, it, vi } from 'vitest';
import { DISCOVERY_TOTAL_MS, METADATA_TIMEOUT_MS } from '../../../src/core/limits.js';
import { type GuardedFetch, NetworkFailure } from '../../../src/core/outbound.js';
import { withTimeBudget } from '../../../src/core/time-budget.js';
import { discover } from '../../../src/oauth/index.js';
import { jsonAnswer } from '../../support/scripted-fetch.js';

afterEach(() => void vi.useRealTimers());

it('T87 a server whose many authorization servers never answer ends discovery in half a minute, to be tried again', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const serverUrl = new URL('https://mcp.example/mcp');
  const authorization_servers = Array.from({ length: 1_000 }, (_, index) => `https://silent.example/${index}`);
  const given: number[] = [];
  const silent: GuardedFetch = async (url, { timeoutMs = METADATA_TIMEOUT_MS } = {}) => {
    if (String(url).startsWith(serverUrl.origin))
      return jsonAnswer(200, { resource: serverUrl.href, authorization_servers });
    given.push(timeoutMs);
    vi.advanceTimersByTime(timeoutMs);
    throw new NetworkFailure('timeout', true, 'no answer in time');
  };

  const discovery = discover({ serverUrl, fetch: withTimeBudget(silent, DISCOVERY_TOTAL_MS) });

  await expect(discovery).rejects.toMatchObject({ code: 'discovery_failed', retryable: true });
  expect(given[0]).toBe(METADATA_TIMEOUT_MS);
  expect(given.length).toBeLessThan(20);
  expect(given.reduce((total, one) => total + one, 0)).toBeLessThan(DISCOVERY_TOTAL_MS + 20);
});
