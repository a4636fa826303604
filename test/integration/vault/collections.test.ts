/** What the broker sees of its records: generations, deletion, expiry, and that no record opens in another's place. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Vault } from '../../../src/vault/index.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { GRANT_ID, grantOf, pendingOf, tokenOf } from '../../support/vault-records.js';

const HOUR_MS = 3_600_000;
const OTHER_ID = ['personal', 'ada', 'sentry', 'default'];

let now: number;
let warnings: Readonly<Record<string, unknown>>[];
let folder: VaultFolder;
let vault: Vault;

beforeEach(async () => {
  now = 1_800_000_000_000;
  warnings = [];
  const log = {
    error() {},
    warn: (fields: Readonly<Record<string, unknown>>) => void warnings.push(fields),
    info() {},
    debug() {},
  };
  folder = await makeVaultFolder({ clock: { now: () => now }, log });
  vault = await folder.open();
});

afterEach(() => folder.remove());

describe('a record', () => {
  it('is read as it was written, by every process with this vault, with the generation of its write', async () => {
    const grant = grantOf('token-1', { expiresAt: now + 1, scope: 'read' });
    expect(await vault.grants.compareAndSwap(GRANT_ID, grant, 0)).toBe(1);
    const another = await folder.open();
    expect(await another.grants.get(GRANT_ID)).toEqual({ value: grant, generation: 1 });
  });

  it('is not written over by somebody who has not seen its last generation', async () => {
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('first'), 0);
    expect(await vault.grants.compareAndSwap(GRANT_ID, grantOf('second'), 1)).toBe(2);
    for (const stale of [0, 1])
      expect(await vault.grants.compareAndSwap(GRANT_ID, grantOf('late'), stale)).toBeUndefined();
    expect((await vault.grants.get(GRANT_ID))?.value.accessToken).toBe('second');
  });

  it('that was deleted and made anew is not written over by somebody who knew the old one', async () => {
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('old'), 0);
    expect(await vault.grants.delete(GRANT_ID)).toBe(true);
    const generation = await vault.grants.compareAndSwap(GRANT_ID, grantOf('new'), 0);
    expect(generation).toBeGreaterThan(1);
    expect(await vault.grants.compareAndSwap(GRANT_ID, grantOf('late refresh of the old'), 1)).toBeUndefined();
    expect(await vault.grants.delete(GRANT_ID, 1)).toBe(false);
    expect((await vault.grants.get(GRANT_ID))?.value.accessToken).toBe('new');
  });

  it('is deleted once, is in no list then, and what was stored of it has left the file', async () => {
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('gone'), 0);
    const file = await folder.openFile();
    const row = file.prepare("SELECT hex(value) AS value FROM rows WHERE key <> 'vault-header'").get();
    const sealed = Buffer.from(String(row?.['value']), 'hex').subarray(0, 64);
    file.close();
    const wasThere = (await readFile(folder.file)).includes(sealed);
    expect(wasThere).toBe(true);
    const deletions = await Promise.all([1, 2, 3, 4].map(() => vault.grants.delete(GRANT_ID)));
    expect(deletions.filter(Boolean)).toHaveLength(1);
    expect(await vault.grants.get(GRANT_ID)).toBeUndefined();
    expect(await vault.grants.list(['personal', 'ada'])).toEqual([]);
    expect((await readFile(folder.file)).includes(sealed)).toBe(false);
  });

  it('is listed with its owner, and not with any other owner or kind', async () => {
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('mine'), 0);
    await vault.grants.compareAndSwap(['personal', 'linear', 'default'], grantOf('shared'), 0);
    await vault.grants.compareAndSwap(['personal', 'ada', 'agent', 'linear', 'default'], grantOf('per agent'), 0);
    const tokens = async (partition: string[]) =>
      (await vault.grants.list(partition)).map(({ value }) => value.accessToken);
    expect(await tokens(['personal', 'ada'])).toEqual(['mine']);
    expect(await tokens(['personal'])).toEqual(['shared']);
    expect(await tokens(['personal', 'ada', 'agent'])).toEqual(['per agent']);
    expect(await vault.pendings.list(['personal', 'ada'])).toEqual([]);
  });

  it('T62 is never met under names that join to the same text', async () => {
    await vault.grants.compareAndSwap(['a:b', 'c', 'linear', 'default'], grantOf('first'), 0);
    for (const id of [
      ['a', 'b:c', 'linear', 'default'],
      ['a:b', 'c', 'lineardefault', ''],
      ['a:bc', '', 'linear', 'default'],
    ]) {
      expect(await vault.grants.get(id)).toBeUndefined();
    }
    expect(await vault.grants.list(['a', 'b:c'])).toEqual([]);
  });
});

describe('update', () => {
  it('makes, changes and deletes, and writes nothing where nothing changes', async () => {
    await vault.grants.update(GRANT_ID, (current) => current ?? grantOf('made'));
    await vault.grants.update(GRANT_ID, (current) => current && { ...current, accessToken: 'changed' });
    await vault.grants.update(GRANT_ID, (current) => current);
    expect(await vault.grants.get(GRANT_ID)).toMatchObject({ generation: 2, value: { accessToken: 'changed' } });
    expect(await vault.grants.update(GRANT_ID, () => undefined)).toBeUndefined();
    expect(await vault.grants.get(GRANT_ID)).toBeUndefined();
    expect(await vault.grants.update(GRANT_ID, () => undefined)).toBeUndefined();
    expect((await vault.grants.update(GRANT_ID, () => grantOf('again')))?.accessToken).toBe('again');
  });

  it('loses no change of many at once', async () => {
    const other = await folder.open();
    const add = (index: number) =>
      (index % 2 === 0 ? vault : other).grants.update(GRANT_ID, (current) =>
        grantOf('t', { obtainedAt: (current?.obtainedAt ?? 0) + 1 }),
      );
    await Promise.all(Array.from({ length: 30 }, (_, index) => add(index)));
    expect(await vault.grants.get(GRANT_ID)).toMatchObject({ generation: 30, value: { obtainedAt: 30 } });
  });
});

describe('lifetimes', () => {
  it('T30 pending sign-ins and tokens can be told from unknown ones for an hour after they expired, and are gone then', async () => {
    const expiresAt = now + 600_000;
    await vault.pendings.compareAndSwap(GRANT_ID, pendingOf('s', expiresAt), 0);
    await vault.tokens.compareAndSwap(['state', 's'], tokenOf(expiresAt), 0);
    now = expiresAt + HOUR_MS - 1;
    expect(await vault.pendings.get(GRANT_ID)).toBeDefined();
    expect(await vault.tokens.get(['state', 's'])).toBeDefined();
    now = expiresAt + HOUR_MS;
    expect(await vault.pendings.get(GRANT_ID)).toBeUndefined();
    expect(await vault.tokens.get(['state', 's'])).toBeUndefined();
    expect(await vault.pendings.list(['personal', 'ada'])).toEqual([]);
  });

  it('open pages go at their instant, grants never', async () => {
    await vault.openPages.compareAndSwap(['27182'], { port: 27_182, host: '127.0.0.1', until: now + 10, uses: {} }, 0);
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('t', { expiresAt: now + 10 }), 0);
    now += 10;
    expect(await vault.openPages.list(['open'])).toEqual([]);
    now += 10 * 365 * 24 * HOUR_MS;
    expect(await vault.grants.get(GRANT_ID)).toBeDefined();
  });

  it('R26 nothing is lost when the clock jumps an hour ahead and back', async () => {
    await vault.pendings.compareAndSwap(GRANT_ID, pendingOf('s', now + 600_000), 0);
    now += 3 * HOUR_MS;
    await vault.grants.compareAndSwap(OTHER_ID, grantOf('written meanwhile'), 0);
    expect(await vault.pendings.get(GRANT_ID)).toBeUndefined();
    now -= 3 * HOUR_MS;
    expect((await vault.pendings.get(GRANT_ID))?.value.state).toBe('s');
  });

  it('what expired long ago leaves the file with a later write', async () => {
    await vault.tokens.compareAndSwap(['state', 's'], tokenOf(now), 0);
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('deleted'), 0);
    await vault.grants.delete(GRANT_ID);
    now += 72 * HOUR_MS;
    await vault.grants.compareAndSwap(OTHER_ID, grantOf('later'), 0);
    const file = await folder.openFile();
    // The header, and the grant that was just written.
    expect(file.prepare('SELECT count(*) AS count FROM rows').get()).toMatchObject({ count: 2 });
    file.close();
  });
});

describe('somebody who can write to the file', () => {
  const other = grantOf("another's token");

  beforeEach(async () => {
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('mine'), 0);
    await vault.grants.compareAndSwap(['personal', 'eve', 'linear', 'default'], other, 0);
  });

  async function change(sql: string): Promise<void> {
    const file = await folder.openFile();
    file.exec(sql);
    file.close();
  }

  const unreadable = expect.objectContaining({ code: 'vault_unreadable' });
  const readAll = 'SELECT key, partition, version, hex(value) AS value FROM rows ORDER BY key';

  it("T74 cannot make one record pass for another's: swapped values do not open, and both rows are kept", async () => {
    await change(
      `UPDATE rows SET value = (SELECT value FROM rows AS o WHERE o.partition <> rows.partition AND o.key <> 'vault-header') WHERE key <> 'vault-header'`,
    );
    const file = await folder.openFile();
    const before = file.prepare(readAll).all();
    await expect(vault.grants.get(GRANT_ID)).rejects.toEqual(unreadable);
    await expect(vault.grants.update(GRANT_ID, () => grantOf('over'))).rejects.toEqual(unreadable);
    await expect(vault.grants.compareAndSwap(GRANT_ID, grantOf('over'), 0)).rejects.toEqual(unreadable);
    expect(
      file
        .prepare(readAll)
        .all()
        .map((row) => row['value']),
    ).toEqual(before.map((row) => row['value']));
    file.close();
  });

  it('T74 cannot make the token of one server pass for that of another of the same user', async () => {
    await vault.grants.compareAndSwap(OTHER_ID, grantOf('for sentry only'), 0);
    await change(`
      CREATE TABLE pair AS SELECT key, value FROM rows
        WHERE partition IN (SELECT partition FROM rows GROUP BY partition HAVING count(*) = 2);
      UPDATE rows SET value = (SELECT value FROM pair WHERE pair.key <> rows.key) WHERE key IN (SELECT key FROM pair)`);
    await expect(vault.grants.get(GRANT_ID)).rejects.toEqual(unreadable);
    await expect(vault.grants.get(OTHER_ID)).rejects.toEqual(unreadable);
    expect(await vault.grants.list(['personal', 'ada'])).toEqual([]);
  });

  it("T74 cannot move another's record into somebody's list", async () => {
    await change(
      `UPDATE rows SET partition = (SELECT max(partition) FROM rows WHERE key <> 'vault-header') WHERE key <> 'vault-header'`,
    );
    const listed = [
      ...(await vault.grants.list(['personal', 'ada'])),
      ...(await vault.grants.list(['personal', 'eve'])),
    ];
    expect(listed).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it('T74 cannot bring back an earlier generation as the present one', async () => {
    await change('CREATE TABLE old AS SELECT key, value FROM rows');
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('rotated'), 1);
    await change('UPDATE rows SET value = (SELECT old.value FROM old WHERE old.key = rows.key)');
    await expect(vault.grants.get(GRANT_ID)).rejects.toEqual(unreadable);
  });

  it('T75 cannot cut the tag', async () => {
    await change(`UPDATE rows SET value = substr(value, 1, length(value) - 12) WHERE key <> 'vault-header'`);
    await expect(vault.grants.get(GRANT_ID)).rejects.toEqual(unreadable);
  });

  it('R22 who damages one record harms that one only, and clearing it mends it', async () => {
    await vault.grants.compareAndSwap(OTHER_ID, grantOf('untouched'), 0);
    const before = await rowKeys();
    await vault.grants.compareAndSwap([...OTHER_ID.slice(0, 3), 'second'], grantOf('damaged'), 0);
    const [damaged] = (await rowKeys()).filter((key) => !before.includes(key));
    await change(
      `UPDATE rows SET value = CAST(substr(value, 1, 200) || x'00' || substr(value, 202) AS BLOB) WHERE key = '${damaged}'`,
    );
    const damagedId = [...OTHER_ID.slice(0, 3), 'second'];
    await expect(vault.grants.get(damagedId)).rejects.toEqual(unreadable);
    expect((await vault.grants.get(OTHER_ID))?.value.accessToken).toBe('untouched');
    expect((await vault.grants.list(['personal', 'ada'])).map(({ value }) => value.accessToken).sort()).toEqual([
      'mine',
      'untouched',
    ]);
    expect(warnings).toEqual([{ kind: 'grant', row: damaged?.slice(0, 8) }]);

    expect(await vault.grants.delete(damagedId)).toBe(true);
    expect(await vault.grants.compareAndSwap(damagedId, grantOf('signed in again'), 0)).toBeGreaterThan(1);
    expect(await vault.grants.get(damagedId)).toBeDefined();
  });

  it('learns neither tokens nor names from it', async () => {
    await vault.tokens.compareAndSwap(['state', 'a-state-of-43-characters'], tokenOf(now), 0);
    await vault.acquireLease(['refresh', ...GRANT_ID], 1_000, 0);
    const raw = (await readFile(folder.file)).toString('latin1');
    for (const name of [
      'mine',
      "another's",
      'linear',
      'ada',
      'eve',
      'personal',
      'as.example',
      'a-state-of-43-characters',
      'refresh',
    ]) {
      expect(raw, name).not.toContain(name);
    }
  });

  async function rowKeys(): Promise<readonly string[]> {
    const file = await folder.openFile();
    const keys = file
      .prepare('SELECT key FROM rows')
      .all()
      .map((row) => String(row['key']));
    file.close();
    return keys;
  }
});

describe('leases and signatures of the vault', () => {
  it('a lease is waited for, and had as soon as it is released', async () => {
    const lease = await vault.acquireLease(['refresh', 'x'], 60_000, 0);
    const other = await folder.open();
    expect(await other.acquireLease(['refresh', 'x'], 60_000, 0)).toBeUndefined();
    const waiting = other.acquireLease(['refresh', 'x'], 60_000, 30_000);
    await lease?.release();
    expect((await waiting)?.fence).toBeGreaterThan(lease?.fence ?? 0);
  });

  it('R26 an hour on the wall clock robs no holder', async () => {
    const other = await folder.open();
    for (const jumpMs of [HOUR_MS, -2 * HOUR_MS]) {
      const lease = await vault.acquireLease(['refresh'], 60_000, 0);
      now += jumpMs;
      expect(await other.acquireLease(['refresh'], 60_000, 0)).toBeUndefined();
      await lease?.release();
    }
  });

  it('a write under a lease that was lost is refused', async () => {
    const lease = await vault.acquireLease(['refresh'], 1, 0);
    const taken = await vault.acquireLease(['refresh'], 60_000, 10_000);
    expect(await vault.grants.compareAndSwap(GRANT_ID, grantOf('late'), 0, lease)).toBeUndefined();
    expect(await vault.grants.compareAndSwap(GRANT_ID, grantOf('in time'), 0, taken)).toBe(1);
  });

  it('a signature is the same in each process of the vault, and of no other purpose, message or vault', async () => {
    const another = await folder.open();
    const stranger = await makeVaultFolder();
    const signature = await vault.sign('health', 'nonce');
    expect(signature).toMatch(/^[0-9a-f]{64}$/u);
    expect(await another.sign('health', 'nonce')).toBe(signature);
    expect(await vault.sign('healt', 'hnonce')).not.toBe(signature);
    expect(await vault.sign('health', 'other')).not.toBe(signature);
    expect(await (await stranger.open()).sign('health', 'nonce')).not.toBe(signature);
    await stranger.remove();
  });
});
