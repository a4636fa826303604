/**
 * The connection pools: one for each reach, and one for each reach behind a proxy. Sockets are kept
 * alive and shared by all servers of the same reach; undici is loaded with the first connection.
 */
import type * as Undici from 'undici';
import { checkedLookup, type Resolve } from './checked-lookup.js';
import { METADATA_TIMEOUT_MS } from './limits.js';
import { proxyFor } from './proxy-environment.js';
import type { Reach } from './reach.js';

export type UndiciModule = typeof Undici;

export interface Dispatchers {
  undici(): Promise<UndiciModule>;
  /** The pool for `url`: direct with checked addresses, or through the proxy that the environment names. */
  dispatcherFor(url: URL, reach: Reach): Promise<Undici.Dispatcher>;
  close(): Promise<void>;
}

/** Time-outs belong to the requests: a stream of an MCP server may be silent for long. */
const NO_IDLE_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 } as const;

/** Loads what the first connection would load. */
export async function loadHttpClient(): Promise<void> {
  await import('undici');
}

export function createDispatchers(
  env: NodeJS.ProcessEnv,
  privateHosts: () => Promise<readonly string[]>,
  resolve: Resolve,
): Dispatchers {
  const pools = new Map<string, Undici.Dispatcher>();
  let loading: Promise<UndiciModule> | undefined;

  const undici = (): Promise<UndiciModule> => {
    // By its default export: a bundler gives a CommonJS module no other when it is loaded on demand.
    loading ??= import('undici').then((module) => module.default as unknown as UndiciModule);
    return loading;
  };

  const createPool = ({ Agent, ProxyAgent }: UndiciModule, reach: Reach, proxy: URL | undefined): Undici.Dispatcher => {
    // Behind a proxy the proxy resolves the name; a TLS option object makes undici verify the tunnelled host by its own name.
    if (proxy !== undefined) return new ProxyAgent({ uri: proxy.href, ...NO_IDLE_TIMEOUTS });
    const lookup = checkedLookup(reach, privateHosts, resolve);
    return new Agent({
      connect: { lookup, timeout: METADATA_TIMEOUT_MS, autoSelectFamily: true },
      ...NO_IDLE_TIMEOUTS,
    });
  };

  return {
    undici,
    async dispatcherFor(url, reach) {
      const proxy = proxyFor(url, env);
      const key = `${reach} ${proxy?.href ?? ''}`;
      const module = await undici();
      const pool = pools.get(key) ?? createPool(module, reach, proxy);
      pools.set(key, pool);
      return pool;
    },
    async close() {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}
