/**
 * The tables of the SQLite store: made once, recognised at every opening.
 * A file that is not ours, or newer than this version, is refused before anything is written to it.
 */
import { BrokerError } from '../core/errors.js';
import { SQLITE_BUSY_TIMEOUT_MS } from '../core/limits.js';
import type { SqliteDatabase, SqliteDriver } from './sqlite-driver.js';

/** "mcpO": tells our file from any other SQLite file. */
const APPLICATION_ID = 0x6d63704f;
const SCHEMA_VERSION = 1;

// AUTOINCREMENT never gives a number twice, so a fencing number stays unique after its lease is gone.
const SCHEMA = `
  CREATE TABLE rows (
    key TEXT NOT NULL PRIMARY KEY,
    partition TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    value BLOB NOT NULL
  ) STRICT;
  CREATE INDEX rows_by_partition ON rows (partition, key);
  CREATE INDEX rows_by_expiry ON rows (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE leases (
    fence INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    taken_at_uptime_ms INTEGER NOT NULL,
    boot TEXT NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Fills the empty file at `path`, which nobody else knows yet. */
export function createSchema(driver: SqliteDriver, path: string): void {
  const database = driver(path);
  try {
    // The file is thrown away if this is cut short, so it needs no journal beside it.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;');
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
  } finally {
    database.close();
  }
}

/**
 * Opens an existing file: rollback journal and full synchronisation (a write-ahead log may lose the last rotated token
 * at a power cut, and brings two more files), deleted content overwritten, a short wait for other writers.
 * @throws {BrokerError} `vault_unreadable` for a file that is not a vault, or a newer one. Nothing was written.
 */
export function openDatabase(driver: SqliteDriver, path: string): SqliteDatabase {
  const database = driver(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS};`);
    assertKnownSchema(database);
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

function assertKnownSchema(database: SqliteDatabase): void {
  const applicationId = database.prepare('PRAGMA application_id').get()?.['application_id'];
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  if (applicationId !== APPLICATION_ID || typeof version !== 'number' || version < 1) {
    throw new BrokerError(
      'vault_unreadable',
      'The file is not a vault, or its beginning is lost. It was left as it is.',
      {
        nextStep: 'Tell the user to put a copy of the vault file in its place, or to move it away and sign in again.',
      },
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new BrokerError(
      'vault_unreadable',
      'The vault was made by a newer version of the broker. It was left as it is.',
      {
        nextStep: 'Tell the user to update mcp-oauth-broker.',
      },
    );
  }
}
