/**
 * Connections to a Postgres server, and what its failures mean. Loaded when a Postgres store is opened, never before.
 */
import pg from 'pg';
import type { BrokerError } from '../core/errors.js';
import { POSTGRES_CONNECTIONS_MAX, STORE_ATTEMPT_TIMEOUT_MS } from '../core/limits.js';
import { fullStore, unreadableStore } from './remote-store-errors.js';
import { isCertificateError } from './store-link.js';
import type { PostgresLocation } from './store-location.js';

export interface PostgresAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

export interface PostgresPool {
  /** One statement is one transaction. */
  query(statement: { readonly text: string; readonly values?: readonly unknown[] }): Promise<PostgresAnswer>;
  disconnect(): void;
}

/** SQLSTATE classes and codes of a server that is starting, stopping, failing over, full of connections, or in somebody's way. */
const AWAY = /^(?:08...|57P0[123]|57014|53300|40001|40P01|55P03|25006)$/u;
const REFUSED = /^(?:28...|42501|3D000)$/u;
const FULL = /^53[12]00$/u;
/** The tables are not there (any more). */
const LOST = /^(?:42P01|3F000|42703)$/u;

/** Nothing is opened before the first query. */
export function createPostgresPool({ url }: PostgresLocation): PostgresPool {
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    application_name: 'mcp-oauth-broker',
    max: POSTGRES_CONNECTIONS_MAX,
    connectionTimeoutMillis: STORE_ATTEMPT_TIMEOUT_MS,
    query_timeout: STORE_ATTEMPT_TIMEOUT_MS,
    // Signing in again costs more than an idle connection.
    idleTimeoutMillis: 0,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is replaced; without a listener it would end the process.
  pool.on('error', () => undefined);
  const clients = new Set<pg.PoolClient>();
  pool.on('connect', (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('end', () => clients.delete(client));
  });
  return {
    query: ({ text, values }) => pool.query(text, values === undefined ? undefined : [...values]),
    disconnect() {
      pool.end().catch(() => undefined);
      // `end` waits for queries in flight, and one on a stalled connection is never answered.
      for (const client of clients) streamOf(client)?.destroy();
    },
  };
}

/** What a failure of the driver or the server means; undefined: the server is away for the moment. */
export function translatePostgresError(error: unknown): BrokerError | undefined {
  if (isCertificateError(error))
    return unreadableStore('The certificate of the Postgres server is not accepted.', error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!isSqlState(code) || AWAY.test(code)) return undefined;
  if (REFUSED.test(code)) {
    return unreadableStore(
      'The Postgres server refuses the user, its password or its rights, or has no such database.',
      error,
    );
  }
  if (FULL.test(code)) {
    return fullStore('Postgres', error);
  }
  if (LOST.test(code)) return unreadableStore('The Postgres server has lost the tables of this vault.', error);
  return unreadableStore('The Postgres server answered with an error.', error);
}

/** Node's own codes (ECONNREFUSED) are longer, or begin with E and four letters that no SQLSTATE has. */
function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/u.test(code) && !/^E[A-Z]{4}$/u.test(code);
}

/** The driver's types do not name the socket of a connection. */
function streamOf(client: pg.PoolClient): { destroy(): void } | undefined {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  return connection?.stream;
}
