/** How the tests of the upstream layer reach a server: through the real network, with no proxy and no private hosts. */
import { silentLog } from '../../src/core/log.js';
import { createNetwork } from '../../src/core/network.js';
import type { Network } from '../../src/core/outbound.js';
import type { ConnectOptions, RemoteTarget } from '../../src/upstream/index.js';

export function directNetwork(): Network {
  return createNetwork({ env: {}, allowedPrivateHosts: async () => [], log: silentLog });
}

export function remoteTarget(network: Network, url: URL, parts: Partial<RemoteTarget> = {}): RemoteTarget {
  return {
    url,
    fetch: network.upstreamFetch(url),
    transport: 'auto',
    headers: {},
    credential: async () => undefined,
    ...parts,
  };
}

export const connectOptions: ConnectOptions = {
  clientName: 'broker-under-test',
  clientVersion: '1.0.0',
  log: silentLog,
  timeoutMs: 10_000,
};
