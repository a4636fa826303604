/** Which servers a search without a name asks. */
import { expect, test } from 'vitest';
import { withOwner } from '../../../src/broker/known-server.js';
import type { Parts } from '../../../src/broker/parts.js';
import { usableServers } from '../../../src/broker/usable-servers.js';
import { createRemoteEntry, type RemoteServerEntry } from '../../../src/catalog/index.js';

const PRINCIPAL = { team: 'personal', user: 'ada', agent: 'host' };
const observed = (serverName: string, seen: object) => ({
  generation: 1,
  value: { serverName, account: 'default', ...seen },
});

async function namesOf(entries: readonly RemoteServerEntry[], observations: readonly object[] = []) {
  const nothing = { list: async () => [] };
  const vault = { grants: nothing, secrets: nothing, observations: { list: async () => observations } };
  const parts = { vaultExists: async () => true, vault: async () => vault } as unknown as Parts;
  const servers = entries.map((entry) => withOwner(entry, PRINCIPAL, 'default'));
  return (await usableServers(parts, servers)).map(({ entry }) => entry.serverName);
}

const open = (serverName: string, source: 'user' | 'catalog') =>
  createRemoteEntry({ serverName, url: `https://${serverName}.example/mcp`, source, auth: 'none' });

test('a built-in server that needs no credential is asked only after somebody has connected to it', async () => {
  const wiki = open('wiki', 'catalog');
  expect(await namesOf([wiki])).toEqual([]);
  expect(await namesOf([wiki], [observed('wiki', { authType: 'none', lastVerifiedAt: 1 })])).toEqual(['wiki']);
  expect(await namesOf([wiki], [observed('wiki', { authType: 'none' })])).toEqual([]);
});

test("a server of the user's file that needs no credential is asked from the start", async () => {
  expect(await namesOf([open('mine', 'user')])).toEqual(['mine']);
});
