/**
 * The store on a Postgres server that many machines share. Every operation is one statement and so one transaction:
 * a connection that stalls or breaks holds no lock. A write that was sent and never answered is sent again, and known
 * by its identifier.
 */
import { randomUUID } from 'node:crypto';
import {
  EXPIRED_ROW_PURGE_AFTER_MS,
  EXPIRED_ROW_PURGE_INTERVAL_MS,
  EXPIRED_ROW_PURGE_MAX_ROWS,
} from '../core/limits.js';
import {
  createPostgresPool,
  type PostgresAnswer,
  type PostgresPool,
  translatePostgresError,
} from './postgres-connection.js';
import { createPostgresLeases, type PostgresLeases } from './postgres-leases.js';
import { makeSchema, POSTGRES_SCHEMA_VERSION, schemaVersion } from './postgres-schema.js';
import { type PostgresStatements, postgresStatements } from './postgres-statements.js';
import { newerStore } from './remote-store-errors.js';
import type { LeaseOutcome, RowToWrite, Store, StoredRow, WholeRow, WriteConditions } from './store.js';
import {
  createStoreLink,
  patienceOfOpening,
  type StoreDriver,
  type StoreLink,
  type StoreTimeouts,
} from './store-link.js';
import type { PostgresLocation } from './store-location.js';

const driverOf = (location: PostgresLocation): StoreDriver<PostgresPool> => ({
  connect: async () => createPostgresPool(location),
  disconnect: (pool) => pool.disconnect(),
  translate: translatePostgresError,
});

/**
 * Connects, and makes the vault's tables where there are none.
 * @throws {BrokerError} `vault_unreadable` (refused, newer, no certificate) or `vault_busy` (no answer).
 */
export async function openPostgresStore(location: PostgresLocation, timeouts: StoreTimeouts = {}): Promise<Store> {
  const link = createStoreLink(driverOf(location), location.shown, timeouts);
  try {
    await link.run((pool) => makeOrRecognise(pool, location.schema), patienceOfOpening(timeouts));
    return new PostgresStore(link, location.schema);
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function makeOrRecognise(pool: PostgresPool, schema: string): Promise<void> {
  let version = await schemaVersion(pool, schema);
  if (version === undefined) {
    await makeSchema(pool, schema);
    version = await schemaVersion(pool, schema);
  }
  if ((version ?? 0) > POSTGRES_SCHEMA_VERSION) throw newerStore();
}

/** Whether there is a vault already; looks, and makes nothing. */
export async function postgresVaultExists(location: PostgresLocation, timeouts: StoreTimeouts = {}): Promise<boolean> {
  const link = createStoreLink(driverOf(location), location.shown, timeouts);
  const look = async (pool: PostgresPool) => {
    if ((await schemaVersion(pool, location.schema)) === undefined) return false;
    const { rows } = await pool.query({ text: postgresStatements(location.schema).any });
    return rows.length > 0;
  };
  return link.run(look, patienceOfOpening(timeouts)).finally(() => link.close());
}

class PostgresStore implements Store {
  readonly #link: StoreLink<PostgresPool>;
  readonly #statements: PostgresStatements;
  readonly #leases: PostgresLeases;
  #purgedAt = Number.NEGATIVE_INFINITY;

  constructor(link: StoreLink<PostgresPool>, schema: string) {
    this.#link = link;
    this.#statements = postgresStatements(schema);
    this.#leases = createPostgresLeases(link, schema);
  }

  async read(key: string): Promise<StoredRow | undefined> {
    return (await this.#query(this.#statements.read, [key])).rows.map(storedRow)[0];
  }

  async list(partition: string): Promise<readonly StoredRow[]> {
    return (await this.#query(this.#statements.list, [partition])).rows.map(storedRow);
  }

  async compareAndSwap(
    row: RowToWrite,
    expectedVersion: number,
    { lease, unchanged }: WriteConditions = {},
  ): Promise<number | undefined> {
    const writeId = randomUUID();
    const text = expectedVersion === 0 ? this.#statements.insert : this.#statements.replace;
    const values = [
      ...[row.key, row.partition, expectedVersion + 1, row.expiresAt ?? null, Buffer.from(row.value), writeId],
      ...[lease?.name ?? null, lease?.fence ?? null, unchanged?.key ?? null, unchanged?.version ?? null],
    ];
    const written = await this.#link.run(async (pool, attempt) => {
      const { rowCount } = await pool.query({ text, values });
      if (rowCount === 1) return true;
      // An attempt before this one may have been carried out, and only its answer lost.
      return (
        attempt > 0 && (await pool.query({ text: this.#statements.written, values: [row.key, writeId] })).rowCount === 1
      );
    });
    if (!written) return undefined;
    void this.#purgeExpired();
    return expectedVersion + 1;
  }

  async delete(key: string, expectedVersion?: number): Promise<boolean> {
    return (await this.#query(this.#statements.delete, [key, expectedVersion ?? null])).rowCount === 1;
  }

  acquireLease(name: string, holder: string, durationMs: number): Promise<LeaseOutcome> {
    return this.#leases.acquire(name, holder, durationMs);
  }

  releaseLease(name: string, fence: number): Promise<void> {
    return this.#leases.release(name, fence);
  }

  hasLiveLease(): Promise<boolean> {
    return this.#leases.anyLive();
  }

  async page(after: string | undefined, limit: number): Promise<readonly WholeRow[]> {
    return (await this.#query(this.#statements.page, [after ?? null, limit])).rows.map(wholeRow);
  }

  async exchange(row: WholeRow, previous: StoredRow | undefined): Promise<boolean> {
    const own = [row.key, row.partition, row.version, row.expiresAt ?? null, Buffer.from(row.value)];
    const { rowCount } =
      previous === undefined
        ? await this.#query(this.#statements.put, own)
        : await this.#query(this.#statements.exchange, [...own, previous.version, Buffer.from(previous.value)]);
    if (rowCount === 1) return true;
    const { rowCount: same } = await this.#query(this.#statements.same, [row.key, row.version, Buffer.from(row.value)]);
    return same === 1;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#query(this.#statements.any, [])).rowCount === 0;
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #query(text: string, values: readonly unknown[]): Promise<PostgresAnswer> {
    return this.#link.run((pool) => pool.query({ text, values }));
  }

  /**
   * Rows and leases that nobody can read any more leave after a write that happened anyway, which is not kept waiting.
   * What fails here the next does.
   */
  async #purgeExpired(): Promise<void> {
    const now = performance.now();
    if (now - this.#purgedAt < EXPIRED_ROW_PURGE_INTERVAL_MS) return;
    this.#purgedAt = now;
    const limits = [EXPIRED_ROW_PURGE_AFTER_MS, EXPIRED_ROW_PURGE_MAX_ROWS];
    await this.#query(this.#statements.purgeRows, limits).catch(() => undefined);
    await this.#query(this.#statements.purgeLeases, limits).catch(() => undefined);
  }
}

function storedRow(row: Readonly<Record<string, unknown>>): StoredRow {
  return { key: String(row['key']), version: Number(row['version']), value: row['value'] as Buffer };
}

function wholeRow(row: Readonly<Record<string, unknown>>): WholeRow {
  const expiresAt = row['expires_at'];
  return {
    ...storedRow(row),
    partition: String(row['partition']),
    ...(expiresAt === null ? {} : { expiresAt: Number(expiresAt) }),
  };
}
