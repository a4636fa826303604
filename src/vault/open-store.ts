/**
 * From a location to its store. A backend on another machine is loaded when it is asked for, never before.
 */
import type { Clock } from '../core/clock.js';
import type { Store } from './store.js';
import type { StoreTimeouts } from './store-link.js';
import { type StoreLocation, sqliteFileExists } from './store-location.js';
import { openSqliteStore } from './store-sqlite.js';

/** How an opening waits for a store on another machine. */
export type StoreOpening = Pick<StoreTimeouts, 'failsFast'>;

/**
 * Opens the store, or makes an empty one where there is none.
 * @throws {BrokerError} `vault_unreadable` or `vault_busy`; nothing was changed then.
 */
export async function openStore(location: StoreLocation, clock: Clock, opening: StoreOpening = {}): Promise<Store> {
  switch (location.kind) {
    case 'sqlite':
      return openSqliteStore({ path: location.path, clock });
    case 'redis':
      return (await import('./store-redis.js')).openRedisStore(location, opening);
    case 'postgres':
      return (await import('./store-postgres.js')).openPostgresStore(location, opening);
  }
}

/**
 * Whether there is a vault already; looks, and makes nothing.
 * @throws {BrokerError} of a store on another machine: `vault_unreadable` or `vault_busy`.
 */
export async function vaultExists(location: StoreLocation, opening: StoreOpening = {}): Promise<boolean> {
  switch (location.kind) {
    case 'sqlite':
      return sqliteFileExists(location);
    case 'redis':
      return (await import('./store-redis.js')).redisVaultExists(location, opening);
    case 'postgres':
      return (await import('./store-postgres.js')).postgresVaultExists(location, opening);
  }
}
