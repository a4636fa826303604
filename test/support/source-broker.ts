/**
 * A broker built from `src` in this process, for what the built one does not let a test do:
 * pass a clock, listen to the log, or break the vault on purpose.
 */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Broker, createBroker } from '../../src/broker/index.js';
import { createCatalog } from '../../src/catalog/index.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { type Log, silentLog } from '../../src/core/log.js';
import { createNetwork } from '../../src/core/network.js';
import type { Principal } from '../../src/core/principal.js';
import { createConnectionPool } from '../../src/upstream/index.js';
import { openVault, parseStoreLocation, takeKeyOptions, type Vault, vaultExists } from '../../src/vault/index.js';
import { createLoopbackListener } from '../../src/web/index.js';

export interface SourceBrokerOptions {
  /** With `MCP_OAUTH_HOME` and `MCP_OAUTH_KEY`, as a process is started with it: see `brokerEnvironment`. */
  readonly environment: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  readonly log?: Log;
  /** What the broker is given in place of the vault. */
  readonly change?: (vault: Vault) => Vault;
}

export interface SourceBroker {
  readonly broker: Broker;
  /** The same whose grants a built broker with that environment uses. */
  readonly principal: Principal;
  /** As it is, not as it was changed for the broker. */
  readonly vault: Vault;
  close(): Promise<void>;
}

export async function startSourceBroker(options: SourceBrokerOptions): Promise<SourceBroker> {
  const { environment, clock = systemClock, log = silentLog, change = (vault) => vault } = options;
  const home = environment.MCP_OAUTH_HOME ?? '';
  const store = parseStoreLocation(environment.MCP_OAUTH_STORE, home);
  const vault = await openVault({ store, key: takeKeyOptions({ ...environment }), homeDirectory: home, clock, log });
  const changed = change(vault);
  const network = createNetwork({ env: {}, allowedPrivateHosts: async () => [], log });
  const listener = createLoopbackListener({ broker: () => broker, clock, log });
  const pool = createConnectionPool();
  const broker = createBroker({
    vault: async () => changed,
    vaultExists: () => vaultExists(store),
    network,
    catalog: createCatalog({ path: join(home, 'servers.json'), log, exclusive: (work) => work() }),
    listener,
    pool,
    clock,
    log,
    settings: { callbackPort: 0, confirm: 'auto', version: '0.0.0' },
  });
  return {
    broker,
    principal: { team: 'personal', user: userInfo().username, agent: 'test-host' },
    vault,
    close: async () => {
      await broker.close();
      await listener.close();
      await pool.close();
      await network.close();
      await vault.close();
    },
  };
}

/** Grants every lease to whoever asks, though others have it: what a lease is for then shows. */
export function withoutLeases(vault: Vault): Vault {
  let fence = 0;
  const always: Vault['acquireLease'] = async ([name = '']) => {
    fence += 1;
    return { name, fence, release: async () => {} };
  };
  // A write that demands a lease would find that nobody has it.
  const grants: Vault['grants'] = {
    ...vault.grants,
    compareAndSwap: (id, grant, expected) => vault.grants.compareAndSwap(id, grant, expected),
  };
  return { ...vault, grants, acquireLease: always };
}
