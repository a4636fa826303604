/** What the Postgres store says to its server. Time is the server's, in milliseconds since the epoch. */

export const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

export type PostgresStatements = ReturnType<typeof postgresStatements>;

/** @param schema a name that needs no quotes. */
export function postgresStatements(schema: string) {
  const rows = `${schema}.rows`;
  const live = `(expires_at IS NULL OR expires_at > ${NOW_MS})`;
  // Locked until the write is done: whoever takes the lease over, or changes the other row, comes before or after it.
  const conditions = `
    WITH lease AS MATERIALIZED (SELECT 1 FROM ${schema}.leases WHERE name = $7::text AND fence = $8::bigint FOR SHARE),
      other AS MATERIALIZED (SELECT 1 FROM ${rows} WHERE key = $9::text AND version = $10::bigint FOR SHARE)`;
  const met = `($7::text IS NULL OR EXISTS (SELECT 1 FROM lease)) AND ($9::text IS NULL OR EXISTS (SELECT 1 FROM other))`;
  return {
    read: `SELECT key, version, value FROM ${rows} WHERE key = $1 AND ${live}`,
    list: `SELECT key, version, value FROM ${rows} WHERE partition = $1 AND ${live} ORDER BY key`,
    any: `SELECT 1 FROM ${rows} LIMIT 1`,
    // An expired row is as good as none, so it gives way to a first version.
    insert: `${conditions}
      INSERT INTO ${rows} AS stored (key, partition, version, expires_at, value, write_id)
      SELECT $1::text, $2::text, $3::bigint, $4::bigint, $5::bytea, $6::uuid WHERE ${met}
      ON CONFLICT (key) DO UPDATE SET partition = excluded.partition, version = excluded.version,
        expires_at = excluded.expires_at, value = excluded.value, write_id = excluded.write_id
      WHERE stored.expires_at IS NOT NULL AND stored.expires_at <= ${NOW_MS}`,
    replace: `${conditions}
      UPDATE ${rows} SET partition = $2, version = $3, expires_at = $4, value = $5, write_id = $6
      WHERE key = $1 AND version = $3::bigint - 1 AND ${live} AND ${met}`,
    written: `SELECT 1 FROM ${rows} WHERE key = $1 AND write_id = $2`,
    delete: `DELETE FROM ${rows} WHERE key = $1 AND ($2::bigint IS NULL OR version = $2::bigint) AND ${live}`,
    page: `SELECT key, partition, version, expires_at, value FROM ${rows}
      WHERE $1::text IS NULL OR key > $1::text ORDER BY key LIMIT $2`,
    put: `INSERT INTO ${rows} (key, partition, version, expires_at, value) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    exchange: `UPDATE ${rows} SET partition = $2, version = $3, expires_at = $4, value = $5, write_id = NULL
      WHERE key = $1 AND version = $6 AND value = $7`,
    same: `SELECT 1 FROM ${rows} WHERE key = $1 AND version = $2 AND value = $3`,
    purgeRows: `DELETE FROM ${rows} WHERE key IN
      (SELECT key FROM ${rows} WHERE expires_at < ${NOW_MS} - $1::bigint LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    purgeLeases: `DELETE FROM ${schema}.leases WHERE name IN
      (SELECT name FROM ${schema}.leases WHERE until_ms < ${NOW_MS} - $1::bigint LIMIT $2 FOR UPDATE SKIP LOCKED)`,
  };
}
