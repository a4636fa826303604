/** Where the vault key comes from, and that no failure to have it ever makes another or loses a record. */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { type KeyOptions, type OsKeyring, vaultExists } from '../../../src/vault/index.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { GRANT_ID, grantOf } from '../../support/vault-records.js';

let folder: VaultFolder;

beforeEach(async () => {
  folder = await makeVaultFolder();
});
afterEach(() => folder.remove());

const keyWrong = expect.objectContaining({ code: 'vault_key_wrong', retryable: false });
const unreadable = expect.objectContaining({ code: 'vault_unreadable' });

const randomKey = () => Secret.of(randomBytes(32).toString('base64'));
const byEnvironment = (environmentKey: Secret): KeyOptions => ({ environmentKey, keyring: 'never' });

async function store(key: KeyOptions, openKeyring?: () => Promise<OsKeyring>): Promise<void> {
  const vault = await folder.open({ key, ...(openKeyring ? { openKeyring } : {}) });
  await vault.grants.compareAndSwap(GRANT_ID, grantOf('kept'), 0);
  await vault.close();
}

async function storedToken(
  key: KeyOptions,
  openKeyring?: () => Promise<OsKeyring | undefined>,
): Promise<string | undefined> {
  const vault = await folder.open({ key, ...(openKeyring ? { openKeyring } : {}) });
  const found = await vault.grants.get(GRANT_ID);
  await vault.close();
  return found?.value.accessToken;
}

/** What lies on the disk must be the same bytes after a refusal. */
async function refusedUntouched(attempt: () => Promise<unknown>, expected: unknown): Promise<void> {
  const before = await readFile(folder.file);
  await expect(attempt()).rejects.toEqual(expected);
  expect((await readFile(folder.file)).equals(before)).toBe(true);
}

describe('the key file of the home', () => {
  it('is made at the first opening and used ever after', async () => {
    expect(await vaultExists({ kind: 'sqlite', path: folder.file })).toBe(false);
    await store({ keyring: 'never' });
    expect(await vaultExists({ kind: 'sqlite', path: folder.file })).toBe(true);
    expect(Buffer.from(await readFile(folder.keyFile, 'utf8'), 'base64')).toHaveLength(32);
    expect(await storedToken({ keyring: 'never' })).toBe('kept');
  });

  it('T76 is not made anew when it is gone, and brings every record back when it is put back', async () => {
    await store({ keyring: 'never' });
    await rename(folder.keyFile, `${folder.keyFile}.away`);
    await refusedUntouched(() => folder.open(), unreadable);
    expect(await stat(folder.keyFile).catch(() => 'absent')).toBe('absent');
    await rename(`${folder.keyFile}.away`, folder.keyFile);
    expect(await storedToken({ keyring: 'never' })).toBe('kept');
  });

  it('T76 is not believed when it holds another key', async () => {
    await store({ keyring: 'never' });
    await writeFile(folder.keyFile, randomBytes(32).toString('base64'));
    await refusedUntouched(() => folder.open(), keyWrong);
  });

  it('T73 is not followed when it is a symbolic link', async () => {
    await writeFile(join(folder.path, 'planted'), randomBytes(32).toString('base64'), { mode: 0o600 });
    await symlink(join(folder.path, 'planted'), folder.keyFile);
    await expect(folder.open()).rejects.toEqual(unreadable);
  });

  it('T72 is not used when others can read it', async () => {
    await store({ keyring: 'never' });
    await chmod(folder.keyFile, 0o644);
    await expect(folder.open()).rejects.toEqual(unreadable);
  });
});

describe('a key that the environment gives', () => {
  it('R23 opens its vault; another does not, changes nothing, and the right one brings every row back', async () => {
    const key = randomKey();
    await store(byEnvironment(key));
    await refusedUntouched(() => folder.open({ key: byEnvironment(randomKey()) }), keyWrong);
    expect(await storedToken(byEnvironment(key))).toBe('kept');
    expect(await stat(folder.keyFile).catch(() => 'absent')).toBe('absent');
  });

  it('T76 is asked for by its name when it is missing later, and no other source takes its place', async () => {
    await store(byEnvironment(randomKey()));
    const missing = expect.objectContaining({
      code: 'vault_unreadable',
      message: expect.stringContaining('MCP_OAUTH_KEY'),
    });
    await refusedUntouched(() => folder.open(), missing);
    expect(await stat(folder.keyFile).catch(() => 'absent')).toBe('absent');
  });

  it('T77 that is an example makes no vault', async () => {
    const example = Secret.of(Buffer.from('changemechangemechangemechangeme').toString('base64'));
    await expect(folder.open({ key: byEnvironment(example) })).rejects.toEqual(keyWrong);
    expect(await storedToken(byEnvironment(randomKey()))).toBeUndefined();
  });

  it('opens a vault that was made with a file, when it is the same key', async () => {
    await store({ keyring: 'never' });
    const key = Secret.of(await readFile(folder.keyFile, 'utf8'));
    await rm(folder.keyFile);
    expect(await storedToken(byEnvironment(key))).toBe('kept');
    // The recorded source has not changed by that.
    await expect(folder.open()).rejects.toEqual(unreadable);
  });

  it('can lie in a file of its own', async () => {
    const keyFile = join(folder.path, 'given.key');
    const options: KeyOptions = { keyFile, keyring: 'never' };
    await expect(folder.open({ key: options })).rejects.toEqual(unreadable);
    await writeFile(keyFile, `${randomKey().reveal()}\n`, { mode: 0o600 });
    await store(options);
    expect(await storedToken(options)).toBe('kept');
    await refusedUntouched(
      () => folder.open(),
      expect.objectContaining({ code: 'vault_unreadable', message: expect.stringContaining('MCP_OAUTH_KEY_FILE') }),
    );
    await chmod(keyFile, 0o666);
    await expect(folder.open({ key: options })).rejects.toEqual(unreadable);
  });

  it('T76 is not put into a vault whose header was taken away', async () => {
    const key = randomKey();
    await store(byEnvironment(key));
    const file = await folder.openFile();
    file.exec(`DELETE FROM rows WHERE key = 'vault-header'`);
    file.close();
    await refusedUntouched(() => folder.open({ key: byEnvironment(key) }), unreadable);
  });

  it('R25 does not open a vault whose header is of a newer version', async () => {
    const key = randomKey();
    await store(byEnvironment(key));
    const file = await folder.openFile();
    file.exec(
      `UPDATE rows SET value = CAST(replace(CAST(value AS TEXT), '"formatVersion":1', '"formatVersion":2') AS BLOB) WHERE key = 'vault-header'`,
    );
    file.close();
    await refusedUntouched(
      () => folder.open({ key: byEnvironment(key) }),
      expect.objectContaining({ code: 'vault_unreadable', message: expect.stringContaining('newer version') }),
    );
  });

  it('does not open a vault whose recorded source was changed in the file', async () => {
    const key = randomKey();
    await store(byEnvironment(key));
    const file = await folder.openFile();
    file.exec(
      `UPDATE rows SET value = CAST(replace(CAST(value AS TEXT), '"environment"', '"home_file"') AS BLOB) WHERE key = 'vault-header'`,
    );
    file.close();
    await refusedUntouched(() => folder.open({ key: byEnvironment(key) }), unreadable);
  });
});

