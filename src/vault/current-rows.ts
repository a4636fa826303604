/**
 * Rows that need not be read again: they are as they are in the file now, since nobody has written to it meanwhile.
 * The file is asked for that once in a turn of the event loop: within one, nothing can arrive that another process
 * did after a write of its own, so what a call looks up one after the other costs one look.
 */
import { CURRENT_ROWS_KEPT_MAX } from '../core/limits.js';
import type { StoredRow } from './store.js';

export interface ReadRow {
  readonly row: StoredRow;
  /** Milliseconds since the epoch; null: never. */
  readonly expiresAt: number | null;
}

export interface CurrentRows {
  /** The row, null where there is none; undefined where the file has to be looked at first. */
  get(key: string, now: number): StoredRow | null | undefined;
  /**
   * The file was looked at, and has this `data_version` (https://sqlite.org/pragma.html#pragma_data_version):
   * another one than before where another connection has written.
   */
  looked(dataVersion: number): void;
  keep(key: string, found: ReadRow | null): void;
  /** Within a transaction that may write: what was read before counts no more, in this process. */
  forget(): void;
}

/** Counts the transactions of all connections of this process, which need no turn to hear of each other. */
let transactions = 0;

export function createCurrentRows(): CurrentRows {
  const rows = new Map<string, ReadRow | null>();
  let dataVersionSeen: number | undefined;
  let turn: { readonly transactions: number } | undefined;

  return {
    get(key, now) {
      if (turn?.transactions !== transactions) return undefined;
      const known = rows.get(key);
      if (known === undefined || known === null) return known;
      return known.expiresAt === null || known.expiresAt > now ? known.row : null;
    },
    looked(dataVersion) {
      if (dataVersion !== dataVersionSeen) rows.clear();
      dataVersionSeen = dataVersion;
      if (turn === undefined) {
        setImmediate(() => {
          turn = undefined;
        });
      }
      turn = { transactions };
    },
    keep(key, found) {
      if (rows.size >= CURRENT_ROWS_KEPT_MAX) rows.clear();
      rows.set(key, found);
    },
    forget() {
      transactions += 1;
      rows.clear();
    },
  };
}
