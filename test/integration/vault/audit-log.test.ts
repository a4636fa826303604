/** The audit log in a real vault: what is done to its rows behind its back shows, and nothing of a secret lies in it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditedAct, Vault } from '../../../src/vault/index.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';

const DAY_MS = 86_400_000;
const ADA: AuditedAct = { team: 'acme', user: 'ada', agent: 'cli', event: 'connected', serverName: 'linear' };

let now: number;
let folder: VaultFolder;
let vault: Vault;

beforeEach(async () => {
  now = 1_800_000_000_000;
  folder = await makeVaultFolder({ clock: { now: () => now } });
  vault = await folder.open();
});

afterEach(() => folder.remove());

/** The keys of the rows that `work` adds to the file. */
async function rowsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = new Set(await keys());
  await work();
  return (await keys()).filter((key) => !before.has(key));
}

async function keys(): Promise<readonly string[]> {
  const file = await folder.openFile();
  const found = file.prepare('SELECT key FROM rows').all();
  file.close();
  return found.map(({ key }) => String(key));
}

async function tamper(sql: string, ...values: readonly string[]): Promise<void> {
  const file = await folder.openFile();
  file.prepare(sql).run(...values);
  file.close();
}

/** The key of the row of each of five entries, and of the head. */
async function fiveEntries(): Promise<{ readonly head: string; readonly entries: readonly string[] }> {
  const entries: string[] = [];
  const first = await rowsOf(() => vault.audit.append({ ...ADA, account: 'a1' }));
  for (let count = 2; count <= 5; count += 1)
    entries.push(...(await rowsOf(() => vault.audit.append({ ...ADA, account: `a${count}` }))));
  // Of the two rows that came first, the head is the one that has been written again since.
  const file = await folder.openFile();
  const versions = new Map(first.map((key) => [key, file.prepare('SELECT version FROM rows WHERE key = ?').get(key)]));
  file.close();
  const head = first.find((key) => Number(versions.get(key)?.['version']) > 1) ?? '';
  return { head, entries: [...first.filter((key) => key !== head), ...entries] };
}

describe('the audit log', () => {
  it('gives back what was written, in order, each team its own', async () => {
    expect(await vault.audit.read('acme')).toEqual({ entries: [], chain: { state: 'unbroken' } });
    const first = await vault.audit.append({
      ...ADA,
      account: 'default',
      fingerprint: vault.audit.fingerprint('token'),
    });
    const second = await vault.audit.append({ ...ADA, event: 'cleared' });
    await vault.audit.append({ ...ADA, team: 'other' });
    const { entries, chain } = await vault.audit.read('acme');
    expect(entries).toEqual([first, second]);
    expect(chain).toEqual({ state: 'unbroken' });
    expect(first).toEqual({
      sequence: 1,
      at: '2027-01-15T08:00:00.000Z',
      ...ADA,
      account: 'default',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      previous: '',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(second.previous).toBe(first.hash);
  });

  it('has one fingerprint for one secret in every process, and another for every other', async () => {
    const another = await folder.open();
    expect(another.audit.fingerprint('token')).toBe(vault.audit.fingerprint('token'));
    expect(vault.audit.fingerprint('token ')).not.toBe(vault.audit.fingerprint('token'));
  });

  it('shows a deleted entry, and goes on behind the gap', async () => {
    const { entries } = await fiveEntries();
    await tamper('DELETE FROM rows WHERE key = ?', entries[2] ?? '');
    const broken = { state: 'broken', sequence: 3, problem: 'missing' };
    expect((await vault.audit.read('acme')).chain).toEqual(broken);
    expect((await vault.audit.append(ADA)).sequence).toBe(6);
    expect((await vault.audit.read('acme')).chain).toEqual(broken);
    expect((await vault.audit.read('acme', { limit: 2 })).chain).toEqual(broken);
  });

  it('shows an end that was cut off, also after somebody has written behind it', async () => {
    const { entries } = await fiveEntries();
    await tamper('DELETE FROM rows WHERE key = ?', entries[4] ?? '');
    expect((await vault.audit.read('acme')).chain).toEqual({ state: 'broken', sequence: 5, problem: 'missing' });
    await vault.audit.append(ADA);
    expect((await vault.audit.read('acme')).chain).toEqual({ state: 'broken', sequence: 5, problem: 'missing' });
  });

  it('shows an end that was cut off together with the record of where it is', async () => {
    const { entries, head } = await fiveEntries();
    for (const key of [entries[3] ?? '', entries[4] ?? '', head]) await tamper('DELETE FROM rows WHERE key = ?', key);
    expect((await vault.audit.read('acme')).chain).toEqual({ state: 'broken', sequence: 4, problem: 'missing' });
    await vault.audit.append(ADA);
    expect((await vault.audit.read('acme')).chain).toEqual({ state: 'broken', sequence: 4, problem: 'unlinked' });
  });

  it('shows an entry in the place of another, and one that was damaged', async () => {
    const { entries } = await fiveEntries();
    const [first, second] = entries;
    await tamper(
      'UPDATE rows SET value = (SELECT value FROM rows WHERE key = ?) WHERE key = ?',
      first ?? '',
      second ?? '',
    );
    expect((await vault.audit.read('acme')).chain).toEqual({ state: 'broken', sequence: 2, problem: 'missing' });
  });

  it('goes on where its head is damaged, and shows that', async () => {
    const { head } = await fiveEntries();
    await tamper('UPDATE rows SET value = zeroblob(200) WHERE key = ?', head);
    expect((await vault.audit.append(ADA)).sequence).toBe(6);
    expect((await vault.audit.read('acme')).chain).toEqual({ state: 'broken', sequence: 6, problem: 'unlinked' });
  });

  it('forgets what is older than its retention, and is unbroken all the same', async () => {
    await fiveEntries();
    now += 300 * DAY_MS;
    await vault.audit.append({ ...ADA, account: 'later' });
    now += 101 * DAY_MS;
    const { entries, chain } = await vault.audit.read('acme');
    expect(entries.map(({ account }) => account)).toEqual(['later']);
    expect(chain).toEqual({ state: 'unbroken' });
    expect((await vault.audit.append(ADA)).sequence).toBe(7);
  });

  it('gives the newest of one user, and what is not older than asked for', async () => {
    for (const user of ['ada', 'bob', 'ada', 'bob', 'ada']) {
      now += DAY_MS;
      await vault.audit.append({ ...ADA, user });
    }
    const sequences = async (query: Parameters<Vault['audit']['read']>[1]) =>
      (await vault.audit.read('acme', query)).entries.map(({ sequence }) => sequence);
    expect(await sequences({ limit: 2 })).toEqual([4, 5]);
    expect(await sequences({ limit: 2, user: 'ada' })).toEqual([3, 5]);
    expect(await sequences({ limit: 9, user: 'bob' })).toEqual([2, 4]);
    expect(await sequences({ since: now - DAY_MS })).toEqual([4, 5]);
    expect(await sequences({ since: now - DAY_MS, user: 'bob' })).toEqual([4]);
  });

  it('keeps its order when many write at once', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, index) => vault.audit.append({ ...ADA, account: `a${index}` })));
    const { entries, chain } = await vault.audit.read('acme');
    expect(chain).toEqual({ state: 'unbroken' });
    expect(new Set(entries.map(({ account }) => account)).size).toBe(30);
    expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });
});
