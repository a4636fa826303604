/**
 * The tables of the Postgres store: made once, recognised at every opening, never changed by an older version.
 */
import type { PostgresPool } from './postgres-connection.js';
import { unreadableStore } from './remote-store-errors.js';

export const POSTGRES_SCHEMA_VERSION = 1;

/** Any number; it keeps two processes from making the tables at once. */
const MAKING_LOCK = 0x6d63704f;

/** The version of the tables in `schema`; undefined where there are none. */
export async function schemaVersion(pool: PostgresPool, schema: string): Promise<number | undefined> {
  const { rows } = await pool.query({ text: 'SELECT to_regclass($1) AS found', values: [`${schema}.meta`] });
  if (rows[0]?.['found'] === null) return undefined;
  const meta = await pool.query({ text: `SELECT version FROM ${schema}.meta` });
  const version = Number(meta.rows[0]?.['version']);
  if (!Number.isInteger(version))
    throw unreadableStore('The tables of the vault are damaged. They were left as they are.');
  return version;
}

/** Makes the tables where they are missing. Many may do so at once; one text without parameters is one transaction. */
export async function makeSchema(pool: PostgresPool, schema: string): Promise<void> {
  const { rows } = await pool.query({ text: 'SELECT 1 FROM pg_namespace WHERE nspname = $1', values: [schema] });
  // Where an administrator has made the schema, nobody needs the right to make others.
  const make = rows.length > 0 ? '' : `CREATE SCHEMA IF NOT EXISTS ${schema};`;
  await pool.query({
    text: `SELECT pg_advisory_xact_lock(${MAKING_LOCK});
      ${make}
      CREATE TABLE IF NOT EXISTS ${schema}.rows (
        key text COLLATE "C" PRIMARY KEY,
        partition text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        expires_at bigint,
        value bytea NOT NULL,
        write_id uuid
      );
      CREATE INDEX IF NOT EXISTS rows_by_partition ON ${schema}.rows (partition, key);
      CREATE INDEX IF NOT EXISTS rows_by_expiry ON ${schema}.rows (expires_at) WHERE expires_at IS NOT NULL;
      CREATE TABLE IF NOT EXISTS ${schema}.leases (
        name text COLLATE "C" PRIMARY KEY,
        fence bigint NOT NULL,
        holder text NOT NULL,
        acquisition uuid NOT NULL,
        duration_ms bigint NOT NULL,
        until_ms bigint NOT NULL
      );
      CREATE TABLE IF NOT EXISTS ${schema}.meta (single boolean PRIMARY KEY DEFAULT true CHECK (single), version integer NOT NULL);
      INSERT INTO ${schema}.meta (version) VALUES (${POSTGRES_SCHEMA_VERSION}) ON CONFLICT DO NOTHING;`,
  });
}
