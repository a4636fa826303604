/** The product's own network, as a server on loopback gets it: nothing is mocked between a test and its sockets. */
import { silentLog } from '../../src/core/log.js';
import { createNetwork } from '../../src/core/network.js';
import type { GuardedFetch } from '../../src/core/outbound.js';

export interface LoopbackNetwork {
  readonly fetch: GuardedFetch;
  close(): Promise<void>;
}

/** For requests derived from the server at `serverUrl`. Proxies and private hosts of the machine play no part. */
export function loopbackNetwork(serverUrl: string): LoopbackNetwork {
  const network = createNetwork({ env: {}, allowedPrivateHosts: async () => [], log: silentLog });
  return { fetch: network.guardedFetch(new URL(serverUrl)), close: () => network.close() };
}
