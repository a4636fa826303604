/**
 * SQLite by whichever driver there is: `node:sqlite` where Node has it without a flag (22.13 and later),
 * else `libsql`, an optional dependency with ready-made binaries. Everything above sees one small interface.
 */
import { BrokerError } from '../core/errors.js';

export type SqliteValue = string | number | null | Uint8Array;
export type SqliteRow = Readonly<Record<string, unknown>>;

/** A prepared statement. Use each with one of the three methods only: libsql forgets to reset between them. */
export interface SqliteStatement {
  get(...parameters: SqliteValue[]): SqliteRow | undefined;
  all(...parameters: SqliteValue[]): readonly SqliteRow[];
  /** Returns how many rows were changed. */
  run(...parameters: SqliteValue[]): number;
}

export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export type SqliteDriver = (path: string) => SqliteDatabase;
export type SqliteDriverName = 'node:sqlite' | 'libsql';

/** The better one first: it needs nothing to be installed. */
const DRIVER_NAMES: readonly SqliteDriverName[] = ['node:sqlite', 'libsql'];

/**
 * @param name one driver; by default the better of those that are there.
 * @throws {BrokerError} `vault_unreadable` when there is none.
 */
export async function loadSqliteDriver(name?: SqliteDriverName): Promise<SqliteDriver> {
  for (const candidate of name === undefined ? DRIVER_NAMES : [name]) {
    const driver = candidate === 'libsql' ? await libsqlDriver() : nodeDriver();
    if (driver !== undefined) return driver;
  }
  throw new BrokerError(
    'vault_unreadable',
    'This Node has no SQLite: node:sqlite comes with Node 22.13, and libsql is not installed.',
    {
      nextStep:
        'Tell the user to use Node 22.13 or later, or to install the broker again with its optional dependencies.',
    },
  );
}

/** The primary SQLite result code (https://sqlite.org/rescode.html) of an error of either driver. */
export function sqliteResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const extended = 'errcode' in error ? error.errcode : 'rawCode' in error ? error.rawCode : undefined;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}

interface NodeSqliteStatement {
  get(...parameters: SqliteValue[]): SqliteRow | undefined;
  all(...parameters: SqliteValue[]): readonly SqliteRow[];
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint };
}

interface NodeSqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeSqliteStatement;
  close(): void;
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeSqliteDatabase;
}

function nodeDriver(): SqliteDriver | undefined {
  const sqlite = withoutExperimentalWarning(() => process.getBuiltinModule?.('node:sqlite'));
  if (!isNodeSqlite(sqlite)) return undefined;
  return (path) => {
    const database = new sqlite.DatabaseSync(path);
    return {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        return {
          get: (...parameters) => statement.get(...parameters),
          all: (...parameters) => statement.all(...parameters),
          run: (...parameters) => Number(statement.run(...parameters).changes),
        };
      },
      close: () => database.close(),
    };
  };
}

async function libsqlDriver(): Promise<SqliteDriver | undefined> {
  const libsql = await import('libsql').catch(() => undefined);
  if (libsql === undefined) return undefined;
  return (path) => {
    const database = new libsql.default(path);
    return {
      exec: (sql) => {
        database.exec(sql);
      },
      prepare: (sql) => {
        const execute = withFreshStatement(() => database.prepare<SqliteValue[][]>(sql));
        return {
          // One array, never one value: libsql takes a single Buffer for named parameters.
          get: (...parameters) => execute((statement) => statement.get(parameters)) as SqliteRow | undefined,
          all: (...parameters) =>
            execute((statement) => statement.all(parameters) as readonly SqliteRow[]).map(withByteArrays),
          run: (...parameters) => execute((statement) => statement.run(parameters).changes),
        };
      },
      close: () => {
        database.close();
      },
    };
  };
}

/**
 * libsql does not reset a statement that failed, and SQLite then keeps its old parameters: after one busy moment it
 * would answer with the row that was asked for before. So a failed statement is not used again.
 */
function withFreshStatement<Statement>(
  prepare: () => Statement,
): <Result>(use: (statement: Statement) => Result) => Result {
  let prepared: Statement | undefined = prepare();
  return (use) => {
    const statement = prepared ?? prepare();
    prepared = undefined;
    const result = use(statement);
    prepared = statement;
    return result;
  };
}

/** libsql gives a BLOB as a Buffer from `get`, but as an ArrayBuffer from `all`. */
function withByteArrays(row: SqliteRow): SqliteRow {
  const columns = Object.entries(row).map(([name, value]) => [
    name,
    value instanceof ArrayBuffer ? new Uint8Array(value) : value,
  ]);
  return Object.fromEntries(columns);
}

/** stderr is the user's: "SQLite is an experimental feature" tells them nothing. Only that kind is held back, and only during `load`. */
function withoutExperimentalWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!(rest as readonly unknown[]).includes('ExperimentalWarning')) emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function isNodeSqlite(module: unknown): module is NodeSqlite {
  return (
    typeof module === 'object' &&
    module !== null &&
    'DatabaseSync' in module &&
    typeof module.DatabaseSync === 'function'
  );
}
