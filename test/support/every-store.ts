/**
 * A vault in an empty place of each kind of store, for what must be so whichever it is: a file, and a corner of each
 * database server that answers. Its key is one that the environment gives, as on a store that machines share.
 */
import { systemClock } from '../../src/core/clock.js';
import type { Secret } from '../../src/core/secret.js';
import type { KeyOptions, StoreLocation, Vault } from '../../src/vault/index.js';
import { openStore } from '../../src/vault/open-store.js';
import type { Store } from '../../src/vault/store.js';
import { mintVaultKey } from '../../src/vault/vault-key.js';
import { SHARED_SERVERS } from './shared-stores.js';
import { makeVaultFolder, type VaultFolder } from './vault-folder.js';

export interface VaultPlace {
  readonly location: StoreLocation;
  readonly key: Secret;
  /** The broker's own folder, which is where the vault lies only if it is a file. */
  readonly folder: VaultFolder;
  /** Opens the vault, or makes it; closed by `remove`. */
  vault(key?: KeyOptions): Promise<Vault>;
  /** The rows beneath it; closed by `remove`. */
  store(): Promise<Store>;
  remove(): Promise<void>;
}

export interface KindOfStore {
  readonly name: 'SQLite' | 'Redis' | 'Postgres';
  /** Why there is none here. */
  readonly skipped: string | undefined;
  place(): Promise<VaultPlace>;
}

export const EVERY_STORE: readonly KindOfStore[] = [
  {
    name: 'SQLite',
    skipped: undefined,
    place: () => placeAt(({ file }) => ({ location: { kind: 'sqlite', path: file }, remove: async () => undefined })),
  },
  ...SHARED_SERVERS.map(({ server, skipped }) => ({
    name: server.name,
    skipped,
    place: () => placeAt(() => server.corner()),
  })),
];

interface Corner {
  readonly location: StoreLocation;
  remove(): Promise<void>;
}

async function placeAt(cornerIn: (folder: VaultFolder) => Corner): Promise<VaultPlace> {
  const folder = await makeVaultFolder();
  const { location, remove } = cornerIn(folder);
  const { text: key } = mintVaultKey();
  const stores: Store[] = [];
  return {
    location,
    key,
    folder,
    vault: (options = { environmentKey: key, keyring: 'never' }) => folder.open({ store: location, key: options }),
    store: async () => {
      const store = await openStore(location, systemClock);
      stores.push(store);
      return store;
    },
    remove: async () => {
      for (const store of stores) await store.close();
      await folder.remove();
      await remove();
    },
  };
}
