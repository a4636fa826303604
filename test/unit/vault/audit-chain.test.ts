/** The chain of the audit log: whatever is done to it shows, and that old entries expire does not count as that. */
import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AUDIT_RETENTION_MS } from '../../../src/core/limits.js';
import { linked, verifyChain } from '../../../src/vault/audit-chain.js';
import type { AuditHead, AuditRecord } from '../../../src/vault/audit-entry.js';

const KEY = createSecretKey(Buffer.alloc(32, 7));
const START = 1_800_000_000_000;
const DAY_MS = 86_400_000;

/** A log of so many entries, one a day. */
function logOf(count: number): readonly AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const before = records.at(-1);
    const record = linked(KEY, {
      sequence,
      at: new Date(START + sequence * DAY_MS).toISOString(),
      team: 'acme',
      user: 'ada',
      agent: 'cli',
      event: 'used',
      serverName: `server-${sequence}`,
      previous: before?.hash ?? '',
      ...(before !== undefined && { previousAt: Date.parse(before.at) }),
    });
    records.push(record);
  }
  return records;
}

function headOf(records: readonly AuditRecord[]): AuditHead {
  const last = records.at(-1);
  return {
    sequence: last?.sequence ?? 0,
    hash: last?.hash ?? '',
    at: last === undefined ? START : Date.parse(last.at),
  };
}

function verify(records: readonly AuditRecord[], head: AuditHead | undefined = headOf(logOf(6)), days = 10) {
  return verifyChain(KEY, head, records, { now: START + days * DAY_MS, isWhole: true });
}

const RETENTION_DAYS = AUDIT_RETENTION_MS / DAY_MS;

describe('a log', () => {
  const log = logOf(6);

  it('that is as it was written is unbroken', () => {
    expect(verify(log)).toEqual({ state: 'unbroken' });
    expect(verify([], headOf([]))).toEqual({ state: 'unbroken' });
    expect(verifyChain(KEY, undefined, [], { now: START, isWhole: true })).toEqual({ state: 'unbroken' });
  });

  it.each([
    'serverName',
    'user',
    'at',
    'event',
    'team',
    'agent',
    'detail',
    'fingerprint',
    'account',
    'code',
    'provider',
  ])('shows an entry whose %s was changed', (field) => {
    const changed = log.map((record) => (record.sequence === 3 ? { ...record, [field]: '2026-01-01' } : record));
    expect(verify(changed as AuditRecord[])).toEqual({ state: 'broken', sequence: 3, problem: 'changed' });
  });

  it('shows an entry that was replaced by one with a hash of its own', () => {
    const forged = log.map((record) => (record.sequence === 3 ? linked(KEY, { ...record, user: 'eve' }) : record));
    expect(verify(forged)).toEqual({ state: 'broken', sequence: 4, problem: 'unlinked' });
  });

  it('shows an entry that is missing, in the middle, at the beginning and at the end', () => {
    for (const sequence of [1, 3, 6])
      expect(verify(log.filter((record) => record.sequence !== sequence))).toEqual({
        state: 'broken',
        sequence,
        problem: 'missing',
      });
    expect(verify([])).toEqual({ state: 'broken', sequence: 1, problem: 'missing' });
  });

  it('shows two entries that have changed places', () => {
    const swapped = log.map((record) => {
      if (record.sequence === 2) return { ...(log[3] as AuditRecord), sequence: 2 };
      return record.sequence === 4 ? { ...(log[1] as AuditRecord), sequence: 4 } : record;
    });
    expect(verify(swapped)).toEqual({ state: 'broken', sequence: 2, problem: 'changed' });
  });

  it('shows that its end is not known any more', () => {
    expect(verifyChain(KEY, undefined, log, { now: START, isWhole: true })).toEqual({
      state: 'broken',
      sequence: 7,
      problem: 'missing',
    });
  });

  it('may go on behind its head: a process was killed before it could move that', () => {
    expect(verify(log, headOf(log.slice(0, 5)))).toEqual({ state: 'unbroken' });
  });

  it('is unbroken where its beginning has expired, and broken where that was deleted sooner', () => {
    const rest = log.slice(2);
    expect(verify(rest, headOf(log), RETENTION_DAYS + 3)).toEqual({ state: 'unbroken' });
    expect(verify(rest, headOf(log), RETENTION_DAYS)).toEqual({ state: 'broken', sequence: 2, problem: 'missing' });
    expect(verify([], headOf(log), RETENTION_DAYS + 7)).toEqual({ state: 'unbroken' });
  });

  it('that was read in part is judged from there', () => {
    const part = { now: START + 10 * DAY_MS, isWhole: false };
    expect(verifyChain(KEY, headOf(log), log.slice(3), part)).toEqual({ state: 'unbroken' });
    expect(verifyChain(KEY, headOf(log), [...log.slice(2, 3), ...log.slice(4)], part)).toMatchObject({ sequence: 4 });
  });
});
