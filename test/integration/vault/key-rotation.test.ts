/** Changing the vault's key: at every moment each record opens under one known key, whoever is at work or killed. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { allRows } from '../../../src/vault/all-rows.js';
import { kidOf } from '../../../src/vault/cipher.js';
import type { KeyOptions } from '../../../src/vault/index.js';
import { rotateKey } from '../../../src/vault/rotate-key.js';
import type { Store } from '../../../src/vault/store.js';
import { openSqliteStore } from '../../../src/vault/store-sqlite.js';
import { mintVaultKey } from '../../../src/vault/vault-key.js';
import { dyingStore } from '../../support/dying-store.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { grantOf } from '../../support/vault-records.js';

const OWNER = ['personal', 'ada'];
const RECORDS = 6;

let folder: VaultFolder;
let store: Store;

beforeEach(async () => {
  folder = await makeVaultFolder();
});
afterEach(async () => {
  await store.close();
  await folder.remove();
});

async function filled(options: { readonly key?: KeyOptions } = {}) {
  const vault = await folder.open(options);
  for (let index = 0; index < RECORDS; index += 1) {
    await vault.grants.compareAndSwap([...OWNER, `server-${index}`, 'default'], grantOf(`token-${index}`), 0);
  }
  store = await openSqliteStore({ path: folder.file });
  return vault;
}

function surroundings(options: KeyOptions = { keyring: 'never' }) {
  return { options, homeDirectory: folder.path, openKeyring: async () => undefined };
}

async function kids(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { value } of allRows(store)) found.push(kidOf(value).toString('hex'));
  return found;
}

async function tokensOf(options: { readonly key?: KeyOptions } = {}): Promise<readonly string[]> {
  const vault = await folder.open(options);
  return (await vault.grants.list(OWNER)).map(({ value }) => value.accessToken).sort();
}

const EVERY_TOKEN = Array.from({ length: RECORDS }, (_, index) => `token-${index}`);

describe('rotating a key that is a file of ours', () => {
  it('puts every record under a new key, keeps that in the place of the old one, and changes no generation', async () => {
    await filled();
    const [before, text] = [await kids(), await readFile(folder.keyFile, 'utf8')];
    expect(await rotateKey(store, surroundings())).toEqual({ records: RECORDS, unreadable: 0, keySource: 'home_file' });
    const after = await kids();
    expect(new Set([...before, ...after]).size).toBe(2);
    expect(after.every((kid) => kid === after[0])).toBe(true);
    expect(await readFile(folder.keyFile, 'utf8')).not.toBe(text);
    if (process.platform !== 'win32') expect((await stat(folder.keyFile)).mode & 0o777).toBe(0o600);
    expect(await tokensOf()).toEqual(EVERY_TOKEN);
    const vault = await folder.open();
    expect(await vault.grants.get([...OWNER, 'server-0', 'default'])).toMatchObject({ generation: 1 });
  });

  it('leaves nothing that the old key opens', async () => {
    await filled();
    const old = await readFile(folder.keyFile, 'utf8');
    await rotateKey(store, surroundings());
    const key: KeyOptions = { environmentKey: Secret.of(old.trim()), keyring: 'never' };
    await expect(folder.open({ key })).rejects.toMatchObject({ code: 'vault_key_wrong' });
  });

  it('can be killed at every write: each record still opens, and the next call comes to the end', async () => {
    await filled();
    for (let lives = 0; ; lives += 1) {
      const outcome = await rotateKey(dyingStore(store, lives), surroundings()).catch((error: Error) => error.name);
      expect(await tokensOf()).toEqual(EVERY_TOKEN);
      expect(new Set(await kids()).size).toBeLessThanOrEqual(2);
      if (typeof outcome !== 'string') break;
      expect(outcome).toBe('KilledError');
    }
    expect(new Set(await kids()).size).toBe(1);
  });

  it('is noticed by brokers that are at work, before, during and after, and none of their writes is lost', async () => {
    const early = await filled();
    const late = await folder.open();
    await rotateKey(dyingStore(store, 3), surroundings()).catch(() => undefined);
    const id = (name: string) => [...OWNER, name, 'default'];
    expect(await early.grants.compareAndSwap(id('during'), grantOf('during'), 0)).toBe(1);
    expect((await early.grants.get(id('server-0')))?.value.accessToken).toBe('token-0');
    await rotateKey(store, surroundings());
    expect(await early.grants.compareAndSwap(id('during'), grantOf('changed'), 1)).toBe(2);
    expect(await late.grants.compareAndSwap(id('after'), grantOf('after'), 0)).toBe(1);
    expect((await late.grants.list(OWNER)).length).toBe(RECORDS + 2);
    expect(new Set(await kids()).size).toBe(1);
    expect(await tokensOf()).toEqual(['after', 'changed', ...EVERY_TOKEN].sort());
  });

  it('leaves a record that no key opens as it is, and counts it', async () => {
    await filled();
    await store.compareAndSwap({ key: 'x'.repeat(43), partition: 'p', value: Buffer.alloc(120, 9) }, 0);
    expect(await rotateKey(store, surroundings())).toMatchObject({ records: RECORDS, unreadable: 1 });
    expect(Buffer.from((await store.read('x'.repeat(43)))?.value ?? [])).toEqual(Buffer.alloc(120, 9));
  });
});

describe('rotating a key that the environment gives', () => {
  const environmentKey = mintVaultKey().text;
  const key: KeyOptions = { environmentKey, keyring: 'never' };

  it('asks for a file for the new one, and changes nothing without', async () => {
    await filled({ key });
    const before = await kids();
    await expect(rotateKey(store, surroundings(key))).rejects.toMatchObject({
      code: 'invalid_input',
      nextStep: expect.stringContaining('--key-out'),
    });
    expect(await kids()).toEqual(before);
  });

  it('writes it to that file before anything depends on it, and refuses the old one from then on', async () => {
    const vault = await filled({ key });
    const keyFile = join(folder.path, 'keys', 'new.key');
    await rotateKey(dyingStore(store, 2), surroundings(key), keyFile).catch(() => undefined);
    expect(await tokensOf({ key })).toEqual(EVERY_TOKEN);
    expect(await tokensOf({ key: { keyFile, keyring: 'never' } })).toEqual(EVERY_TOKEN);
    expect(await rotateKey(store, surroundings(key), keyFile)).toMatchObject({ keySource: 'key_file', keyFile });
    if (process.platform !== 'win32') expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await tokensOf({ key: { keyFile, keyring: 'never' } })).toEqual(EVERY_TOKEN);
    await expect(folder.open({ key })).rejects.toMatchObject({ code: 'vault_key_wrong' });
    const late = vault.grants.compareAndSwap([...OWNER, 'late', 'default'], grantOf('late'), 0);
    await expect(late).rejects.toMatchObject({ code: 'vault_key_wrong' });
  });

  it('does not write over a file that holds something else', async () => {
    await filled({ key });
    const keyFile = join(folder.path, 'taken.key');
    await writeFile(keyFile, 'something else', { mode: 0o600 });
    await expect(rotateKey(store, surroundings(key), keyFile)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await readFile(keyFile, 'utf8')).toBe('something else');
    expect(await tokensOf({ key })).toEqual(EVERY_TOKEN);
  });
});
