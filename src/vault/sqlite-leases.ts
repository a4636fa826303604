/**
 * Leases as rows: who holds a name, since when, and under which fencing number.
 * Every function here runs inside a transaction of the store.
 */
import { type LeaseClock, leaseRemainingMs } from './lease-clock.js';
import { isLeaseHolderGone } from './lease-holder.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-driver.js';
import type { LeaseOutcome } from './store.js';

export interface SqliteLeases {
  acquire(name: string, holder: string, durationMs: number): LeaseOutcome;
  /** Nobody else has taken the lease since it was acquired with `fence`. */
  isHeld(name: string, fence: number): boolean;
  release(name: string, fence: number): void;
  anyLive(): boolean;
}

export function createSqliteLeases(database: SqliteDatabase, clock: LeaseClock): SqliteLeases {
  const find = database.prepare(
    'SELECT fence, holder, duration_ms, taken_at, taken_at_uptime_ms, boot FROM leases WHERE name = ?',
  );
  const all = database.prepare('SELECT holder, duration_ms, taken_at, taken_at_uptime_ms, boot FROM leases');
  const insert = database.prepare(
    'INSERT INTO leases (name, holder, duration_ms, taken_at, taken_at_uptime_ms, boot) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM leases WHERE name = ?');
  const removeFence = database.prepare('DELETE FROM leases WHERE name = ? AND fence = ?');

  return {
    acquire(name, holder, durationMs) {
      const now = clock.now();
      const held = find.get(name);
      const remainingMs = held === undefined ? 0 : remainingMsOf(held, now);
      if (remainingMs > 0) return { outcome: 'held', untilMs: remainingMs };
      // Removed and not updated: the new row gets a new fencing number, which ends the old holder's writes.
      remove.run(name);
      insert.run(name, holder, durationMs, now.at, now.uptimeMs, now.boot);
      return { outcome: 'acquired', fence: fenceOf(find.get(name)) };
    },
    isHeld: (name, fence) => {
      const held = find.get(name);
      return held !== undefined && fenceOf(held) === fence;
    },
    release(name, fence) {
      removeFence.run(name, fence);
    },
    anyLive: () => all.all().some((row) => remainingMsOf(row, clock.now()) > 0),
  };

  function remainingMsOf(row: SqliteRow, now: ReturnType<LeaseClock['now']>): number {
    if (isLeaseHolderGone(String(row['holder']))) return 0;
    const taken = {
      at: Number(row['taken_at']),
      uptimeMs: Number(row['taken_at_uptime_ms']),
      boot: String(row['boot']),
    };
    return leaseRemainingMs(taken, Number(row['duration_ms']), now);
  }
}

function fenceOf(row: SqliteRow | undefined): number {
  return Number(row?.['fence']);
}
