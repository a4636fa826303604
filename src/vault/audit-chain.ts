/**
 * The chain of a team's audit log: each entry carries an HMAC of itself, and of the one before it by way of that one's.
 * So an entry that was changed, left out or put elsewhere shows; who has the vault's key can make another chain.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import { AUDIT_EXPIRY_TOLERANCE_MS, AUDIT_RETENTION_MS } from '../core/limits.js';
import type { AuditHead, AuditRecord, AuditVerdict } from './audit-entry.js';

const UNBROKEN: AuditVerdict = { state: 'unbroken' };

/** The entry with its hash: over all its fields in a fixed order, so that none can become another. */
export function linked(key: KeyObject, entry: Omit<AuditRecord, 'hash'>): AuditRecord {
  return { ...entry, hash: hashOf(key, entry) };
}

function hashOf(key: KeyObject, entry: Omit<AuditRecord, 'hash'>): string {
  const { sequence, at, team, user, agent, event, previous, previousAt } = entry;
  const { serverName, account, provider, code, fingerprint, detail } = entry;
  const fields = [sequence, at, team, user, agent, event, previous, previousAt];
  const optional = [serverName, account, provider, code, fingerprint, detail];
  return createHmac('sha256', key)
    .update(JSON.stringify([...fields, ...optional].map((field) => field ?? null)))
    .digest('hex');
}

/**
 * Looks at a log from its end to where its entries have expired, or to the first of `entries` where it is only a part.
 * @param entries in order of their sequence.
 * @param isWhole false: what is before the first of them has not been read.
 */
export function verifyChain(
  key: KeyObject,
  head: AuditHead | undefined,
  entries: readonly AuditRecord[],
  { now, isWhole }: { readonly now: number; readonly isWhole: boolean },
): AuditVerdict {
  const first = firstToJudge(entries, now);
  const breaks = entries.slice(first).flatMap((entry, index) => {
    if (hashOf(key, entry) !== entry.hash) return broken(entry.sequence, 'changed');
    const isBeginning = first + index === 0 && (entry.sequence === 1 || !isWhole);
    const isAfterExpired = index === 0 && hasExpired(entry.previousAt, now);
    return isBeginning || isAfterExpired ? [] : (breakBefore(entry, entries[first + index - 1]) ?? []);
  });
  return breaks[0] ?? verifyEnd(head, entries, now);
}

/** What is before an entry whose predecessor may have expired is no longer a chain. */
function firstToJudge(entries: readonly AuditRecord[], now: number): number {
  const first = entries.findLastIndex(
    (entry, index) => entries[index - 1]?.sequence !== entry.sequence - 1 && hasExpired(entry.previousAt, now),
  );
  return Math.max(first, 0);
}

function breakBefore(entry: AuditRecord, before: AuditRecord | undefined): AuditVerdict | undefined {
  if (before?.sequence === entry.sequence - 1)
    return before.hash === entry.previous ? undefined : broken(entry.sequence, 'unlinked');
  return entry.previousAt === undefined ? broken(entry.sequence, 'unlinked') : broken(entry.sequence - 1, 'missing');
}

function verifyEnd(head: AuditHead | undefined, entries: readonly AuditRecord[], now: number): AuditVerdict {
  const last = entries.at(-1);
  if (head === undefined) return last === undefined ? UNBROKEN : broken(last.sequence + 1, 'missing');
  if ((last?.sequence ?? 0) < head.sequence)
    return last === undefined && hasExpired(head.at, now) ? UNBROKEN : broken((last?.sequence ?? 0) + 1, 'missing');
  // Others may follow: whoever wrote them was killed before it could say so.
  const atHead = entries.find(({ sequence }) => sequence === head.sequence);
  const isItsOwn = atHead === undefined || head.hash === '' || atHead.hash === head.hash;
  return isItsOwn ? UNBROKEN : broken(head.sequence, 'unlinked');
}

/** Clocks differ, and a store goes by its own. */
function hasExpired(at: number | undefined, now: number): boolean {
  return at !== undefined && at + AUDIT_RETENTION_MS - AUDIT_EXPIRY_TOLERANCE_MS <= now;
}

function broken(sequence: number, problem: Extract<AuditVerdict, { state: 'broken' }>['problem']): AuditVerdict {
  return { state: 'broken', sequence, problem };
}
