/** Many processes on one vault that lies on a database server, two of them on connections that stall: nothing is lost. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mintVaultKey } from '../../../src/vault/vault-key.js';
import { SHARED_SERVERS, type StoreCorner } from '../../support/shared-stores.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { buildVaultWorkers, type VaultWorker, type VaultWorkers } from '../../support/vault-process.js';

const STEADY = 6;
const STALLED = 2;
const PROCESSES = STEADY + STALLED;
/** Long enough for a machine that does much else. */
const TIMEOUT_MS = 120_000;
const ID = ['personal', 'ada', 'linear'];
const ENDED_WELL = { code: 0, signal: null, stderr: '' };

let workers: VaultWorkers;

beforeAll(async () => {
  workers = await buildVaultWorkers();
});
afterAll(() => workers.remove());

for (const { server, skipped } of SHARED_SERVERS) {
  describe.skipIf(skipped !== undefined)(
    `processes that share a vault on ${server.name}${skipped === undefined ? '' : ` (${skipped})`}`,
    () => {
      const key = mintVaultKey().text;
      let corner: StoreCorner;
      let folder: VaultFolder;
      let proxy: TcpProxy;

      beforeEach(async () => {
        corner = server.corner();
        folder = await makeVaultFolder();
        proxy = await startTcpProxy(server.port);
      });
      afterEach(async () => {
        await folder.remove();
        await proxy.close();
        await corner.remove();
      });

      function start(task: string, name: string, count: number, address: string): VaultWorker {
        const env = { MCP_OAUTH_STORE: address, MCP_OAUTH_KEY: key.reveal() };
        return workers.start(task, folder.path, name, count, { env });
      }

      function startAll(task: string, count: number) {
        const steady = Array.from({ length: STEADY }, (_, index) =>
          start(task, `steady-${index}`, count, corner.address),
        );
        const stalled = Array.from({ length: STALLED }, (_, index) =>
          start(task, `stalled-${index}`, count, corner.addressAt(proxy.port)),
        );
        return { stalled, all: [...steady, ...stalled] };
      }

      it(
        'agree on one vault when they all start at once, and lose no change, whatever arrives of a stalled one late',
        async () => {
          const count = 10;
          const { stalled, all } = startAll('increment', count);
          await Promise.all(stalled.map(({ said }) => said('added 2')));
          const letThrough = proxy.stall();
          // On new connections: what was sent on the old ones was sent again.
          await Promise.all(stalled.map(({ said }) => said('added 6')));
          letThrough();
          for (const { ended } of all) expect(await ended).toEqual(ENDED_WELL);
          const vault = await folder.open({
            store: corner.location,
            key: { environmentKey: key, keyring: 'never' },
          });
          const shared = await vault.grants.get([...ID, 'shared']);
          expect(shared).toMatchObject({ generation: PROCESSES * count, value: { obtainedAt: PROCESSES * count } });
        },
        TIMEOUT_MS,
      );

      it(
        'never hold a lease together, and each gets a fencing number of its own',
        async () => {
          const count = 4;
          const { stalled, all } = startAll('exclude', count);
          await Promise.all(stalled.map(({ said }) => said('fence ')));
          proxy.stall();
          // A process that finds another in the room ends with an error.
          for (const { ended } of all) expect(await ended).toEqual(ENDED_WELL);
          const fences = all.flatMap(({ lines }) => lines);
          expect(fences).toHaveLength(PROCESSES * count);
          expect(new Set(fences).size).toBe(fences.length);
        },
        TIMEOUT_MS,
      );
    },
  );
}
