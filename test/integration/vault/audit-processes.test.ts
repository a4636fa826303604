/** Many processes write into one audit log: one chain comes of it, with every entry once. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Vault } from '../../../src/vault/index.js';
import { mintVaultKey } from '../../../src/vault/vault-key.js';
import { SHARED_SERVERS, type StoreCorner } from '../../support/shared-stores.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { buildVaultWorkers, type VaultWorker, type VaultWorkers } from '../../support/vault-process.js';

const PROCESSES = 8;
const ENTRIES = 6;
/** Long enough for a machine that does much else. */
const TIMEOUT_MS = 120_000;
const ENDED_WELL = { code: 0, signal: null, stderr: '' };

let workers: VaultWorkers;
let folder: VaultFolder;

beforeAll(async () => {
  workers = await buildVaultWorkers();
}, TIMEOUT_MS);
afterAll(() => workers.remove());
beforeEach(async () => {
  folder = await makeVaultFolder();
});
afterEach(() => folder.remove());

async function expectOneChain(vault: Vault, started: readonly VaultWorker[]): Promise<void> {
  for (const { ended } of started) expect(await ended).toEqual(ENDED_WELL);
  const { entries, chain } = await vault.audit.read('personal');
  expect(chain).toEqual({ state: 'unbroken' });
  expect(entries.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: PROCESSES * ENTRIES }, (_, index) => index + 1),
  );
  expect(new Set(entries.map(({ user, account }) => `${user} ${account}`)).size).toBe(PROCESSES * ENTRIES);
  const said = started.flatMap(({ lines }) => lines);
  expect(new Set(said)).toEqual(new Set(entries.map(({ sequence }) => `entry ${sequence}`)));
}

function startAll(env: Readonly<Record<string, string>> = {}): readonly VaultWorker[] {
  return Array.from({ length: PROCESSES }, (_, index) =>
    workers.start('audit', folder.path, `worker-${index}`, ENTRIES, { env }),
  );
}

describe('processes that write into one audit log', () => {
  it('make one chain in a file', async () => expectOneChain(await folder.open(), startAll()), TIMEOUT_MS);

  it(
    'leave a chain that goes on when they are killed',
    async () => {
      const started = Array.from({ length: 3 }, (_, index) =>
        // Enough to be killed among; no more, so that none keeps the others waiting for long.
        workers.start('audit', folder.path, `worker-${index}`, 300),
      );
      for (const { said, process: child } of started) {
        await said('entry ');
        child.kill('SIGKILL');
      }
      await Promise.all(started.map(({ ended }) => ended));
      const vault = await folder.open();
      const { sequence } = await vault.audit.append({ team: 'personal', user: 'ada', agent: 'cli', event: 'used' });
      const { entries, chain } = await vault.audit.read('personal');
      expect(chain).toEqual({ state: 'unbroken' });
      expect(entries.at(-1)).toMatchObject({ sequence, user: 'ada' });
      expect(entries).toHaveLength(sequence);
    },
    TIMEOUT_MS,
  );

  for (const { server, skipped } of SHARED_SERVERS) {
    describe.skipIf(skipped !== undefined)(`on ${server.name}${skipped === undefined ? '' : ` (${skipped})`}`, () => {
      const key = mintVaultKey().text;
      let corner: StoreCorner;
      beforeEach(() => {
        corner = server.corner();
      });
      afterEach(async () => {
        await folder.remove();
        await corner.remove();
      });

      it(
        'make one chain',
        async () => {
          const started = startAll({ MCP_OAUTH_STORE: corner.address, MCP_OAUTH_KEY: key.reveal() });
          await Promise.all(started.map(({ ended }) => ended));
          const keyOptions = { environmentKey: key, keyring: 'never' } as const;
          await expectOneChain(await folder.open({ store: corner.location, key: keyOptions }), started);
        },
        TIMEOUT_MS,
      );
    });
  }
});
