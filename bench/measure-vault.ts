/**
 * A vault with many grants: open it, read one, write one, against the bare SQLite driver with the same durability.
 */
import { randomBytes } from 'node:crypto';
import { makeVaultFolder, type VaultFolder } from '../test/support/vault-folder.js';
import { grantOf } from '../test/support/vault-records.js';
import { interleave, timed } from './interleave.js';
import type { Plan } from './plan.js';
import { median } from './statistics.js';
import { ratioOf, shownRatio, type Verdict } from './verdict.js';

const MAX_TIMES_DRIVER = 1.5;
const GRANT_ID = ['personal', 'ada', 'linear', 'default'];
/** The settings of the vault: what they cost is not the vault's to save. */
const DURABILITY = 'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;';

type Step = 'open' | 'read' | 'write';
type Steps = Readonly<Record<Step, number>>;

export async function measureVault(plan: Plan): Promise<Verdict> {
  const folder = await makeVaultFolder();
  try {
    const { key, size } = await fill(folder, plan.vaultRows);
    const steps: { driver: Steps[]; vault: Steps[] } = { driver: [], vault: [] };
    await interleave(
      {
        driver: async () => totalOf(steps.driver, await driverSteps(folder, key, size)),
        vault: async () => totalOf(steps.vault, await vaultSteps(folder)),
      },
      plan.vault,
    );
    return verdictOf(plan.vaultRows, medians(steps.driver), medians(steps.vault));
  } finally {
    await folder.remove();
  }
}

function verdictOf(rows: number, driver: Steps, vault: Steps): Verdict {
  const [bare, ours] = [driver, vault].map(({ open, read, write }) => open + read + write);
  const ratio = ratioOf(ours, bare);
  const parts = (['open', 'read', 'write'] as const).map(
    (step) => `${step} ${shownRatio(ratioOf(vault[step], driver[step]))}`,
  );
  return {
    what: `vault with ${rows} grants: open, read one, write one (${parts.join(', ')})`,
    unit: 'ms',
    figures: [
      { of: 'driver', value: bare },
      { of: 'vault', value: ours },
    ],
    budget: `≤ ${MAX_TIMES_DRIVER} × driver`,
    found: shownRatio(ratio),
    isMet: ratio !== undefined && ratio <= MAX_TIMES_DRIVER,
  };
}

/** One real grant among rows of the same size under other names; returns the key of one of those, and that size in bytes. */
async function fill(folder: VaultFolder, rows: number): Promise<{ readonly key: string; readonly size: number }> {
  const vault = await folder.open();
  await vault.grants.compareAndSwap(GRANT_ID, grantOf('the-access-token'), 0);
  await vault.close();
  const file = await folder.openFile();
  const size = Number(
    file.prepare("SELECT length(value) AS size FROM rows WHERE key != 'vault-header'").get()?.['size'],
  );
  const insert = file.prepare('INSERT INTO rows (key, partition, version, value) VALUES (?, ?, 1, ?)');
  const keys = Array.from({ length: rows - 1 }, hashLike);
  file.exec('BEGIN');
  for (const key of keys) insert.run(key, hashLike(), randomBytes(size));
  file.exec('COMMIT');
  file.close();
  return { key: keys[0] ?? '', size };
}

async function vaultSteps(folder: VaultFolder): Promise<Steps> {
  let vault!: Awaited<ReturnType<VaultFolder['open']>>;
  const open = await timed(async () => {
    vault = await folder.open();
  });
  let generation = 0;
  const read = await timed(async () => {
    generation = (await vault.grants.get(GRANT_ID))?.generation ?? 0;
  });
  const write = await timed(() => vault.grants.compareAndSwap(GRANT_ID, grantOf('another-token'), generation));
  await vault.close();
  return { open, read, write };
}

async function driverSteps(folder: VaultFolder, key: string, size: number): Promise<Steps> {
  let file!: Awaited<ReturnType<VaultFolder['openFile']>>;
  const open = await timed(async () => {
    file = await folder.openFile();
    file.exec(DURABILITY);
    // The file is only read with the first statement.
    file.prepare('PRAGMA user_version').get();
  });
  const read = await timed(async () => {
    file.prepare('SELECT version, value FROM rows WHERE key = ?').get(key);
  });
  // SQLite writes nothing where the bytes stay the same.
  const value = randomBytes(size);
  const write = await timed(async () => {
    file.exec('BEGIN IMMEDIATE');
    file.prepare('UPDATE rows SET value = ? WHERE key = ?').run(value, key);
    file.exec('COMMIT');
  });
  file.close();
  return { open, read, write };
}

function totalOf(collected: Steps[], steps: Steps): number {
  collected.push(steps);
  return steps.open + steps.read + steps.write;
}

function medians(collected: readonly Steps[]): Steps {
  const of = (step: Step) => median(collected.map((steps) => steps[step]));
  return { open: of('open'), read: of('read'), write: of('write') };
}

function hashLike(): string {
  return randomBytes(32).toString('base64url');
}
