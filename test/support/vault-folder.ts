/**
 * A temporary folder with vaults in it, as a user's home would be: opened any number of times, all closed at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { type Log, silentLog } from '../../src/core/log.js';
import { openVault, type Vault, type VaultOptions } from '../../src/vault/index.js';
import { loadSqliteDriver, type SqliteDatabase } from '../../src/vault/sqlite-driver.js';

export interface VaultFolder {
  readonly path: string;
  /** `vault.sqlite` in it. */
  readonly file: string;
  readonly keyFile: string;
  open(options?: Partial<VaultOptions>): Promise<Vault>;
  /** The file as an attacker or a repair tool sees it. */
  openFile(): Promise<SqliteDatabase>;
  remove(): Promise<void>;
}

export async function makeVaultFolder(
  surroundings: { readonly clock?: Clock; readonly log?: Log } = {},
): Promise<VaultFolder> {
  const path = await mkdtemp(join(tmpdir(), 'vault-'));
  const file = join(path, 'vault.sqlite');
  const opened: { close(): unknown }[] = [];
  const closeAtEnd = <T extends { close(): unknown }>(closable: T): T => {
    opened.push(closable);
    return closable;
  };
  return {
    path,
    file,
    keyFile: join(path, 'vault.key'),
    open: async (options = {}) =>
      closeAtEnd(
        await openVault({
          store: { kind: 'sqlite', path: file },
          key: { keyring: 'never' },
          homeDirectory: path,
          clock: systemClock,
          log: silentLog,
          ...surroundings,
          ...options,
        }),
      ),
    openFile: async () => {
      const driver = await loadSqliteDriver();
      // What this process does to the file past its vaults is another program's doing: they look at it once in a turn.
      await nextTurn();
      return driver(file);
    },
    remove: async () => {
      for (const closable of opened) await closable.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}
