/**
 * The store on one SQLite file that many processes share.
 * Every operation is one short transaction without an await in it, so a killed process leaves nothing half done.
 */
import { type Clock, systemClock } from '../core/clock.js';
import {
  EXPIRED_ROW_PURGE_AFTER_MS,
  EXPIRED_ROW_PURGE_INTERVAL_MS,
  EXPIRED_ROW_PURGE_MAX_ROWS,
  VAULT_BUSY_TIMEOUT_MS,
} from '../core/limits.js';
import { createCurrentRows, type ReadRow } from './current-rows.js';
import { createLeaseClock, type LeaseClock } from './lease-clock.js';
import { checkPrivateFile, createPrivateFile, ensurePrivateDirectory } from './private-files.js';
import { loadSqliteDriver, type SqliteDatabase, type SqliteDriverName, type SqliteRow } from './sqlite-driver.js';
import { retryWhileBusy } from './sqlite-errors.js';
import { createSqliteLeases, type SqliteLeases } from './sqlite-leases.js';
import { createSchema, openDatabase } from './sqlite-schema.js';
import type { LeaseOutcome, RowToWrite, Store, StoredRow, WholeRow, WriteConditions } from './store.js';

export interface SqliteStoreOptions {
  /** Absolute. */
  readonly path: string;
  readonly clock?: Clock;
  readonly leaseClock?: LeaseClock;
  readonly driver?: SqliteDriverName;
  /** How long to wait for other processes. Default VAULT_BUSY_TIMEOUT_MS. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens the file, or makes it with mode 0600 in a folder of mode 0700.
 * @throws {BrokerError} `vault_unreadable` (damaged, newer, foreign, a link; all left untouched) or `vault_busy`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, clock = systemClock, busyTimeoutMs = VAULT_BUSY_TIMEOUT_MS } = options;
  await ensurePrivateDirectory(path);
  const driver = await loadSqliteDriver(options.driver);
  if (!(await checkPrivateFile(path))) {
    await createPrivateFile(path, (temporaryPath) => createSchema(driver, temporaryPath));
    // Another process may have been first, and what it made is checked like any other.
    await checkPrivateFile(path);
  }
  const database = await retryWhileBusy(() => openDatabase(driver, path), busyTimeoutMs);
  return new SqliteStore(database, clock, options.leaseClock ?? createLeaseClock(clock), busyTimeoutMs);
}

class SqliteStore implements Store {
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  readonly #leases: SqliteLeases;
  readonly #statements: ReturnType<typeof prepareRowStatements>;
  #purgedAt = Number.NEGATIVE_INFINITY;
  #open = true;
  readonly #currentRows = createCurrentRows();

  constructor(database: SqliteDatabase, clock: Clock, leaseClock: LeaseClock, busyTimeoutMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#leases = createSqliteLeases(database, leaseClock);
    this.#statements = prepareRowStatements(database);
  }

  async read(key: string): Promise<StoredRow | undefined> {
    const known = this.#open ? this.#currentRows.get(key, this.#clock.now()) : undefined;
    const row = known === undefined ? await this.#reading(() => this.#readNow(key)) : known;
    return row ?? undefined;
  }

  #readNow(key: string): StoredRow | null | undefined {
    const now = this.#clock.now();
    this.#currentRows.looked(Number(this.#statements.dataVersion.get()?.['data_version']));
    const known = this.#currentRows.get(key, now);
    if (known !== undefined) return known;
    const found = this.#statements.read.get(key);
    this.#currentRows.keep(key, found === undefined ? null : readRow(found));
    return this.#currentRows.get(key, now);
  }

  list(partition: string): Promise<readonly StoredRow[]> {
    return this.#reading(() => this.#statements.list.all(partition, this.#clock.now()).map(storedRow));
  }

  compareAndSwap(
    row: RowToWrite,
    expectedVersion: number,
    { lease, unchanged }: WriteConditions = {},
  ): Promise<number | undefined> {
    return this.#transaction(() => {
      if (lease !== undefined && !this.#leases.isHeld(lease.name, lease.fence)) return undefined;
      if (unchanged !== undefined && this.#versionOf(unchanged.key) !== unchanged.version) return undefined;
      const written = expectedVersion === 0 ? this.#insert(row) : this.#replace(row, expectedVersion);
      if (written) this.#purgeExpired();
      return written ? expectedVersion + 1 : undefined;
    });
  }

  delete(key: string, expectedVersion?: number): Promise<boolean> {
    const now = this.#clock.now();
    return this.#transaction(() =>
      expectedVersion === undefined
        ? this.#statements.delete.run(key, now) > 0
        : this.#statements.deleteVersion.run(key, expectedVersion, now) > 0,
    );
  }

  acquireLease(name: string, holder: string, durationMs: number): Promise<LeaseOutcome> {
    return this.#transaction(() => this.#leases.acquire(name, holder, durationMs));
  }

  releaseLease(name: string, fence: number): Promise<void> {
    return this.#transaction(() => this.#leases.release(name, fence));
  }

  hasLiveLease(): Promise<boolean> {
    return this.#reading(() => this.#leases.anyLive());
  }

  page(after: string | undefined, limit: number): Promise<readonly WholeRow[]> {
    return this.#reading(() => this.#statements.page.all(after ?? '', limit).map(wholeRow));
  }

  exchange(row: WholeRow, previous: StoredRow | undefined): Promise<boolean> {
    const { key, partition, version, expiresAt = null, value } = row;
    return this.#transaction(() => {
      if (this.#statements.same.get(key, version, value) !== undefined) return true;
      if (previous === undefined) return this.#statements.put.run(key, partition, version, expiresAt, value) > 0;
      return (
        this.#statements.exchange.run(partition, version, expiresAt, value, key, previous.version, previous.value) > 0
      );
    });
  }

  isEmpty(): Promise<boolean> {
    return this.#reading(() => this.#statements.any.get() === undefined);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#database.close();
  }

  #versionOf(key: string): number | undefined {
    const found = this.#statements.read.get(key);
    return found === undefined ? undefined : storedRow(found).version;
  }

  #insert(row: RowToWrite): boolean {
    const { key, partition, value, expiresAt = null } = row;
    return this.#statements.insert.run(key, partition, expiresAt, value, this.#clock.now()) > 0;
  }

  #replace(row: RowToWrite, expectedVersion: number): boolean {
    const { key, partition, value, expiresAt = null } = row;
    return this.#statements.replace.run(partition, expiresAt, value, key, expectedVersion, this.#clock.now()) > 0;
  }

  /** Rows that nobody can read any more leave with a write that happens anyway. */
  #purgeExpired(): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#purgedAt) < EXPIRED_ROW_PURGE_INTERVAL_MS) return;
    this.#purgedAt = now;
    this.#statements.purge.run(now - EXPIRED_ROW_PURGE_AFTER_MS, EXPIRED_ROW_PURGE_MAX_ROWS);
  }

  #attempt<T>(operation: () => T): Promise<T> {
    return retryWhileBusy(() => {
      if (!this.#open) throw new TypeError('The store is closed.');
      return operation();
    }, this.#busyTimeoutMs);
  }

  /**
   * The lock for reading is taken before a prepared statement runs: one that met a busy file would stay active in
   * libsql, and its connection would then keep the file from every writer until it is collected.
   */
  #reading<T>(work: () => T): Promise<T> {
    return this.#within('BEGIN; SELECT 1 FROM rows LIMIT 1', work);
  }

  #transaction<T>(work: () => T): Promise<T> {
    return this.#within('BEGIN IMMEDIATE', () => {
      this.#currentRows.forget();
      return work();
    });
  }

  #within<T>(begin: string, work: () => T): Promise<T> {
    return this.#attempt(() => {
      try {
        this.#database.exec(begin);
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (cause) {
        this.#rollBack();
        throw cause;
      }
    });
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full or fails.
    }
  }
}

