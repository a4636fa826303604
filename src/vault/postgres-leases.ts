/**
 * Leases as rows with a deadline by the server's clock and a fencing number. (An advisory lock has neither: it would hold
 * as long as a stalled connection does, and end with a connection that broke while its holder goes on.)
 */
import { randomUUID } from 'node:crypto';
import { isLeaseHolderGone } from './lease-holder.js';
import type { PostgresPool } from './postgres-connection.js';
import { NOW_MS } from './postgres-statements.js';
import type { LeaseOutcome } from './store.js';
import type { StoreLink } from './store-link.js';

export interface PostgresLeases {
  acquire(name: string, holder: string, durationMs: number): Promise<LeaseOutcome>;
  release(name: string, fence: number): Promise<void>;
  anyLive(): Promise<boolean>;
}

type Held = { readonly outcome: 'held'; readonly untilMs: number; readonly holder: string; readonly fence: number };

export function createPostgresLeases(link: StoreLink<PostgresPool>, schema: string): PostgresLeases {
  const leases = `${schema}.leases`;
  // At least the time in microseconds: a server that fell back to an older copy of its data gives no number twice.
  const acquire = `
    INSERT INTO ${leases} AS held (name, fence, holder, acquisition, duration_ms, until_ms)
    VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $2, $3, $4, ${NOW_MS} + $4::bigint)
    ON CONFLICT (name) DO UPDATE SET fence = greatest(held.fence + 1, excluded.fence), holder = excluded.holder,
      acquisition = excluded.acquisition, duration_ms = excluded.duration_ms, until_ms = excluded.until_ms
    WHERE held.until_ms <= ${NOW_MS} OR held.until_ms > ${NOW_MS} + 2 * held.duration_ms OR held.fence = $5::bigint
    RETURNING fence`;
  const look = `SELECT fence, holder, acquisition, until_ms - ${NOW_MS} AS left_ms FROM ${leases} WHERE name = $1`;
  // The row stays, with a number that nobody knows: the next one is higher, and the holder's writes are refused.
  const release = `UPDATE ${leases} SET fence = fence + 1, until_ms = 0, holder = '' WHERE name = $1 AND fence = $2`;

  function attempt(
    values: readonly unknown[],
    [name, acquisition]: readonly [string, string],
  ): Promise<LeaseOutcome | Held> {
    return link.run(async (pool) => {
      const taken = await pool.query({ text: acquire, values });
      if (taken.rows[0] !== undefined) return { outcome: 'acquired', fence: Number(taken.rows[0]['fence']) };
      const [row] = (await pool.query({ text: look, values: [name] })).rows;
      // Taken by an attempt whose answer was lost.
      if (row?.['acquisition'] === acquisition) return { outcome: 'acquired', fence: Number(row['fence']) };
      const untilMs = Math.max(1, Number(row?.['left_ms'] ?? 1));
      return { outcome: 'held', untilMs, holder: String(row?.['holder'] ?? ''), fence: Number(row?.['fence'] ?? 0) };
    });
  }

  return {
    async acquire(name, holder, durationMs) {
      const acquisition = randomUUID();
      const values = [name, holder, acquisition, Math.ceil(durationMs)];
      const first = await attempt([...values, null], [name, acquisition]);
      if (first.outcome === 'acquired' || !('holder' in first)) return first;
      if (!isLeaseHolderGone(first.holder)) return { outcome: 'held', untilMs: first.untilMs };
      const second = await attempt([...values, first.fence], [name, acquisition]);
      return second.outcome === 'acquired' ? second : { outcome: 'held', untilMs: second.untilMs };
    },
    async anyLive() {
      const text = `SELECT holder FROM ${leases} WHERE until_ms > ${NOW_MS}`;
      const { rows } = await link.run((pool) => pool.query({ text }));
      return rows.some(({ holder }) => !isLeaseHolderGone(String(holder)));
    },
    async release(name, fence) {
      await link.run((pool) => pool.query({ text: release, values: [name, fence] }));
    },
  };
}
