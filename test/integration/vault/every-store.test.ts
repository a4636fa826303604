/** The key, the version and the place of a vault, on every kind of store: what is killed half-way harms no record. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allRows } from '../../../src/vault/all-rows.js';
import { kidOf } from '../../../src/vault/cipher.js';
import { copyVault } from '../../../src/vault/copy-vault.js';
import { HEADER_KEY, readHeader } from '../../../src/vault/header-record.js';
import type { KeyOptions, Vault } from '../../../src/vault/index.js';
import { rotateKey } from '../../../src/vault/rotate-key.js';
import { mintVaultKey } from '../../../src/vault/vault-key.js';
import { dyingStore } from '../../support/dying-store.js';
import { EVERY_STORE, type VaultPlace } from '../../support/every-store.js';
import { grantOf, pendingOf } from '../../support/vault-records.js';

const OWNER = ['team', 'ada'];
const EVERY_TOKEN = ['token-0', 'token-1', 'token-2', 'token-3'];
const HOUR_MS = 3_600_000;

const idOf = (server: string) => [...OWNER, server, 'default'];

async function fill(vault: Vault): Promise<void> {
  for (const token of EVERY_TOKEN) await vault.grants.compareAndSwap(idOf(token), grantOf(token), 0);
  // Over, and still to be told from one that never was.
  await vault.pendings.compareAndSwap(idOf('late'), pendingOf('s', Date.now() - 2 * HOUR_MS), 0);
}

async function tokensIn(vault: Vault): Promise<readonly string[]> {
  return (await vault.grants.list(OWNER)).map(({ value }) => value.accessToken).sort();
}

/** Each driver has bytes of its own kind. */
async function rowsOf(place: VaultPlace) {
  const rows = await (await place.store()).page(undefined, 1_000);
  return rows.map((row) => ({ ...row, value: Buffer.from(row.value).toString('base64') }));
}

for (const { name, skipped, place: makePlace } of EVERY_STORE) {
  describe.skipIf(skipped !== undefined)(`a vault on ${name}${skipped === undefined ? '' : ` (${skipped})`}`, () => {
    let place: VaultPlace;
    let vault: Vault;

    beforeEach(async () => {
      place = await makePlace();
      vault = await place.vault();
      await fill(vault);
    });
    afterEach(() => place.remove());

    it('R23 does not open with a wrong key, which changes nothing, and with the right one every record is there', async () => {
      const before = await rowsOf(place);
      const wrong: KeyOptions = { environmentKey: mintVaultKey().text, keyring: 'never' };
      await expect(place.vault(wrong)).rejects.toMatchObject({ code: 'vault_key_wrong' });
      expect(await rowsOf(place)).toEqual(before);
      expect(await tokensIn(await place.vault())).toEqual(EVERY_TOKEN);
    });

    it('R24 can be killed at every write of a change of key: each record opens under one known key, and the next call ends it', async () => {
      const store = await place.store();
      const keyFile = join(place.folder.path, 'keys', 'new.key');
      const options: KeyOptions = { environmentKey: place.key, keyring: 'never' };
      const surroundings = { options, homeDirectory: place.folder.path, openKeyring: async () => undefined };
      const kids = async () => {
        const found = new Set<string>();
        for await (const { value } of allRows(store)) found.add(kidOf(value).toString('hex'));
        return found;
      };
      const before = await kids();

      for (let lives = 0; ; lives += 1) {
        const outcome = await rotateKey(dyingStore(store, lives), surroundings, keyFile).catch((error: Error) => error);
        if (!(outcome instanceof Error)) break;
        expect(outcome.name).toBe('KilledError');
        expect((await kids()).size).toBeLessThanOrEqual(2);
        expect(await tokensIn(await place.vault())).toEqual(EVERY_TOKEN);
        expect(await tokensIn(vault)).toEqual(EVERY_TOKEN);
      }

      const after = await kids();
      expect(after.size).toBe(1);
      expect(before.has([...after][0] ?? '')).toBe(false);
      expect(await tokensIn(await place.vault({ keyFile, keyring: 'never' }))).toEqual(EVERY_TOKEN);
      await expect(place.vault()).rejects.toMatchObject({ code: 'vault_key_wrong' });
      expect(await vault.grants.get(idOf('token-0'))).toMatchObject({ generation: 1 });
    });

    it('T74 lets nobody who can write to it make one record pass for another, and keeps every row', async () => {
      const store = await place.store();
      const rows = (await store.page(undefined, 1_000)).filter(({ key }) => key !== HEADER_KEY);
      const exchanged = rows.map((row, index) => ({
        ...row,
        value: rows[(index + 1) % rows.length]?.value ?? row.value,
      }));
      for (const [index, row] of exchanged.entries()) expect(await store.exchange(row, rows[index])).toBe(true);

      for (const token of EVERY_TOKEN)
        await expect(vault.grants.get(idOf(token))).rejects.toMatchObject({ code: 'vault_unreadable' });
      expect(await tokensIn(await place.vault())).toEqual([]);

      for (const [index, row] of rows.entries()) expect(await store.exchange(row, exchanged[index])).toBe(true);
      expect(await tokensIn(vault)).toEqual(EVERY_TOKEN);
    });

    it('T62 keeps records apart whose names join to the same text, and shows neither names nor tokens', async () => {
      await vault.grants.compareAndSwap(['team', 'ad', 'a/linear', 'default'], grantOf('of-another'), 0);
      expect(await vault.grants.get(['team', 'ad/a', 'linear', 'default'])).toBeUndefined();
      expect(await tokensIn(vault)).toEqual(EVERY_TOKEN);

      const written = (await (await place.store()).page(undefined, 1_000))
        .map(({ key, partition, value }) => [key, partition, Buffer.from(value).toString('latin1')].join(' '))
        .join(' ');
      for (const text of [...EVERY_TOKEN, 'linear', 'of-another']) expect(written).not.toContain(text);
    });

    it('R25 that a newer version has taken over is written to by no older one, running or just started', async () => {
      const store = await place.store();
      const header = await readHeader(store);
      const newer = Buffer.from(JSON.stringify({ ...header?.header, formatVersion: 2 }), 'utf8');
      await store.compareAndSwap({ key: HEADER_KEY, partition: HEADER_KEY, value: newer }, header?.version ?? 0);
      const before = await rowsOf(place);
      const refused = { code: 'vault_unreadable', message: expect.stringContaining('newer version') };

      await expect(vault.grants.compareAndSwap(idOf('token-0'), grantOf('old'), 1)).rejects.toMatchObject(refused);
      await expect(vault.grants.update(idOf('token-1'), () => grantOf('old'))).rejects.toMatchObject(refused);
      await expect(vault.grants.delete(idOf('token-2'))).rejects.toMatchObject(refused);
      await expect(place.vault()).rejects.toMatchObject(refused);
      expect(await rowsOf(place)).toEqual(before);
    });
  });
}

