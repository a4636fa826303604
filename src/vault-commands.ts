/** What `migrate` and `keys rotate` do with the vault of this process. No broker is built for them. */
import type { MigratedVault, RotatedKey } from './cli/index.js';
import type { Composition } from './compose.js';
import { systemClock } from './core/clock.js';
import type { Principal } from './core/principal.js';
import { describeStore, migrateVault, parseStoreLocation, rotateVaultKey, takeKeyOptions } from './vault/index.js';

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
      const target = parseStoreLocation(to, homeDirectory);
      const copied = await migrateVault(options(), target);
      return { ...copied, store: describeStore(target), isShared: target.kind !== 'sqlite' };
    },
    rotateKey: (who, keyOut) => rotateVaultKey(options(), who, keyOut),
  };
}
