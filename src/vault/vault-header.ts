/**
 * Unlocks a vault by its header, or makes one where the store is empty; and notices when its key has been changed.
 */
import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { BrokerError } from '../core/errors.js';
import { VAULT_KEY_BYTES } from '../core/limits.js';
import {
  HEADER_KEY,
  headerLost,
  headerRow,
  newHeader,
  type OpenedHeader,
  openHeader,
  readHeader,
  type StoredHeader,
} from './header-record.js';
import { chooseKey, givenSource, type KeySource, type KeySurroundings, recordedKey } from './key-source.js';
import type { Store } from './store.js';
import { UNFINISHED_COPY_KEY, unfinishedCopy } from './unfinished-copy.js';
import type { VaultKey } from './vault-key.js';

/** The keys of a vault in use: they change when somebody rotates them. */
export interface VaultKeys {
  /** What records are sealed with from now on. */
  writing(): VaultKey;
  known(): readonly VaultKey[];
  /** A record may be written while this holds: a process that missed a change of key writes nothing that nobody could open. */
  condition(): { readonly key: string; readonly version: number };
  /**
   * Looks whether the keys have been changed.
   * @returns whether they have, and are others now.
   * @throws {BrokerError} `vault_key_wrong` when the new key cannot be had by this process.
   */
  renew(): Promise<boolean>;
}

export interface UnlockedVault {
  readonly keys: VaultKeys;
  /** Everything that is not encryption is derived from it. */
  readonly root: KeyObject;
  /** Where the key came from this time: one that the environment gives is taken whatever was recorded. */
  readonly keySource: KeySource;
}

/**
 * Unlocks the vault of `store`, or makes one where the store is empty.
 * @throws {BrokerError} `vault_key_wrong` for another key than the vault's, `vault_unreadable` when the key cannot be had
 *   or the header is damaged, gone, or of a newer version. Nothing is written then.
 */
export async function unlockVault(store: Store, surroundings: KeySurroundings): Promise<UnlockedVault> {
  let stored = await readHeader(store);
  let wasEmpty = false;
  if (stored === undefined) {
    // In this order: another process may be making the vault, and its header is the first row of all.
    wasEmpty = await store.isEmpty();
    stored = await readHeader(store);
  }
  if (stored !== undefined) {
    return unlocked(store, surroundings, stored, await openWithRecordedKey(stored, surroundings));
  }
  if ((await store.read(UNFINISHED_COPY_KEY)) !== undefined) throw unfinishedCopy();
  // A new key would make every row there is unreadable for ever.
  if (!wasEmpty) throw headerLost();
  return makeVault(store, surroundings);
}

function unlocked(
  store: Store,
  surroundings: KeySurroundings,
  stored: Pick<StoredHeader, 'header' | 'version'>,
  opened: OpenedHeader,
): UnlockedVault {
  let current = { opened, version: stored.version };
  const keys: VaultKeys = {
    writing: () => current.opened.writing,
    known: () => current.opened.known,
    condition: () => ({ key: HEADER_KEY, version: current.version }),
    async renew() {
      const now = await readHeader(store);
      if (now === undefined) throw headerLost();
      if (now.version === current.version) return false;
      current = { opened: await openAgain(now, current.opened.known, surroundings), version: now.version };
      return true;
    },
  };
  const keySource = givenSource(surroundings.options) ?? stored.header.keySource;
  return { keys, root: createSecretKey(opened.root), keySource };
}

/** A process that was there while the key was changed knows the new one; another fetches it from where it is kept. */
async function openAgain(
  stored: StoredHeader,
  known: readonly VaultKey[],
  surroundings: KeySurroundings,
): Promise<OpenedHeader> {
  for (const key of known) {
    const opened = openHeader(stored.header, key);
    if (opened !== undefined) return opened;
  }
  return openWithRecordedKey(stored, surroundings);
}

async function openWithRecordedKey({ header }: StoredHeader, surroundings: KeySurroundings): Promise<OpenedHeader> {
  const key = await recordedKey(surroundings, header.keySource, header.vaultId);
  const opened = openHeader(header, key);
  if (opened !== undefined) return opened;
  throw new BrokerError(
    'vault_key_wrong',
    `This is not the key that the vault was made with, or that it was changed to (its source is: ${header.keySource}).`,
    { nextStep: 'Tell the user to give the broker the key of this vault. Nothing was changed.' },
  );
}

async function makeVault(store: Store, surroundings: KeySurroundings): Promise<UnlockedVault> {
  const vaultId = randomUUID();
  const chosen = await chooseKey(surroundings, vaultId);
  const root = randomBytes(VAULT_KEY_BYTES);
  const header = newHeader(vaultId, chosen.key, chosen.source, root);
  const version = await store.compareAndSwap(headerRow(header), 0);
  if (version !== undefined) {
    return unlocked(store, surroundings, { header, version }, { writing: chosen.key, known: [chosen.key], root });
  }
  // Another process made the vault in the meantime: its header holds.
  await chosen.discard();
  return unlockVault(store, surroundings);
}