const JOURNEYS = EVERY_STORE.flatMap((from) =>
  EVERY_STORE.filter((to) => from !== to).map((to) => ({ from, to, skipped: from.skipped ?? to.skipped })),
);

for (const { from, to, skipped } of JOURNEYS) {
  describe.skipIf(skipped !== undefined)(
    `moving a vault from ${from.name} to ${to.name}${skipped === undefined ? '' : ` (${skipped})`}`,
    () => {
      let source: VaultPlace;
      let target: VaultPlace;

      beforeEach(async () => {
        [source, target] = [await from.place(), await to.place()];
      });
      afterEach(async () => {
        await source.remove();
        await target.remove();
      });

      it('R25 can be killed at every write: nobody opens half a vault, the next call comes to the end, and the source stays', async () => {
        const vault = await source.vault();
        await fill(vault);
        const options: KeyOptions = { environmentKey: source.key, keyring: 'never' };
        const [here, there] = [await source.store(), await target.store()];
        for (let lives = 0; ; lives += 1) {
          const outcome = await copyVault(here, dyingStore(there, lives)).catch((error: Error) => error);
          if (!(outcome instanceof Error)) break;
          expect(outcome.name).toBe('KilledError');
          if (!(await there.isEmpty()) && (await readHeader(there)) === undefined)
            await expect(target.vault(options)).rejects.toMatchObject({ code: 'vault_unreadable' });
          // Brokers go on meanwhile: a record changes, and one goes.
          if (lives === 3) {
            await vault.grants.update(idOf('token-0'), (grant) => grant && { ...grant, lastRefreshedAt: 7 });
            await vault.grants.delete(idOf('token-3'));
          }
        }

        expect(await rowsOf(target)).toEqual(await rowsOf(source));
        const moved = await target.vault(options);
        expect(await tokensIn(moved)).toEqual(EVERY_TOKEN.slice(0, -1));
        expect(await moved.grants.get(idOf('token-0'))).toMatchObject({ generation: 2, value: { lastRefreshedAt: 7 } });
        expect(await tokensIn(vault)).toEqual(EVERY_TOKEN.slice(0, -1));
        expect(await moved.grants.compareAndSwap(idOf('token-0'), grantOf('moved'), 2)).toBe(3);
      });
    },
  );
}