describe('the keyring', () => {
  const allowed: KeyOptions = { keyring: 'allowed' };

  it('holds the key where it works, and no file does', async () => {
    const keyring = memoryKeyring();
    await store(allowed, async () => keyring);
    expect(await storedToken(allowed, async () => keyring)).toBe('kept');
    expect([...keyring.entries.keys()]).toEqual([expect.stringMatching(/^vault-/u)]);
    expect(await stat(folder.keyFile).catch(() => 'absent')).toBe('absent');
  });

  it.each([
    ['is not there', async () => undefined],
    ['is locked', async () => memoryKeyring({ locked: true })],
    ['loses what it is given', async () => memoryKeyring({ forgetful: true })],
  ])('is left aside for a file when it %s', async (_what, openKeyring: () => Promise<OsKeyring | undefined>) => {
    const vault = await folder.open({ key: allowed, openKeyring });
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('kept'), 0);
    expect((await stat(folder.keyFile)).isFile()).toBe(true);
    // And a keyring that works later does not change that.
    expect(await storedToken(allowed, async () => memoryKeyring())).toBe('kept');
  });

  it('T76 that is locked, gone or empty later makes no new key', async () => {
    const keyring = memoryKeyring();
    await store(allowed, async () => keyring);
    const locked = { ...keyring, read: () => Promise.reject(new Error('locked')) };
    await refusedUntouched(
      () => folder.open({ key: allowed, openKeyring: async () => locked }),
      expect.objectContaining({ code: 'vault_unreadable', retryable: true }),
    );
    await refusedUntouched(() => folder.open({ key: allowed, openKeyring: async () => undefined }), unreadable);
    await refusedUntouched(() => folder.open({ key: allowed, openKeyring: async () => memoryKeyring() }), unreadable);
    expect(await stat(folder.keyFile).catch(() => 'absent')).toBe('absent');
    expect(await storedToken(allowed, async () => keyring)).toBe('kept');
  });

  it('is never asked over SSH or with a home of its own', async () => {
    const never = () => Promise.reject(new Error('The keyring was asked.'));
    const vault = await folder.open({ key: { keyring: 'never' }, openKeyring: never });
    await vault.close();
    const other = await makeVaultFolder();
    const keyring = memoryKeyring();
    await (await other.open({ key: allowed, openKeyring: async () => keyring })).close();
    await expect(other.open({ key: { keyring: 'never' }, openKeyring: never })).rejects.toEqual(unreadable);
    await other.remove();
  });

  it('keeps one key only when many make the vault at once', async () => {
    const keyring = memoryKeyring();
    const { promise: allHaveCome, resolve: allCame } = promiseWithResolvers();
    let came = 0;
    // Nobody goes on before all have seen that there is no vault yet.
    const openKeyring = async () => {
      came += 1;
      if (came === 4) allCame();
      await allHaveCome;
      return keyring;
    };
    const vaults = await Promise.all([1, 2, 3, 4].map(() => folder.open({ key: allowed, openKeyring })));
    const signatures = await Promise.all(vaults.map((vault) => vault.sign('p', 'm')));
    expect(new Set(signatures).size).toBe(1);
    expect(keyring.entries.size).toBe(1);
  });
});

/** A keyring as an operating system's behaves, down to what is wrong with some. */
function memoryKeyring(
  faults: { readonly locked?: boolean; readonly forgetful?: boolean } = {},
): OsKeyring & { readonly entries: Map<string, Secret> } {
  const entries = new Map<string, Secret>();
  const assertUnlocked = () => {
    if (faults.locked === true) throw new Error('The keyring is locked.');
  };
  return {
    entries,
    read: async (account) => {
      assertUnlocked();
      return entries.get(account);
    },
    write: async (account, value) => {
      assertUnlocked();
      if (faults.forgetful !== true) entries.set(account, value);
    },
    remove: async (account) => {
      assertUnlocked();
      entries.delete(account);
    },
  };
}

function promiseWithResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
