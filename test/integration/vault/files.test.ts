/** The vault's files: who may read them, what is refused, and that a damaged or unwritable one is left as it is. */
import { chmod, chown, mkdir, open, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redactText } from '../../../src/core/redaction.js';
import { describeStore, parseStoreLocation } from '../../../src/vault/index.js';
import { loadSqliteDriver } from '../../../src/vault/sqlite-driver.js';
import { openSqliteStore } from '../../../src/vault/store-sqlite.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { buildVaultWorkers, type VaultWorkers } from '../../support/vault-process.js';
import { GRANT_ID, grantOf } from '../../support/vault-records.js';

const IS_WINDOWS = process.platform === 'win32';
const IS_ROOT = process.getuid?.() === 0;
/** `nobody`, or any other user without rights. */
const STRANGER_UID = 65_534;

let workers: VaultWorkers;
let folder: VaultFolder;

beforeAll(async () => {
  workers = await buildVaultWorkers();
});
afterAll(() => workers.remove());
beforeEach(async () => {
  folder = await makeVaultFolder();
});
afterEach(() => folder.remove());

const unreadable = expect.objectContaining({ code: 'vault_unreadable' });
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe.skipIf(IS_WINDOWS)('rights', () => {
  it('T72 with a umask of 000 every file is still 0600 and the folder 0700', async () => {
    const home = join(folder.path, 'made', 'by us');
    const worker = workers.start('probe', home, 'x', 100);
    expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
    expect(await modeOf(home)).toBe('700');
    const files = await readdir(home);
    expect(files.sort()).toEqual(['vault.key', 'vault.sqlite']);
    for (const file of files) expect(await modeOf(join(home, file)), file).toBe('600');
  });

  it('T72 the journal of a write that is under way is 0600, and the only file beside the vault', async () => {
    const vault = await folder.open();
    await vault.grants.compareAndSwap(GRANT_ID, grantOf('t'), 0);
    const file = await folder.openFile();
    file.exec(`BEGIN IMMEDIATE; UPDATE rows SET version = version;`);
    // Made to be written out now, since a small change waits in memory.
    file.exec('PRAGMA cache_spill = 1; PRAGMA cache_size = 1;');
    file.exec('CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(400000));');
    expect((await readdir(folder.path)).sort()).toEqual(['vault.key', 'vault.sqlite', 'vault.sqlite-journal']);
    expect(await modeOf(`${folder.file}-journal`)).toBe('600');
    file.exec('ROLLBACK');
    file.close();
  });

  it('T72 rights that a copy has widened are narrowed at the next opening', async () => {
    await (await folder.open()).close();
    await chmod(folder.file, 0o644);
    await folder.open();
    expect(await modeOf(folder.file)).toBe('600');
  });

  it('T73 a symbolic link in the place of the vault is refused, whether it leads anywhere or not', async () => {
    const elsewhere = join(folder.path, 'elsewhere');
    await symlink(elsewhere, folder.file);
    await expect(folder.open()).rejects.toEqual(unreadable);
    expect(await stat(elsewhere).catch(() => 'absent')).toBe('absent');
    await writeFile(elsewhere, '');
    await expect(folder.open()).rejects.toEqual(unreadable);
    expect((await stat(elsewhere)).size).toBe(0);
  });

  it('T73 a folder in the place of the vault is refused', async () => {
    await mkdir(folder.file);
    await expect(folder.open()).rejects.toEqual(unreadable);
  });

  it('T73 a folder that everybody can write to is refused', async () => {
    await chmod(folder.path, 0o777);
    await expect(folder.open()).rejects.toEqual(unreadable);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it.runIf(IS_ROOT)("T73 another user's folder, vault or key file is refused", async () => {
    await (await folder.open()).close();
    for (const path of [folder.path, folder.file, folder.keyFile]) {
      await chown(path, STRANGER_UID, STRANGER_UID);
      await expect(folder.open(), path).rejects.toEqual(unreadable);
      await chown(path, 0, 0);
    }
    await folder.open();
  });
});

describe('a damaged file', () => {
  beforeEach(async () => {
    const vault = await folder.open();
    for (let account = 0; account < 60; account += 1) {
      await vault.grants.compareAndSwap([...GRANT_ID.slice(0, 3), String(account)], grantOf('x'.repeat(2_000)), 0);
    }
    await vault.close();
  });

  async function readEverything(): Promise<unknown> {
    const vault = await folder.open();
    return vault.grants.list(['personal', 'ada']);
  }

  async function expectLeftAlone(): Promise<void> {
    const before = await readFile(folder.file);
    await expect(readEverything()).rejects.toEqual(unreadable);
    await expect(readEverything()).rejects.toEqual(unreadable);
    expect((await readFile(folder.file)).equals(before)).toBe(true);
    expect((await readdir(folder.path)).sort()).toEqual(['vault.key', 'vault.sqlite']);
  }

  it.each([0, 50, 4_096, 60_000])(
    'R21 that was cut to %i bytes is unreadable, is not touched, and no new one is made',
    async (bytes) => {
      await truncate(folder.file, bytes);
      await expectLeftAlone();
    },
  );

  it('R21 that is something else is unreadable and not touched', async () => {
    await writeFile(folder.file, 'This is not a vault. '.repeat(1_000));
    await expectLeftAlone();
  });

  it("R21 that is another program's database is unreadable and not touched", async () => {
    await rm(folder.file);
    const file = await folder.openFile();
    file.exec('CREATE TABLE bookmarks (url); PRAGMA user_version = 1;');
    file.close();
    await chmod(folder.file, 0o600);
    await expectLeftAlone();
  });

  it('R21 with overwritten pages is unreadable and not touched', async () => {
    const { size } = await stat(folder.file);
    const file = await open(folder.file, 'r+');
    await file.write(Buffer.alloc(size - 8_192, 0xa5), 0, size - 8_192, 4_096);
    await file.close();
    await expectLeftAlone();
  });

  it('R25 with a newer schema is refused and not touched', async () => {
    const file = await folder.openFile();
    file.exec('PRAGMA user_version = 2');
    file.close();
    const newer = expect.objectContaining({
      code: 'vault_unreadable',
      message: expect.stringContaining('newer version'),
    });
    await expect(readEverything()).rejects.toEqual(newer);
    await expectLeftAlone();
  });
});

describe('a vault that cannot be written', () => {
  it('R20 while another process writes all the time is busy, which can be tried again, and never "not connected"', async () => {
    await (await folder.open()).close();
    const store = await openSqliteStore({ path: folder.file, busyTimeoutMs: 300 });
    const file = await folder.openFile();
    file.exec('BEGIN EXCLUSIVE');
    const busy = expect.objectContaining({ code: 'vault_busy', retryable: true });
    await expect(store.read('k')).rejects.toEqual(busy);
    await expect(store.acquireLease('l', 'h', 10)).rejects.toEqual(busy);
    await expect(openSqliteStore({ path: folder.file, busyTimeoutMs: 100 })).rejects.toEqual(busy);
    // The wait leaves this process free to do other things, and ends as soon as the file is free.
    const patient = await openPatiently();
    expect(await patient).toBeUndefined();
    await store.close();

    async function openPatiently() {
      const reading = store.read('k');
      await new Promise((resolve) => setImmediate(resolve));
      file.exec('COMMIT');
      file.close();
      return reading;
    }
  });

  it.skipIf(IS_WINDOWS)(
    'R19 in a read-only folder what is there can be used, and storing fails before anything is changed',
    async () => {
      const home = join(folder.path, 'home');
      await mkdir(home, { mode: 0o700 });
      const uid = IS_ROOT ? STRANGER_UID : undefined;
      // A process without rights: root may write anywhere.
      if (uid !== undefined) await chown(home, uid, uid);
      await chmod(folder.path, 0o711);
      const how = uid === undefined ? {} : { uid };
      expect(await workers.start('probe', home, 'x', 100, how).ended).toMatchObject({ code: 0, stderr: '' });
      await chmod(join(home, 'vault.sqlite'), 0o400);
      await chmod(home, 0o500);
      const worker = workers.start('probe', home, 'x', 200, how);
      expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
      expect(worker.lines).toEqual(['read 100', 'write vault_unreadable false', 'read 100']);
      await chmod(home, 0o700);
    },
  );

  it.skipIf(IS_WINDOWS)(
    'R18 on a disk that takes no more, storing fails, can be tried again, and what was there stays readable',
    async () => {
      expect(await workers.start('probe', folder.path, 'x', 100).ended).toMatchObject({ code: 0, stderr: '' });
      // The operating system refuses to let a file grow beyond 96 KiB.
      const limited = ['bash', '-c', 'ulimit -f 96; exec "$@"', 'bash', process.execPath];
      const worker = workers.start('probe', folder.path, 'x', 150_000, { command: limited });
      expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
      expect(worker.lines).toEqual(['read 100', 'write vault_unreadable true', 'read 100']);
      const after = workers.start('probe', folder.path, 'x', 150_000);
      expect(await after.ended).toMatchObject({ code: 0, stderr: '' });
      expect(after.lines).toEqual(['read 100', 'write written', 'read 150000']);
    },
  );

  it('R18 on a full disk the same', async () => {
    const driver = await loadSqliteDriver();
    const store = await openSqliteStore({ path: folder.file });
    const row = { key: 'k', partition: 'p', value: Buffer.from('kept') };
    await store.compareAndSwap(row, 0);
    await store.close();
    const { retryWhileBusy } = await import('../../../src/vault/sqlite-errors.js');
    const file = driver(folder.file);
    file.exec('PRAGMA max_page_count = 12');
    const fill = () => file.exec('UPDATE rows SET value = zeroblob(1000000)');
    await expect(retryWhileBusy(fill, 100)).rejects.toEqual(
      expect.objectContaining({ code: 'vault_unreadable', retryable: true }),
    );
    file.close();
    const again = await openSqliteStore({ path: folder.file });
    expect(await again.read('k')).toMatchObject({ version: 1 });
    await again.close();
  });
});

describe('the location of the store', () => {
  it('is a file in the home folder unless MCP_OAUTH_STORE names another', () => {
    expect(parseStoreLocation(undefined, folder.path)).toEqual({ kind: 'sqlite', path: folder.file });
    expect(parseStoreLocation('', folder.path)).toEqual({ kind: 'sqlite', path: folder.file });
    expect(parseStoreLocation('sqlite:/elsewhere/v.sqlite', folder.path)).toEqual({
      kind: 'sqlite',
      path: '/elsewhere/v.sqlite',
    });
  });

  it.each([
    ['redis://u:canary-password@host:1/2', 'redis://host:1/2', { kind: 'redis', prefix: 'mcp-oauth-broker' }],
    ['rediss://:canary-password@host?prefix=a.b-c', 'rediss://host', { kind: 'redis', prefix: 'a.b-c' }],
    ['postgres://u:canary-password@host/db', 'postgres://host/db', { kind: 'postgres', schema: 'mcp_oauth_broker' }],
    ['postgresql://u:canary%2Dpassword@host/db?schema=s', 'postgresql://host/db', { kind: 'postgres', schema: 's' }],
  ])('is a server, shown without user and password: %s', (text, shown, expected) => {
    const location = parseStoreLocation(text, folder.path);
    expect(location).toMatchObject(expected);
    expect(describeStore(location)).toBe(shown);
    expect(JSON.stringify(location) + inspect(location)).not.toMatch(/canary/u);
    expect(redactText('the canary-password')).toBe('the [redacted]');
  });

  it('asks the driver of Postgres to check certificates whenever TLS is asked for', () => {
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const location = parseStoreLocation(`postgres://host/db?sslmode=${mode}&schema=s`, folder.path);
      expect(location.kind === 'postgres' && location.url.reveal()).toBe('postgres://host/db?sslmode=verify-full');
    }
  });

  it.each([
    'redis://u:canary-password@host?prefix=a*',
    'redis://u:canary-password@host?db=1',
    'redis://u:canary-password%@host',
    'redis://u:canary-password@host:port',
    'postgres://u:canary-password@host/db?schema=public;',
    'postgres://u:canary-password@host/db?sslmode=no-verify',
    'postgres://u:canary-password@host/db?sslmode=prefer',
    'postgres://u:canary-password@host/db?sslmode=require&uselibpqcompat=true',
  ])('is refused without repeating it when it is %s', (text) => {
    const refusal = expect.objectContaining({
      code: 'invalid_input',
      message: expect.stringMatching(/^(?!.*canary)MCP_OAUTH_STORE /u),
    });
    expect(() => parseStoreLocation(text, folder.path)).toThrowError(refusal);
  });

  it.each(['sqlite:', 'canary-password', 'mysql://u:canary-password@host'])('is refused when it is %s', (text) => {
    const refusal = expect.objectContaining({
      code: 'invalid_input',
      message: expect.stringMatching(/^(?!.*canary).*sqlite:PATH/u),
    });
    expect(() => parseStoreLocation(text, folder.path)).toThrowError(refusal);
  });
});
