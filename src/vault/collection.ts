/**
 * One kind of record over the store: names hashed, values sealed, every write bound to its place and generation.
 */
import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../core/clock.js';
import { BrokerError } from '../core/errors.js';
import { LEASE_POLL_MS, TOMBSTONE_TTL_MS, VAULT_BUSY_TIMEOUT_MS } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { kidOf, open, SEALED_FORMAT, seal } from './cipher.js';
import { lengthPrefixed } from './length-prefixed.js';
import { createOpenedRows } from './opened-rows.js';
import { createRowNames } from './row-names.js';
import type { RowToWrite, Store, StoredRow } from './store.js';
import type { Collection, Lease, Versioned } from './vault.js';
import type { VaultKeys } from './vault-header.js';

/** What tells one kind of record from another. */
export interface CollectionKind<T> {
  readonly name: string;
  /** The partition that a record with this identifier is listed in. */
  partitionOf(id: readonly string[]): readonly string[];
  /** Milliseconds since the epoch after which the record is gone; undefined: never. */
  expiresAt?(value: T): number | undefined;
  /** An identifier of this kind is random and never made again, so deleting needs no tombstone. */
  readonly idsAreUnique?: boolean;
}

export interface CollectionSurroundings {
  readonly store: Store;
  readonly keys: VaultKeys;
  /** Names rows, so that the file gives away neither servers nor users to somebody who guesses them. */
  readonly nameKey: KeyObject;
  readonly clock: Clock;
  readonly log: Log;
}

/** A deleted record keeps its row for a while, holding this: its generations are not used again, so no late writer takes a new record for the old one. */
const TOMBSTONE = null;

interface Found<T> {
  readonly version: number;
  readonly value: T | typeof TOMBSTONE;
}

