/**
 * The rows that were opened last. A row is read from the store every time; where it is the same to the last byte,
 * it is not decrypted again. What another process wrote, or somebody altered, is therefore seen at once.
 */
import { OPENED_ROWS_KEPT_MAX } from '../core/limits.js';
import type { StoredRow } from './store.js';

export interface OpenedRows<T> {
  /** What `open` made of exactly this row, now or before. */
  get(row: StoredRow, open: () => T): T;
}

interface Opened<T> {
  readonly row: StoredRow;
  readonly content: T;
}

export function createOpenedRows<T extends object>(): OpenedRows<T> {
  const byKey = new Map<string, Opened<T>>();
  return {
    get(row, open) {
      const known = byKey.get(row.key);
      if (known !== undefined && isSameRow(known.row, row)) return known.content;
      const content = deepFrozen(open());
      if (byKey.size >= OPENED_ROWS_KEPT_MAX) byKey.clear();
      byKey.set(row.key, { row, content });
      return content;
    },
  };
}

function isSameRow(a: StoredRow, b: StoredRow): boolean {
  return a.version === b.version && Buffer.compare(a.value, b.value) === 0;
}

/** Readers share the content, so none of them may change it. */
function deepFrozen<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}
