/**
 * What a storage backend must do, and nothing more: opaque rows with a version, compare-and-swap, and leases.
 * SQLite, Redis and Postgres fit below the same vault; one contract suite (`test/contract`) runs against each.
 */

/** One row as stored. `version` counts its writes, from 1. */
export interface StoredRow {
  readonly key: string;
  readonly version: number;
  readonly value: Uint8Array;
}

export interface RowToWrite {
  readonly key: string;
  /** Rows that are listed together. */
  readonly partition: string;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch after which the row may be dropped; absent: never. */
  readonly expiresAt?: number;
}

/** A row with everything that the store knows of it. */
export type WholeRow = StoredRow & RowToWrite;

/** What must still be so when a row is written. */
export interface WriteConditions {
  /** This lease is still held with this fencing number. */
  readonly lease?: { readonly name: string; readonly fence: number } | undefined;
  /** Another row still has this version. */
  readonly unchanged?: { readonly key: string; readonly version: number } | undefined;
}

/** Three outcomes, never two: a store that fails throws, and is not "held". */
export type LeaseOutcome =
  | { readonly outcome: 'acquired'; readonly fence: number }
  | { readonly outcome: 'held'; readonly untilMs: number };

/**
 * @throws {BrokerError} `vault_busy` (retryable) when the backend did not answer in time,
 *   `vault_unreadable` when it cannot be opened or is damaged. Neither changes anything.
 */
export interface Store {
  read(key: string): Promise<StoredRow | undefined>;
  /** Every live row of a partition, in key order. */
  list(partition: string): Promise<readonly StoredRow[]>;
  /**
   * Writes `row` if the stored version is `expectedVersion` (0: there is no row).
   * @returns the new version, or undefined when another writer was first or a condition no longer holds.
   */
  compareAndSwap(row: RowToWrite, expectedVersion: number, conditions?: WriteConditions): Promise<number | undefined>;
  /** Deletes the row; with `expectedVersion` only if it still has it. Returns whether a row was deleted. */
  delete(key: string, expectedVersion?: number): Promise<boolean>;
  /** `holder`: of `ownLeaseHolder`; where it can be seen that such a process is gone, its lease is free at once. */
  acquireLease(name: string, holder: string, durationMs: number): Promise<LeaseOutcome>;
  /** Ends the lease if `fence` still holds it. */
  releaseLease(name: string, fence: number): Promise<void>;
  /** At most `limit` rows of any partition, expired ones too, in key order behind `after` (undefined: from the first). */
  page(after: string | undefined, limit: number): Promise<readonly WholeRow[]>;
  /**
   * Puts `row` in its place as it is, with its own version, where exactly `previous` is stored (undefined: nothing).
   * For copying and rewrapping only: versions are not counted. Returns whether it is there now.
   */
  exchange(row: WholeRow, previous: StoredRow | undefined): Promise<boolean>;
  /** Whether any lease is held by somebody who may still be there. */
  hasLiveLease(): Promise<boolean>;
  /** Any row at all: a new vault key is never made while there is one. */
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}