export function createCollection<T extends object>(
  kind: CollectionKind<T>,
  surroundings: CollectionSurroundings,
): Collection<T> {
  const { store, keys, nameKey, clock, log } = surroundings;
  const names = createRowNames(nameKey, kind);
  const opened = createOpenedRows<Found<T>>();

  async function find(id: readonly string[]): Promise<Found<T> | undefined> {
    const row = await store.read(names.rowKeyOf(id));
    if (row === undefined) return undefined;
    await learnKeysOf([row]);
    return opened.get(row, () => openRow(row, names.partitionKeyOf(kind.partitionOf(id))));
  }

  async function get(id: readonly string[]): Promise<Versioned<T> | undefined> {
    return live(await find(id));
  }

  async function write(
    id: readonly string[],
    value: T | typeof TOMBSTONE,
    expected: number,
    lease?: Lease,
  ): Promise<number | undefined> {
    for (;;) {
      const unchanged = keys.condition();
      const written = await store.compareAndSwap(sealedRow(id, value, expected + 1), expected, { lease, unchanged });
      // Refused because of the key, it is written with the new one; else another writer was first.
      if (written !== undefined || !(await keys.renew())) return written;
    }
  }

  async function compareAndSwap(
    id: readonly string[],
    value: T,
    expected: number,
    lease?: Lease,
  ): Promise<number | undefined> {
    const written = await write(id, value, expected, lease);
    if (written !== undefined || expected !== 0) return written;
    const tombstone = await find(id);
    return tombstone?.value === TOMBSTONE ? write(id, value, tombstone.version, lease) : undefined;
  }

  async function update(
    id: readonly string[],
    change: (current: T | undefined) => T | undefined,
  ): Promise<T | undefined> {
    return untilUncontended(async () => {
      const found = await find(id);
      const current = live(found)?.value;
      const changed = change(current);
      if (changed === current) return { result: current };
      const written =
        changed === undefined ? await bury(id, found?.version ?? 0) : await write(id, changed, found?.version ?? 0);
      return written ? { result: changed } : undefined;
    });
  }

  /** Does not need to open the record: one that is damaged can be deleted, if somebody asks for that. */
  async function remove(id: readonly string[], expected?: number): Promise<boolean> {
    return untilUncontended(async () => {
      const row = await store.read(names.rowKeyOf(id));
      if (row === undefined) return { result: false };
      await learnKeysOf([row]);
      if (isTombstone(row, id)) return { result: false };
      if (expected !== undefined && row.version !== expected) return { result: false };
      return (await bury(id, row.version)) ? { result: true } : undefined;
    });
  }

  async function bury(id: readonly string[], version: number): Promise<boolean> {
    if (kind.idsAreUnique === true) return store.delete(names.rowKeyOf(id), version);
    return (await write(id, TOMBSTONE, version)) !== undefined;
  }

  async function list(partition: readonly string[]): Promise<readonly Versioned<T>[]> {
    const partitionKey = names.partitionKeyOf(partition);
    const rows = await store.list(partitionKey);
    await learnKeysOf(rows);
    return rows.flatMap((row) => {
      const found = tryOpen(row, partitionKey);
      if (found === undefined)
        log.warn({ kind: kind.name, row: row.key.slice(0, 8) }, 'A record of the vault does not open and is left out');
      const record = live(found);
      return record === undefined ? [] : [record];
    });
  }

  function sealedRow(id: readonly string[], value: T | typeof TOMBSTONE, generation: number): RowToWrite {
    const rowKey = names.rowKeyOf(id);
    const partition = names.partitionKeyOf(kind.partitionOf(id));
    const plaintext = Buffer.from(JSON.stringify(value), 'utf8');
    const expiresAt = value === TOMBSTONE ? clock.now() + TOMBSTONE_TTL_MS : kind.expiresAt?.(value);
    const sealed = seal(keys.writing(), plaintext, binding(rowKey, partition, generation));
    return { key: rowKey, partition, value: sealed, ...(expiresAt === undefined ? {} : { expiresAt }) };
  }

  function openRow(row: StoredRow, partition: string): Found<T> {
    const found = tryOpen(row, partition);
    if (found !== undefined) return found;
    throw new BrokerError(
      'vault_unreadable',
      `A stored record (${kind.name}) is damaged or was moved. It was left as it is.`,
      {
        nextStep:
          'Clear the authorization of this server with clear_mcp_auth and connect again; other servers are not affected.',
      },
    );
  }

  function tryOpen(row: StoredRow, partition: string): Found<T> | undefined {
    const key = keys.known().find((known) => known.kid.equals(kidOf(row.value)));
    const plaintext = key && open(key, row.value, binding(row.key, partition, row.version));
    if (plaintext === undefined) return undefined;
    // Authenticated: only this program, with this key, can have written it.
    return { version: row.version, value: JSON.parse(plaintext.toString('utf8')) as T | typeof TOMBSTONE };
  }

  /** Another process may have changed the vault's key since it was opened here. */
  async function learnKeysOf(rows: readonly StoredRow[]): Promise<void> {
    const isKnown = ({ value }: StoredRow) => keys.known().some(({ kid }) => kid.equals(kidOf(value)));
    if (!rows.every(isKnown)) await keys.renew();
  }

  function isTombstone(row: StoredRow, id: readonly string[]): boolean {
    return tryOpen(row, names.partitionKeyOf(kind.partitionOf(id)))?.value === TOMBSTONE;
  }

  /** What a sealed value is good for: this kind, this row (which fixes the identifier), this partition, this generation. */
  function binding(rowKey: string, partition: string, generation: number): Buffer {
    return lengthPrefixed([String(SEALED_FORMAT), kind.name, rowKey, partition, String(generation)]);
  }

  return { get, compareAndSwap, update, delete: remove, list };
}

function live<T>(found: Found<T> | undefined): Versioned<T> | undefined {
  return found === undefined || found.value === TOMBSTONE
    ? undefined
    : { value: found.value, generation: found.version };
}

/** Repeats `attempt` while another writer is always first; gives up as busy, never silently. */
async function untilUncontended<R>(attempt: () => Promise<{ readonly result: R } | undefined>): Promise<R> {
  const startedAt = performance.now();
  for (;;) {
    const done = await attempt();
    if (done !== undefined) return done.result;
    if (performance.now() - startedAt >= VAULT_BUSY_TIMEOUT_MS) {
      throw new BrokerError('vault_busy', 'Other processes kept changing the same record.', { retryable: true });
    }
    await sleep(Math.random() * LEASE_POLL_MS);
  }
}
