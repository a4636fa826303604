/**
 * `migrate`: copies a whole vault into another store, row by row as they are, since what is sealed stays sealed.
 * The store it comes from is left as it is. It may be stopped at any point and goes on when it is called again.
 */
import { BrokerError } from '../core/errors.js';
import { allRows } from './all-rows.js';
import { HEADER_KEY, readHeader } from './header-record.js';
import type { Store, WholeRow } from './store.js';
import { UNFINISHED_COPY_KEY } from './unfinished-copy.js';

export interface CopyReport {
  /** Rows that are now in both stores, the header included. */
  readonly rows: number;
  /** The copy was made whole by an earlier call, and was left as it is: it may have been written to since. */
  readonly wasThere: boolean;
}

/** Passes over all rows until one finds nothing left to do; brokers that go on writing cannot keep it for ever. */
const PASSES_MAX = 10;

/**
 * @param from unlocked before, so that its key is known to be the right one.
 * @throws {BrokerError} `invalid_input` where `to` holds another vault; `vault_busy` while brokers are at work on `from`.
 */
export async function copyVault(from: Store, to: Store): Promise<CopyReport> {
  const source = await readHeader(from);
  if (source === undefined) throw new BrokerError('invalid_input', 'There is no vault to copy.');
  const { vaultId } = source.header;
  const there = await readHeader(to);
  if (there !== undefined && there.header.vaultId !== vaultId) throw occupied();
  const marker = await to.read(UNFINISHED_COPY_KEY);
  if (there !== undefined && marker === undefined) return { rows: await countRows(to), wasThere: true };
  if (there === undefined) await claim(to, vaultId);
  const rows = await copyUntilSame(from, to);
  await assertQuiet(from);
  const header = { key: HEADER_KEY, partition: HEADER_KEY, version: source.version, value: source.value };
  if (!(await to.exchange(header, undefined))) throw occupied();
  // From here on it can be opened.
  await to.delete(UNFINISHED_COPY_KEY);
  return { rows: rows + 1, wasThere: false };
}

/** A store that is empty, or was claimed for the same vault by a call that did not come to its end. */
async function claim(to: Store, vaultId: string): Promise<void> {
  const value = Buffer.from(vaultId, 'utf8');
  if (await to.isEmpty()) {
    await to.compareAndSwap({ key: UNFINISHED_COPY_KEY, partition: UNFINISHED_COPY_KEY, value }, 0);
  }
  const marker = await to.read(UNFINISHED_COPY_KEY);
  if (marker === undefined || !value.equals(marker.value)) throw occupied();
}

async function copyUntilSame(from: Store, to: Store): Promise<number> {
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    await assertQuiet(from);
    const { rows, changes } = await copyOnce(from, to);
    // Counted and compared: every row of the one is in the other, byte for byte.
    if (changes === 0) return rows;
  }
  throw busy();
}

async function copyOnce(from: Store, to: Store): Promise<{ readonly rows: number; readonly changes: number }> {
  const copies = allRows(to);
  let copy = await copies.next();
  let rows = 0;
  let changes = 0;
  for await (const row of allRows(from)) {
    for (; !copy.done && copy.value.key < row.key; copy = await copies.next()) changes += await dropped(to, copy.value);
    const existing = !copy.done && copy.value.key === row.key ? copy.value : undefined;
    if (existing !== undefined) copy = await copies.next();
    rows += 1;
    if (existing !== undefined && isSame(existing, row)) continue;
    await to.exchange(row, existing);
    changes += 1;
  }
  for (; !copy.done; copy = await copies.next()) changes += await dropped(to, copy.value);
  return { rows, changes };
}

/** A row that has gone from the vault since an earlier call copied it. */
async function dropped(to: Store, { key, version }: WholeRow): Promise<number> {
  return (await to.delete(key, version)) ? 1 : 0;
}

async function countRows(store: Store): Promise<number> {
  let rows = 1;
  for await (const _row of allRows(store)) rows += 1;
  return rows;
}

function isSame(a: WholeRow, b: WholeRow): boolean {
  return (
    a.version === b.version &&
    a.partition === b.partition &&
    a.expiresAt === b.expiresAt &&
    Buffer.compare(a.value, b.value) === 0
  );
}

/** Whoever holds a lease is about to write, perhaps a token that cannot be had a second time. */
async function assertQuiet(from: Store): Promise<void> {
  if (await from.hasLiveLease()) throw busy();
}

function busy(): BrokerError {
  return new BrokerError('vault_busy', 'A broker is at work on this vault. Nothing is lost.', {
    retryable: true,
    nextStep:
      'Tell the user to end the hosts that use this vault, and to run the same command again: it goes on where it stopped.',
  });
}

function occupied(): BrokerError {
  return new BrokerError(
    'invalid_input',
    'That store holds another vault, or rows that are not a vault. It was left as it is.',
    {
      nextStep:
        'Tell the user to name an empty store, for instance with another ?prefix= (redis) or ?schema= (postgres).',
    },
  );
}
