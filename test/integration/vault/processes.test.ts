/** Many processes on one vault: nothing is lost, and nobody is let in twice. */
import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { buildVaultWorkers, type VaultWorker, type VaultWorkers } from '../../support/vault-process.js';

const PROCESSES = 8;
/** Long enough for a machine that does much else. */
const TIMEOUT_MS = 120_000;
const ID = ['personal', 'ada', 'linear'];

let workers: VaultWorkers;
let folder: VaultFolder;

beforeAll(async () => {
  workers = await buildVaultWorkers();
});
afterAll(() => workers.remove());
beforeEach(async () => {
  folder = await makeVaultFolder();
});
afterEach(() => folder.remove());

describe('processes that share a vault', () => {
  it(
    'agree on one vault and one key when they all start on a fresh home, and lose no change',
    async () => {
      const count = 20;
      const started = startAll('increment', count);
      for (const { ended } of started) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
      const shared = await (await folder.open()).grants.get([...ID, 'shared']);
      expect(shared).toMatchObject({ generation: PROCESSES * count, value: { obtainedAt: PROCESSES * count } });
      expect((await readdir(folder.path)).sort()).toEqual(['vault.key', 'vault.sqlite']);
    },
    TIMEOUT_MS,
  );

  it(
    'never hold a lease together, and each gets a fencing number of its own',
    async () => {
      const count = 8;
      const started = startAll('exclude', count);
      // A process that finds another in the room ends with an error.
      for (const { ended } of started) expect(await ended).toEqual({ code: 0, signal: null, stderr: '' });
      const fences = started.flatMap(({ lines }) => lines);
      expect(fences).toHaveLength(PROCESSES * count);
      expect(new Set(fences).size).toBe(fences.length);
    },
    TIMEOUT_MS,
  );
});

function startAll(task: string, count: number): readonly VaultWorker[] {
  return Array.from({ length: PROCESSES }, (_, index) => workers.start(task, folder.path, `worker-${index}`, count));
}
