/** What `migrate` and `keys rotate` do with the vault of this process. No broker is built for them. */
import { type MigratedVault, type RotatedKey, UsageError } from './cli/index.js';
import type { Composition } from './compose.js';
import { systemClock } from './core/clock.js';
import { BrokerError } from './core/errors.js';
import type { Principal } from './core/principal.js';
import {
  describeStore,
  migrateVault,
  parseStoreLocation,
  rotateVaultKey,
  type StoreLocation,
  storeSetting,
  takeKeyOptions,
} from './vault/index.js';

export interface VaultCommands {
  readonly migrateVault: (to: string) => Promise<MigratedVault>;
  readonly rotateKey: (who: Principal, keyOut: string | undefined) => Promise<RotatedKey>;
}

export function vaultCommands({ settings, environment, clock = systemClock }: Composition): VaultCommands {
  const homeDirectory = settings.dataFolder;
  const options = () => ({
    store: parseStoreLocation(environment['MCP_OAUTH_STORE'], homeDirectory),
    key: takeKeyOptions({ ...environment }),
    homeDirectory,
    clock,
  });
  return {
    async migrateVault(to) {
      const target = targetOf(to, homeDirectory);
      const from = options();
      if (storeSetting(target) === storeSetting(from.store))
        throw new UsageError(`The vault is at ${describeStore(target)} already: name another store with --to.`);
      const copied = await migrateVault(from, target);
      return {
        ...copied,
        store: describeStore(target),
        setting: storeSetting(target),
        from: describeStore(from.store),
        isShared: target.kind !== 'sqlite',
      };
    },
    rotateKey: (who, keyOut) => rotateVaultKey(options(), who, keyOut),
  };
}

/** @throws {UsageError} for what is no address of a store. */
function targetOf(to: string, homeDirectory: string): StoreLocation {
  try {
    return parseStoreLocation(to, homeDirectory, '--to');
  } catch (error) {
    if (error instanceof BrokerError) throw new UsageError(error.message);
    throw error;
  }
}
