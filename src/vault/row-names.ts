/**
 * What rows and partitions are called in the store: hashes of tuples, so that the file gives away neither servers
 * nor users. Names that are asked for again and again are worked out once.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import { ROW_NAMES_KEPT_MAX } from '../core/limits.js';
import { lengthPrefixed } from './length-prefixed.js';

/** Hides and fixes a tuple: HMAC-SHA256 of its length-prefixed parts, base64url. */
export function hashedName(nameKey: KeyObject, use: string, tuple: readonly string[]): string {
  return createHmac('sha256', nameKey)
    .update(lengthPrefixed([use, ...tuple]))
    .digest('base64url');
}

export interface RowNames {
  rowKeyOf(id: readonly string[]): string;
  partitionKeyOf(partition: readonly string[]): string;
}

/** @param kind where its identifiers are random, they are secrets and never come again: nothing of them is kept. */
export function createRowNames(
  nameKey: KeyObject,
  kind: { readonly name: string; readonly idsAreUnique?: boolean },
): RowNames {
  const kept = new Map<string, string>();

  const nameOf = (use: string, tuple: readonly string[]): string => {
    if (kind.idsAreUnique === true) return hashedName(nameKey, use, [kind.name, ...tuple]);
    const question = JSON.stringify([use, ...tuple]);
    const known = kept.get(question);
    if (known !== undefined) return known;
    const name = hashedName(nameKey, use, [kind.name, ...tuple]);
    if (kept.size >= ROW_NAMES_KEPT_MAX) kept.clear();
    kept.set(question, name);
    return name;
  };

  return {
    rowKeyOf: (id) => nameOf('record', id),
    partitionKeyOf: (partition) => nameOf('partition', partition),
  };
}
