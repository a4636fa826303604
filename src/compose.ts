/** Puts the parts of one process together: every folder's factory, each called once. */
import { type Broker, createBroker } from './broker/index.js';
import { type Catalog, createCatalog } from './catalog/index.js';
import { type Clock, systemClock } from './core/clock.js';
import { BrokerError } from './core/errors.js';
import { SERVERS_FILE_LEASE_MS } from './core/limits.js';
import type { Log } from './core/log.js';
import { createNetwork } from './core/network.js';
import type { Network } from './core/outbound.js';
import type { Settings } from './settings.js';
import { createConnectionPool } from './upstream/index.js';
import {
  describeStore,
  type KeySource,
  keyGivenForNewVault,
  openVault,
  parseStoreLocation,
  takeKeyOptions,
  type Vault,
  vaultExists,
} from './vault/index.js';
import { createLoopbackListener, type TakeoverListener } from './web/index.js';

export interface Composition {
  readonly settings: Settings;
  /** As the process was started with it, the vault's key included. */
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly version: string;
  /** Default the system's. */
  readonly clock?: Clock;
  /** One command and no host: a store at which nobody listens is said at once, and not asked again. Default false. */
  readonly isCommand?: boolean;
}

export interface BrokerProcess {
  readonly broker: Broker;
  readonly listener: TakeoverListener;
  readonly catalog: Catalog;
  readonly network: Pick<Network, 'checkServerUrl'>;
  /** Opens the vault at the first call; makes one where there is none. */
  readonly vault: () => Promise<Vault>;
  readonly vaultExists: () => Promise<boolean>;
  /** Where the environment gives the key of a vault that is made now. @throws {BrokerError} where it cannot be used */
  readonly keyOfNewVault: () => Promise<KeySource | undefined>;
  /** The absolute path of the vault's file, there or not, or the address of its store without user and password. */
  readonly vaultPlace: string;
  /** A commit in flight ends first; then the port, the connections and the vault are let go. */
  close(): Promise<void>;
}

/** Nothing is opened, bound or read before it is needed. */
export function composeBroker({
  settings,
  environment,
  log,
  version,
  clock = systemClock,
  isCommand = false,
}: Composition): BrokerProcess {
  const store = parseStoreLocation(environment['MCP_OAUTH_STORE'], settings.dataFolder);
  const key = takeKeyOptions(environment);
  const opening = { failsFast: isCommand };
  const { vault, isVaultOpen, closeVault } = onceOpened(
    () => openVault({ store, key, homeDirectory: settings.dataFolder, clock, log, ...opening }),
    isCommand,
  );
  const look = notAgain(() => vaultExists(store, opening), isCommand);
  const isVaultThere = async () => isVaultOpen() || look();
  const catalog = createCatalog({
    path: settings.serversFile,
    log,
    exclusive: async (work) => underLease(await vault(), work),
  });
  const network = createNetwork({
    env: environment,
    allowedPrivateHosts: async () => (await catalog.settings()).allowedPrivateHosts,
    log,
  });
  const listener = createLoopbackListener({ broker: () => broker, clock, log });
  const pool = createConnectionPool();
  const broker = createBroker({
    vault,
    vaultExists: isVaultThere,
    network,
    catalog,
    listener,
    pool,
    clock,
    log,
    settings: {
      callbackPort: settings.callbackPort,
      ...(settings.redirectUri === undefined ? {} : { redirectUri: settings.redirectUri }),
      ...(settings.clientMetadataUrl === undefined ? {} : { clientMetadataUrl: settings.clientMetadataUrl }),
      confirm: settings.confirm,
      version,
      isOverSsh: settings.isOverSsh,
      isStoreShared: store.kind !== 'sqlite',
    },
  });
  return {
    broker,
    listener,
    catalog,
    network,
    vault,
    vaultExists: isVaultThere,
    keyOfNewVault: async () =>
      (await keyGivenForNewVault({ options: key, storeIsShared: store.kind !== 'sqlite' }))?.source,
    vaultPlace: describeStore(store),
    async close() {
      // An upstream is told that its session ends, while a token that has just arrived is being written.
      await Promise.allSettled([broker.close().then(() => listener.close()), pool.close()]);
      await network.close();
      await closeVault();
    },
  };
}

/** Opens once; an opening that failed is tried again by the next call, unless `isFinal`. */
function onceOpened(open: () => Promise<Vault>, isFinal: boolean) {
  let opened: Promise<Vault> | undefined;
  let isOpen = false;
  return {
    vault: () => {
      opened ??= open().then(
        (vault) => {
          isOpen = true;
          return vault;
        },
        (error: unknown) => {
          if (!isFinal) opened = undefined;
          throw error;
        },
      );
      return opened;
    },
    isVaultOpen: () => isOpen,
    closeVault: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** Looks each time; where `isFinal`, what failed once is not tried again. */
function notAgain<T>(look: () => Promise<T>, isFinal: boolean): () => Promise<T> {
  let failure: { readonly error: unknown } | undefined;
  return async () => {
    if (failure !== undefined) throw failure.error;
    try {
      return await look();
    } catch (error) {
      if (isFinal) failure = { error };
      throw error;
    }
  };
}

/** Runs `work` while no other process writes the user's file. */
async function underLease<T>(vault: Vault, work: () => Promise<T>): Promise<T> {
  const lease = await vault.acquireLease(['servers.json'], SERVERS_FILE_LEASE_MS, SERVERS_FILE_LEASE_MS);
  if (lease === undefined) {
    throw new BrokerError('vault_busy', 'Another process is writing servers.json.', { retryable: true });
  }
  try {
    return await work();
  } finally {
    await lease.release();
  }
}
