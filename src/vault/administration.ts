/** What an administrator does with a whole vault from the command line: copy it into another store, change its key. */
import type { Clock } from '../core/clock.js';
import { BrokerError } from '../core/errors.js';
import { silentLog } from '../core/log.js';
import type { Principal } from '../core/principal.js';
import { type CopyReport, copyVault } from './copy-vault.js';
import type { KeyOptions } from './key-options.js';
import type { KeySource } from './key-source.js';
import { openStore, vaultExists } from './open-store.js';
import { vaultOver } from './open-vault.js';
import { openOsKeyring } from './os-keyring.js';
import { type RotationReport, rotateKey } from './rotate-key.js';
import type { Store } from './store.js';
import type { StoreLocation } from './store-location.js';
import { unlockVault } from './vault-header.js';

/** Somebody waits at a terminal. */
const COMMAND = { failsFast: true } as const;

export interface AdministrationOptions {
  readonly store: StoreLocation;
  readonly key: KeyOptions;
  readonly homeDirectory: string;
  readonly clock: Clock;
}

/**
 * Copies the vault into another store, which is made where it is not there.
 * @throws {BrokerError} `invalid_input` where there is nothing to copy or `to` is not free, `vault_busy` while brokers are
 *   at work, and those of opening either store. The vault is left as it is.
 */
export async function migrateVault(
  options: AdministrationOptions,
  to: StoreLocation,
): Promise<CopyReport & { readonly keySource: KeySource }> {
  return onVault(options, async (store) => {
    const { keySource } = await unlockVault(store, surroundingsOf(options));
    const target = await openStore(to, options.clock, COMMAND);
    try {
      return { ...(await copyVault(store, target)), keySource };
    } finally {
      await target.close();
    }
  });
}

/**
 * Who changed it is in the audit log.
 * @see rotateKey
 */
export async function rotateVaultKey(
  options: AdministrationOptions,
  { team, user, agent }: Principal,
  keyOut?: string,
): Promise<RotationReport> {
  return onVault(options, (store) =>
    rotateKey(store, surroundingsOf(options), keyOut, async () => {
      const unlocked = await unlockVault(store, surroundingsOf(options));
      const { audit } = vaultOver(store, unlocked, { ...options, log: silentLog });
      return audit.append({ team, user, agent, event: 'keys_rotated' });
    }),
  );
}

/** No vault is made for it. */
async function onVault<T>(options: AdministrationOptions, work: (store: Store) => Promise<T>): Promise<T> {
  if (!(await vaultExists(options.store, COMMAND))) throw new BrokerError('invalid_input', 'There is no vault yet.');
  const store = await openStore(options.store, options.clock, COMMAND);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function surroundingsOf({ key, homeDirectory, store }: AdministrationOptions) {
  return { options: key, homeDirectory, openKeyring: openOsKeyring, storeIsShared: store.kind !== 'sqlite' };
}
