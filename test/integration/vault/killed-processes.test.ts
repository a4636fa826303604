/** A process that is killed in the middle of its work leaves nothing half done and nothing to repair. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { buildVaultWorkers, type VaultWorker, type VaultWorkers } from '../../support/vault-process.js';
import { grantOf } from '../../support/vault-records.js';

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

describe('a process that is killed', () => {
  it(
    'R01 at any moment, 60 times, leaves every committed record readable and the file in need of no repair',
    async () => {
      const rounds = 10;
      const atOnce = 6;
      const vault = await folder.open();
      for (let round = 0; round < rounds; round += 1) {
        const writers = Array.from({ length: atOnce }, (_, index) =>
          workers.start('write', folder.path, `writer-${round}-${index}`),
        );
        await Promise.all(writers.map(({ said }) => said('ready')));
        await Promise.all(writers.map((writer, index) => killAfter(writer, (round * 13 + index * 17) % 60)));
        for (const [index, { lines }] of writers.entries()) {
          const acknowledged = lastCommitted(lines);
          const found = await vault.grants.get([...ID, `writer-${round}-${index}`]);
          // The kill can fall between a commit and its acknowledgement, or after the deletion that comes before the next write.
          const written = found?.value.obtainedAt;
          const deletedForNext = written === undefined && (acknowledged === 0 || (acknowledged + 1) % 4 === 0);
          expect(
            deletedForNext || written === acknowledged || written === acknowledged + 1,
            `acknowledged ${acknowledged}, found ${written}`,
          ).toBe(true);
        }
      }
      const file = await folder.openFile();
      expect(file.prepare('PRAGMA integrity_check').all()).toMatchObject([{ integrity_check: 'ok' }]);
      file.close();
      expect(await vault.grants.update([...ID, 'after'], () => grantOf('works'))).toBeDefined();
    },
    TIMEOUT_MS,
  );

  it(
    'R04 gives its lease back at once, which a process that only stands still does not',
    async () => {
      const holder = workers.start('hold', folder.path, 'holder', 600_000);
      await holder.said('held');
      const vault = await folder.open();
      holder.process.kill('SIGSTOP');
      expect(await vault.acquireLease(['held'], 60_000, 0)).toBeUndefined();
      await killAfter(holder, 0);
      expect(await vault.acquireLease(['held'], 60_000, 0)).toBeDefined();
    },
    TIMEOUT_MS,
  );

  it(
    'R04 keeps its lease no longer than it was given, even alive',
    async () => {
      const holder = workers.start('hold', folder.path, 'holder', 1_000);
      await holder.said('held');
      const vault = await folder.open();
      expect(await vault.acquireLease(['held'], 60_000, 30_000)).toBeDefined();
      await killAfter(holder, 0);
    },
    TIMEOUT_MS,
  );
});

async function killAfter(worker: VaultWorker, delayMs: number): Promise<void> {
  // The moment itself is what is tested: where in its work the process is then is up to chance.
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  worker.process.kill('SIGKILL');
  expect((await worker.ended).signal).toBe('SIGKILL');
}

function lastCommitted(lines: readonly string[]): number {
  const last = lines.findLast((line) => line.startsWith('committed '));
  return last === undefined ? 0 : Number(last.slice('committed '.length));
}
