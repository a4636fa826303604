/**
 * The audit log: one chain of entries for each team, append-only. The slot of the next sequence is what writers race
 * for, by compare-and-swap: who loses takes the slot behind it. The head says where the log ends. A process that was
 * killed between the two leaves an entry behind the head, which the next writer finds.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { BrokerError } from '../core/errors.js';
import { AUDIT_FINGERPRINT_LENGTH, AUDIT_READ_AT_ONCE, AUDIT_SCANNED_MAX } from '../core/limits.js';
import { linked, verifyChain } from './audit-chain.js';
import type {
  AuditEntry,
  AuditedAct,
  AuditHead,
  AuditLog,
  AuditQuery,
  AuditRecord,
  AuditTrail,
} from './audit-entry.js';
import type { Collection, Versioned } from './vault.js';
import { deriveKey } from './vault-key.js';

interface Parts {
  /** Identifier [team, sequence], partition [team]. */
  readonly entries: Collection<AuditRecord>;
  /** Identifier [team]. */
  readonly heads: Collection<AuditHead>;
  /** The vault's root secret, which no change of key changes. */
  readonly root: KeyObject;
  readonly clock: Clock;
}

/** What an entry is linked to: the one before it, or nothing, where that cannot be read. */
type Link = Pick<AuditRecord, 'previous' | 'previousAt'>;

export function createAuditLog({ entries, heads, root, clock }: Parts): AuditLog {
  const chainKey = deriveKey(root, 'audit/chain');
  const fingerprintKey = deriveKey(root, 'audit/fingerprint');
  const idOf = (team: string, sequence: number): readonly string[] => [team, String(sequence)];

  /** One after the other in this process, so that its writers do not race each other. */
  let last: Promise<unknown> = Promise.resolve();
  function append(act: AuditedAct): Promise<AuditEntry> {
    const appended = last.then(() => appendNow(act));
    last = appended.catch(() => undefined);
    return appended;
  }

  async function appendNow(act: AuditedAct): Promise<AuditEntry> {
    const head = await endOf(act.team);
    let link: Link = head.hash === '' ? { previous: '' } : { previous: head.hash, previousAt: head.at };
    for (let sequence = head.sequence + 1; ; sequence += 1) {
      const now = clock.now();
      const record = linked(chainKey, { ...act, ...link, sequence, at: new Date(now).toISOString() });
      if ((await entries.compareAndSwap(idOf(act.team, sequence), record, 0)) !== undefined) {
        await moveHead(act.team, { sequence, hash: record.hash, at: now });
        return shown(record);
      }
      link = linkTo(await readable(() => entries.get(idOf(act.team, sequence))));
    }
  }

  /** Where the log ends as far as its head knows. Where there is no head, one is made before anything else. */
  async function endOf(team: string): Promise<AuditHead> {
    for (;;) {
      const head = await readable(() => heads.get([team]));
      if (head !== undefined && head !== 'unreadable') return head.value;
      if (head === 'unreadable') await heads.delete([team]);
      // Entries without a head: somebody took it away, and perhaps entries with it. The next one is linked to nothing.
      const last = (await entries.list([team])).reduce((most, { value }) => Math.max(most, value.sequence), 0);
      const found: AuditHead = { sequence: last, hash: '', at: clock.now() };
      if ((await heads.compareAndSwap([team], found, 0)) !== undefined) return found;
    }
  }

  async function moveHead(team: string, end: AuditHead): Promise<void> {
    await heads.update([team], (current) =>
      current !== undefined && current.sequence >= end.sequence ? current : end,
    );
  }

  async function read(team: string, { since = -Infinity, user, limit }: AuditQuery = {}): Promise<AuditTrail> {
    const isAsked = ({ at, user: whose }: AuditRecord): boolean =>
      Date.parse(at) >= since && (user === undefined || whose === user);
    // Before the entries: what is written meanwhile then lies behind it.
    const head = await readable(() => heads.get([team]));
    const known = head === 'unreadable' ? undefined : head?.value;
    const records =
      limit === undefined
        ? await all(team, known?.sequence ?? Number.POSITIVE_INFINITY)
        : await newest(team, known, limit, isAsked);
    const chain = verifyChain(chainKey, known, records, { now: clock.now(), isWhole: limit === undefined });
    const asked = records.filter(isAsked);
    return { entries: (limit === undefined ? asked : asked.slice(-limit)).map(shown), chain };
  }

  async function all(team: string, end: number): Promise<readonly AuditRecord[]> {
    const listed = (await entries.list([team])).map(({ value }) => value).sort((a, b) => a.sequence - b.sequence);
    const upToEnd = listed.filter(({ sequence }) => sequence <= end);
    // What is written meanwhile may be met or not, and so the one behind it without the one before.
    const behindEnd = listed.filter(({ sequence }) => sequence > end);
    return [...upToEnd, ...behindEnd.filter(({ sequence }, index) => sequence === end + 1 + index)];
  }

  /** Goes back from the end until there are enough. */
  async function newest(
    team: string,
    head: AuditHead | undefined,
    limit: number,
    isAsked: (record: AuditRecord) => boolean,
  ): Promise<readonly AuditRecord[]> {
    const found: AuditRecord[] = await behind(team, head?.sequence ?? 0);
    const end = head?.sequence ?? 0;
    const stop = Math.max(0, end - AUDIT_SCANNED_MAX);
    for (let last = end; last > stop && found.filter(isAsked).length < limit; last -= AUDIT_READ_AT_ONCE) {
      const count = Math.min(AUDIT_READ_AT_ONCE, last - stop);
      const sequences = Array.from({ length: count }, (_, index) => last - count + 1 + index);
      const read = await Promise.all(sequences.map((sequence) => recordAt(team, sequence)));
      found.unshift(...read.filter((record) => record !== undefined));
      if (read[0] === undefined) break;
    }
    return found;
  }

  /** What was written behind the head. */
  async function behind(team: string, end: number): Promise<AuditRecord[]> {
    const found: AuditRecord[] = [];
    for (let sequence = end + 1; ; sequence += 1) {
      const record = await recordAt(team, sequence);
      if (record === undefined) return found;
      found.push(record);
    }
  }

  /** One that does not open is as good as missing. */
  async function recordAt(team: string, sequence: number): Promise<AuditRecord | undefined> {
    const found = await readable(() => entries.get(idOf(team, sequence)));
    return found === 'unreadable' ? undefined : found?.value;
  }

  return {
    append,
    read,
    fingerprint: (secret) =>
      createHmac('sha256', fingerprintKey).update(secret, 'utf8').digest('hex').slice(0, AUDIT_FINGERPRINT_LENGTH),
  };
}

/** A record that is damaged is told from a store that fails: that may go by. */
async function readable<T>(get: () => Promise<T>): Promise<T | 'unreadable'> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'vault_unreadable' && !error.retryable) return 'unreadable';
    throw error;
  }
}

function linkTo(found: Versioned<AuditRecord> | 'unreadable' | undefined): Link {
  if (found === undefined || found === 'unreadable') return { previous: '' };
  return { previous: found.value.hash, previousAt: Date.parse(found.value.at) };
}

function shown({ previousAt: _previousAt, ...entry }: AuditRecord): AuditEntry {
  return entry;
}
