/** Moving a vault into another store: killed anywhere it goes on, nothing is lost, and the source stays as it is. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import { copyVault } from '../../../src/vault/copy-vault.js';
import { readHeader } from '../../../src/vault/header-record.js';
import { openVault, type Vault } from '../../../src/vault/index.js';
import { openStore } from '../../../src/vault/open-store.js';
import type { Store } from '../../../src/vault/store.js';
import type { StoreLocation } from '../../../src/vault/store-location.js';
import { dyingStore } from '../../support/dying-store.js';
import { SHARED_SERVERS, type StoreCorner } from '../../support/shared-stores.js';
import { makeVaultFolder, type VaultFolder } from '../../support/vault-folder.js';
import { grantOf, pendingOf } from '../../support/vault-records.js';

const OWNER = ['personal', 'ada'];
const RECORDS = 5;

const targets: readonly { readonly name: string; readonly skipped: string | undefined; corner(): StoreCorner }[] = [
  ...SHARED_SERVERS.map(({ server, skipped }) => ({ name: server.name, skipped, corner: () => server.corner() })),
];

let folder: VaultFolder;
let vault: Vault;
let from: Store;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await makeVaultFolder();
  vault = await folder.open();
  for (let index = 0; index < RECORDS; index += 1) await write(`server-${index}`, `token-${index}`);
  await vault.pendings.compareAndSwap([...OWNER, 'server-0', 'default'], pendingOf('s', Date.now() - 7_200_000), 0);
  from = await openStore({ kind: 'sqlite', path: folder.file }, systemClock);
});
afterEach(async () => {
  await from.close();
  for (const closable of opened.splice(0)) await closable.close();
  await folder.remove();
});

function write(server: string, token: string, expected = 0): Promise<number | undefined> {
  return vault.grants.compareAndSwap([...OWNER, server, 'default'], grantOf(token), expected);
}

async function open(location: StoreLocation): Promise<Store> {
  const store = await openStore(location, systemClock);
  opened.push(store);
  return store;
}

async function tokensAt(store: StoreLocation): Promise<readonly string[]> {
  const options = { store, key: { keyring: 'never' as const }, homeDirectory: folder.path };
  const copy = await openVault({ ...options, clock: systemClock, log: silentLog });
  opened.push(copy);
  return (await copy.grants.list(OWNER)).map(({ value }) => value.accessToken).sort();
}

async function digest(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(folder.file))
    .digest('hex');
}

const EVERY_TOKEN = Array.from({ length: RECORDS }, (_, index) => `token-${index}`);

function copiesInto(makeTarget: () => { readonly location: StoreLocation; remove(): Promise<void> }) {
  let location: StoreLocation;
  let remove: () => Promise<void>;

  beforeEach(() => {
    ({ location, remove } = makeTarget());
  });
  afterEach(async () => {
    for (const closable of opened.splice(0)) await closable.close();
    await remove();
  });

  it('copies every row, and leaves the source as it is to the last byte', async () => {
    const before = await digest();
    expect(await copyVault(from, await open(location))).toEqual({ rows: RECORDS + 2, wasThere: false });
    expect(await digest()).toBe(before);
    expect(await tokensAt(location)).toEqual(EVERY_TOKEN);
  });

  it('can be killed at every write: nobody opens half a vault, and the next call comes to the end', async () => {
    const to = await open(location);
    for (let lives = 0; ; lives += 1) {
      const outcome = await copyVault(from, dyingStore(to, lives)).catch((error: Error) => error.name);
      if (typeof outcome !== 'string') break;
      expect(outcome).toBe('KilledError');
      if (!(await to.isEmpty()) && (await readHeader(to)) === undefined)
        await expect(tokensAt(location)).rejects.toMatchObject({ code: 'vault_unreadable' });
      if (lives === 3) {
        await write('server-0', 'token-0', 1);
        await vault.grants.delete([...OWNER, 'server-4', 'default']);
      }
    }
    expect(await tokensAt(location)).toEqual(EVERY_TOKEN.slice(0, -1));
  });

  it('is not done over a copy that is in use, nor over another vault', async () => {
    const to = await open(location);
    await copyVault(from, to);
    await write('server-0', 'written-later', 1);
    expect(await copyVault(from, to)).toMatchObject({ wasThere: true });
    expect(await tokensAt(location)).toEqual(EVERY_TOKEN);
    const another = await makeVaultFolder();
    await another.open();
    const other = await open({ kind: 'sqlite', path: another.file });
    await expect(copyVault(other, to)).rejects.toMatchObject({ code: 'invalid_input' });
    await another.remove();
  });
}

describe('copying a vault into another file', () => {
  copiesInto(() => ({
    location: { kind: 'sqlite', path: join(folder.path, 'copy', 'vault.sqlite') },
    remove: async () => undefined,
  }));

  it('waits for a broker that is about to write', async () => {
    const lease = await vault.acquireLease(['refresh'], 60_000, 0);
    const to = await open({ kind: 'sqlite', path: join(folder.path, 'copy', 'vault.sqlite') });
    await expect(copyVault(from, to)).rejects.toMatchObject({ code: 'vault_busy', retryable: true });
    await lease?.release();
    expect(await copyVault(from, to)).toMatchObject({ wasThere: false });
  });
});

for (const { name, skipped, corner } of targets) {
  describe.skipIf(skipped !== undefined)(
    `copying a vault to ${name}${skipped === undefined ? '' : ` (${skipped})`}`,
    () => copiesInto(corner),
  );
}
