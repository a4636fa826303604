/** A search over every server goes on without the one that hangs. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Connect } from '../../../src/broker/connect.js';
import type { Parts } from '../../../src/broker/parts.js';
import type { Reach } from '../../../src/broker/reach-server.js';
import { createSearch } from '../../../src/broker/search.js';
import { createRemoteEntry } from '../../../src/catalog/index.js';

const PRINCIPAL = { team: 'personal', user: 'ada', agent: 'host' };
const open = (serverName: string) =>
  createRemoteEntry({ serverName, url: `https://${serverName}.example/mcp`, source: 'user', auth: 'none' });

afterEach(() => vi.useRealTimers());

test('one server that never answers is skipped after ten seconds, and the others are found', async () => {
  vi.useFakeTimers();
  const parts = {
    vaultExists: async () => false,
    vault: async () => ({ configurations: { get: async () => undefined } }),
    catalog: { builtInEntries: () => [], userEntries: async () => [open('hangs'), open('answers')] },
  } as unknown as Parts;
  const withStored = (({ entry }) =>
    entry.serverName === 'hangs'
      ? new Promise(() => {})
      : Promise.resolve({
          kind: 'done',
          value: { tools: [{ name: 'whoami', inputSchema: {} }] },
        })) as Reach['withStored'];
  const search = createSearch(parts, { withStored } as Reach, {} as Connect);
  let found: unknown;
  void search.searchAll(PRINCIPAL, {}).then((result) => {
    found = result;
  });

  await vi.advanceTimersByTimeAsync(9_999);
  expect(found).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);

  expect(found).toMatchObject({
    tools: [{ serverName: 'answers', name: 'whoami' }],
    skipped: [{ serverName: 'hangs', reason: 'upstream_unreachable' }],
  });
  expect(vi.getTimerCount()).toBe(0);
});