function prepareRowStatements(database: SqliteDatabase) {
  const live = '(expires_at IS NULL OR expires_at > ?)';
  return {
    dataVersion: database.prepare('PRAGMA data_version'),
    read: database.prepare('SELECT key, version, value, expires_at FROM rows WHERE key = ?'),
    list: database.prepare(`SELECT key, version, value FROM rows WHERE partition = ? AND ${live} ORDER BY key`),
    any: database.prepare('SELECT 1 FROM rows LIMIT 1'),
    // An expired row is as good as none, so it gives way to a first version.
    insert: database.prepare(`
      INSERT INTO rows (key, partition, version, expires_at, value) VALUES (?, ?, 1, ?, ?)
      ON CONFLICT (key) DO UPDATE SET partition = excluded.partition, version = 1, expires_at = excluded.expires_at, value = excluded.value
      WHERE rows.expires_at IS NOT NULL AND rows.expires_at <= ?`),
    replace: database.prepare(
      `UPDATE rows SET partition = ?, expires_at = ?, value = ?, version = version + 1 WHERE key = ? AND version = ? AND ${live}`,
    ),
    page: database.prepare(
      'SELECT key, partition, version, expires_at, value FROM rows WHERE key > ? ORDER BY key LIMIT ?',
    ),
    same: database.prepare('SELECT 1 FROM rows WHERE key = ? AND version = ? AND value = ?'),
    put: database.prepare(
      'INSERT INTO rows (key, partition, version, expires_at, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    exchange: database.prepare(
      'UPDATE rows SET partition = ?, version = ?, expires_at = ?, value = ? WHERE key = ? AND version = ? AND value = ?',
    ),
    delete: database.prepare(`DELETE FROM rows WHERE key = ? AND ${live}`),
    deleteVersion: database.prepare(`DELETE FROM rows WHERE key = ? AND version = ? AND ${live}`),
    purge: database.prepare('DELETE FROM rows WHERE key IN (SELECT key FROM rows WHERE expires_at < ? LIMIT ?)'),
  };
}

function readRow(row: SqliteRow): ReadRow {
  const expiresAt = row['expires_at'];
  return { row: storedRow(row), expiresAt: typeof expiresAt === 'number' ? expiresAt : null };
}

function wholeRow(row: SqliteRow): WholeRow {
  const expiresAt = row['expires_at'];
  return {
    ...storedRow(row),
    partition: String(row['partition']),
    ...(typeof expiresAt === 'number' ? { expiresAt } : {}),
  };
}

function storedRow(row: SqliteRow): StoredRow {
  const { key, version, value } = row;
  if (typeof key === 'string' && typeof version === 'number' && value instanceof Uint8Array)
    return { key, version, value };
  throw new TypeError('A row of the vault has columns of other types than its table.');
}
