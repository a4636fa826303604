/**
 * A vault with many grants, on each kind of store: open it, read one, write one, list one user's, against what the bare
 * driver takes for the same, with the same durability and no encryption.
 */
import { randomBytes } from 'node:crypto';
import { HEADER_KEY } from '../src/vault/header-record.js';
import { EVERY_STORE, type KindOfStore, type VaultPlace } from '../test/support/every-store.js';
import { grantOf } from '../test/support/vault-records.js';
import { type BareStore, bareStore, type FilledRow } from './bare-stores.js';
import { interleave, timed } from './interleave.js';
import type { Plan } from './plan.js';
import { median } from './statistics.js';
import { failedVerdict, ratioOf, shownRatio, type Verdict } from './verdict.js';

const MAX_TIMES_DRIVER = { SQLite: 1.5, Redis: 3, Postgres: 3 };
const USER = ['team', 'ada'];
const GRANTS_OF_A_USER = 20;

const STEPS = ['open', 'read', 'write', 'list'] as const;
type Steps = Readonly<Record<(typeof STEPS)[number], number>>;

/** On a file alone. */
export async function measureVault(plan: Plan): Promise<readonly Verdict[]> {
  return measure(EVERY_STORE.slice(0, 1), plan);
}

/** On a file, and on each database server that answers here. */
export async function measureStores(plan: Plan): Promise<readonly Verdict[]> {
  return measure(EVERY_STORE, plan);
}

async function measure(kinds: readonly KindOfStore[], plan: Plan): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const kind of kinds) {
    const failed = (error: unknown) => failedVerdict(`vault on ${kind.name}`, error);
    verdicts.push(await measureStore(kind, plan).catch(failed));
  }
  return verdicts;
}

async function measureStore({ name, skipped, place: makePlace }: KindOfStore, plan: Plan): Promise<Verdict> {
  if (skipped !== undefined) return failedVerdict(`vault on ${name}`, skipped);
  const place = await makePlace();
  try {
    const bare = await bareStore(place.location);
    const row = await fill(place, bare, plan.vaultRows);
    const steps: { driver: Steps[]; vault: Steps[] } = { driver: [], vault: [] };
    await interleave(
      {
        driver: async () => totalOf(steps.driver, await driverSteps(bare, row)),
        vault: async () => totalOf(steps.vault, await vaultSteps(place)),
      },
      plan.vault,
    );
    return verdictOf(name, plan.vaultRows, medians(steps.driver), medians(steps.vault));
  } finally {
    await place.remove();
  }
}

/** The grants of one user among rows of the same size of others, of whom one is returned. */
async function fill(place: VaultPlace, bare: BareStore, rows: number): Promise<FilledRow> {
  const vault = await place.vault();
  for (let index = 0; index < GRANTS_OF_A_USER; index += 1)
    await vault.grants.compareAndSwap(idOf(index), grantOf(`the-access-token-${index}`), 0);
  const [first] = (await (await place.store()).page(undefined, GRANTS_OF_A_USER)).filter(
    ({ key }) => key !== HEADER_KEY,
  );
  return bare.fill(rows - GRANTS_OF_A_USER, { size: first?.value.length ?? 0, perPartition: GRANTS_OF_A_USER });
}

async function vaultSteps(place: VaultPlace): Promise<Steps> {
  let vault!: Awaited<ReturnType<VaultPlace['vault']>>;
  const open = await timed(async () => {
    vault = await place.vault();
  });
  let generation = 0;
  const read = await timed(async () => {
    generation = (await vault.grants.get(idOf(0)))?.generation ?? 0;
  });
  const write = await timed(() => vault.grants.compareAndSwap(idOf(0), grantOf('another-token'), generation));
  const list = await timed(() => vault.grants.list(USER));
  await vault.close();
  return { open, read, write, list };
}

async function driverSteps(bare: BareStore, { key, partition, size }: FilledRow): Promise<Steps> {
  let connection!: Awaited<ReturnType<BareStore['open']>>;
  const open = await timed(async () => {
    connection = await bare.open();
  });
  const value = randomBytes(size);
  const read = await timed(() => connection.read(key));
  const write = await timed(() => connection.write(key, value));
  const list = await timed(() => connection.list(partition));
  await connection.close();
  return { open, read, write, list };
}

function verdictOf(store: KindOfStore['name'], rows: number, driver: Steps, vault: Steps): Verdict {
  const [bare, ours] = [driver, vault].map(sumOf);
  const ratio = ratioOf(ours, bare);
  const budget = MAX_TIMES_DRIVER[store];
  const parts = STEPS.map((step) => `${step} ${shownRatio(ratioOf(vault[step], driver[step]))}`);
  return {
    what: `vault on ${store} with ${rows} grants: open, read one, write one, list a user's ${GRANTS_OF_A_USER} (${parts.join(', ')})`,
    unit: 'ms',
    figures: [
      { of: 'driver', value: bare },
      { of: 'vault', value: ours },
    ],
    budget: `≤ ${budget} × driver`,
    found: shownRatio(ratio),
    isMet: ratio !== undefined && ratio <= budget,
  };
}

const idOf = (index: number) => [...USER, `server-${index}`, 'default'];
const sumOf = (steps: Steps): number => STEPS.reduce((sum, step) => sum + steps[step], 0);

function totalOf(collected: Steps[], steps: Steps): number {
  collected.push(steps);
  return sumOf(steps);
}

function medians(collected: readonly Steps[]): Steps {
  const of = (step: keyof Steps) => median(collected.map((steps) => steps[step]));
  return { open: of('open'), read: of('read'), write: of('write'), list: of('list') };
}
