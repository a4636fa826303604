/** The grants of a home as the vault holds them, for tests that look at or age what a broker process stored. */
import { join } from 'node:path';
import { ownerTuple } from '../../src/core/principal.js';
import type { Grant, PendingAuthorization, Vault, Versioned } from '../../src/vault/index.js';
import { loadSqliteDriver } from '../../src/vault/sqlite-driver.js';
import { brokerEnvironment } from './broker-process.js';
import { startSourceBroker } from './source-broker.js';
import type { TemporaryHome } from './temporary-home.js';

export interface StoredGrants {
  readonly vault: Vault;
  /** With its generation, which counts the writes of it. */
  find(serverName: string): Promise<Versioned<Grant> | undefined>;
  /** The tokens expired a moment ago, as every process of this home sees it. */
  expire(serverName: string): Promise<void>;
  change(serverName: string, change: (grant: Grant) => Grant): Promise<void>;
  /** From now on the grant cannot be read. */
  damage(serverName: string): Promise<void>;
  /** Of the sign-in that waits there; undefined clears it. */
  changePending(
    serverName: string,
    change: (pending: PendingAuthorization | undefined) => PendingAuthorization | undefined,
  ): Promise<void>;
  close(): Promise<void>;
}

export async function openStoredGrants(home: TemporaryHome): Promise<StoredGrants> {
  const { vault, principal, close } = await startSourceBroker({ environment: brokerEnvironment(home) });
  const idOf = (serverName: string) => [
    ...ownerTuple({ team: principal.team, user: principal.user }),
    serverName,
    'default',
  ];
  const change: StoredGrants['change'] = async (serverName, changed) => {
    await vault.grants.update(idOf(serverName), (grant) => {
      if (grant === undefined) throw new Error(`There is no grant for ${serverName}`);
      return changed(grant);
    });
  };
  return {
    vault,
    find: (serverName) => vault.grants.get(idOf(serverName)),
    expire: (serverName) => change(serverName, (grant) => ({ ...grant, expiresAt: Date.now() - 1 })),
    change,
    damage: (serverName) => damageRow(home, () => change(serverName, (grant) => ({ ...grant }))),
    changePending: async (serverName, changed) => {
      await vault.pendings.update(idOf(serverName), changed);
    },
    close,
  };
}

/**
 * Turns a bit of one row in the file itself, as a failing disk would. What a row holds cannot be seen from outside:
 * it is the one that the write changes.
 */
export async function damageRow(home: TemporaryHome, write: () => Promise<void>): Promise<void> {
  const database = (await loadSqliteDriver())(join(home.path, 'vault.sqlite'));
  const versions = () =>
    new Map(
      database
        .prepare('SELECT key, version FROM rows')
        .all()
        .map((row) => [row.key, row.version]),
    );
  const before = versions();
  await write();
  const [key] = [...versions()].find(([name, version]) => before.get(name) !== version) ?? [];
  const value = Buffer.from(
    database.prepare('SELECT value FROM rows WHERE key = ?').get(String(key))?.value as Uint8Array,
  );
  value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
  database.prepare('UPDATE rows SET value = ? WHERE key = ?').run(value, String(key));
  database.close();
}
