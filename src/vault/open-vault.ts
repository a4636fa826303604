/**
 * Opens the vault: the store, then its key, then the collections over both.
 */
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../core/clock.js';
import { BrokerError } from '../core/errors.js';
import { LEASE_GIVE_BACK_RETRY_MS, LEASE_POLL_MS } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { createAuditLog } from './audit-log.js';
import { type CollectionSurroundings, createCollection } from './collection.js';
import { COLLECTION_KINDS } from './collection-kinds.js';
import type { KeyOptions } from './key-options.js';
import { ownLeaseHolder } from './lease-holder.js';
import { openStore, type StoreOpening } from './open-store.js';
import { type OsKeyring, openOsKeyring } from './os-keyring.js';
import { hashedName } from './row-names.js';
import type { Store } from './store.js';
import type { StoreLocation } from './store-location.js';
import type { Lease, Vault } from './vault.js';
import { type UnlockedVault, unlockVault } from './vault-header.js';
import { deriveKey } from './vault-key.js';

export interface VaultOptions extends StoreOpening {
  /** Of `parseStoreLocation`. */
  readonly store: StoreLocation;
  /** Of `takeKeyOptions`. */
  readonly key: KeyOptions;
  /** Absolute path of the folder that holds `vault.key` where the key is a file of ours. */
  readonly homeDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the operating system's, where there is one. */
  readonly openKeyring?: () => Promise<OsKeyring | undefined>;
}

/**
 * Opens the vault, or makes it (and its key) where there is none.
 * @throws {BrokerError} `vault_unreadable` (damaged, newer, not the user's own, or its key cannot be had),
 *   `vault_key_wrong` (another key, or one that can be guessed), `vault_busy`. Nothing is changed or deleted then.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const { clock, homeDirectory, openKeyring = openOsKeyring } = options;
  const store = await openStore(options.store, clock, options);
  try {
    const unlocked = await unlockVault(store, {
      options: options.key,
      homeDirectory,
      openKeyring,
      storeIsShared: options.store.kind !== 'sqlite',
    });
    return vaultOver(store, unlocked, options);
  } catch (cause) {
    await store.close();
    throw cause;
  }
}

/** The vault in a store that is open and unlocked; closing it closes the store. */
export function vaultOver(
  store: Store,
  { keys, root, keySource }: UnlockedVault,
  { clock, log }: Pick<VaultOptions, 'clock' | 'log'>,
): Vault {
  const nameKey = deriveKey(root, 'names');
  const surroundings: CollectionSurroundings = { store, keys, nameKey, clock, log };

  async function acquireLease(name: readonly string[], durationMs: number, waitMs: number): Promise<Lease | undefined> {
    const hashed = hashedName(nameKey, 'lease', name);
    const holder = ownLeaseHolder();
    const startedAt = performance.now();
    for (;;) {
      const lease = await store.acquireLease(hashed, holder, durationMs);
      if (lease.outcome === 'acquired') {
        const endsAt = performance.now() + durationMs;
        return { name: hashed, fence: lease.fence, release: () => giveBack(store, hashed, lease.fence, endsAt) };
      }
      const leftMs = waitMs - (performance.now() - startedAt);
      if (leftMs <= 0) return undefined;
      // Jitter, so that many who wait do not ask at the same instants.
      await sleep(Math.min(leftMs, LEASE_POLL_MS * (0.5 + Math.random())));
    }
  }

  return {
    grants: createCollection(COLLECTION_KINDS.grants, surroundings),
    pendings: createCollection(COLLECTION_KINDS.pendings, surroundings),
    registrations: createCollection(COLLECTION_KINDS.registrations, surroundings),
    configurations: createCollection(COLLECTION_KINDS.configurations, surroundings),
    secrets: createCollection(COLLECTION_KINDS.secrets, surroundings),
    namedSecrets: createCollection(COLLECTION_KINDS.namedSecrets, surroundings),
    addedServers: createCollection(COLLECTION_KINDS.addedServers, surroundings),
    toolChoices: createCollection(COLLECTION_KINDS.toolChoices, surroundings),
    teamServers: createCollection(COLLECTION_KINDS.teamServers, surroundings),
    providers: createCollection(COLLECTION_KINDS.providers, surroundings),
    owners: createCollection(COLLECTION_KINDS.owners, surroundings),
    removedMembers: createCollection(COLLECTION_KINDS.removedMembers, surroundings),
    observations: createCollection(COLLECTION_KINDS.observations, surroundings),
    tokens: createCollection(COLLECTION_KINDS.tokens, surroundings),
    callbackPorts: createCollection(COLLECTION_KINDS.callbackPorts, surroundings),
    openPages: createCollection(COLLECTION_KINDS.openPages, surroundings),
    audit: createAuditLog({
      entries: createCollection(COLLECTION_KINDS.auditEntries, surroundings),
      heads: createCollection(COLLECTION_KINDS.auditHeads, surroundings),
      root,
      clock,
    }),
    keySource,
    acquireLease,
    sign: async (purpose, message) =>
      createHmac('sha256', deriveKey(root, `sign/${purpose}`))
        .update(message, 'utf8')
        .digest('hex'),
    close: () => store.close(),
  };
}

/** Where the store is away, it is offered again until the lease has run out: others wait for what nobody holds any more. */
async function giveBack(store: Store, name: string, fence: number, endsAt: number): Promise<void> {
  try {
    await store.releaseLease(name, fence);
  } catch (error) {
    if (error instanceof BrokerError && error.retryable) void offerAgain(store, name, fence, endsAt);
    throw error;
  }
}

async function offerAgain(store: Store, name: string, fence: number, endsAt: number): Promise<void> {
  while (performance.now() < endsAt) {
    await sleep(LEASE_GIVE_BACK_RETRY_MS, undefined, { ref: false });
    const isOver = await store.releaseLease(name, fence).then(
      () => true,
      (error: unknown) => !(error instanceof BrokerError && error.retryable),
    );
    if (isOver) return;
  }
}
