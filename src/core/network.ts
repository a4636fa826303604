/**
 * Everything that leaves this machine goes through here: which URLs may be asked, over which
 * connection, and how far a server may lead us from its own address.
 */
import { classifyHost } from './address-class.js';
import { type Resolve, reachableAddresses, systemResolve } from './checked-lookup.js';
import { createDispatchers } from './dispatchers.js';
import { BrokerError } from './errors.js';
import { createGuardedFetch } from './guarded-fetch.js';
import type { Log } from './log.js';
import type { Network } from './outbound.js';
import { proxyFor } from './proxy-environment.js';
import { assertPlainHttpUrl, assertUrlWithinReach, type Reach, reachOf } from './reach.js';
import { createUpstreamFetch } from './upstream-fetch.js';

/** Tab, line breaks and other controls, which the URL parser drops without a word. */
const CONTROL_CHARACTER = /\p{Cc}/u;

export interface NetworkOptions {
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly env: NodeJS.ProcessEnv;
  /** `allowedPrivateHosts` of the user's file; asked before every connection, so that an edit counts at once. */
  readonly allowedPrivateHosts: () => Promise<readonly string[]>;
  readonly log: Log;
  /** Default: the operating system's resolver. */
  readonly resolve?: Resolve;
}

/** The network of one process. NODE_EXTRA_CA_CERTS is honoured by Node itself, through a proxy's tunnel as well. */
export function createNetwork(options: NetworkOptions): Network {
  const { env, allowedPrivateHosts, log } = options;
  const resolve = options.resolve ?? systemResolve;
  const dispatchers = createDispatchers(env, allowedPrivateHosts, resolve);

  /** Refuses a name that resolves to nothing within `reach`. A name that does not resolve is left to whoever connects. */
  const checkResolved = async (url: URL, reach: Reach, listed: readonly string[]): Promise<void> => {
    if (classifyHost(url.hostname) !== undefined || proxyFor(url, env) !== undefined) return;
    try {
      await reachableAddresses(url.hostname, reach, listed, resolve);
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      log.debug({ host: url.hostname }, 'a host name could not be resolved while checking a URL');
    }
  };

  return {
    async checkServerUrl(text) {
      const url = parseUrl(text);
      if (url.hash !== '' || text.includes('#'))
        throw new BrokerError('url_not_allowed', 'the URL contains a fragment');
      const listed = await allowedPrivateHosts();
      const reach = reachOf(url, listed);
      assertUrlWithinReach(url, reach, listed);
      await checkResolved(url, reach, listed);
      return url;
    },
    async checkBrowserUrl(text, serverUrl) {
      const url = parseUrl(text);
      const listed = await allowedPrivateHosts();
      const reach = reachOf(serverUrl, listed);
      assertUrlWithinReach(url, reach, listed);
      await checkResolved(url, reach, listed);
      return url;
    },
    guardedFetch: (serverUrl) => createGuardedFetch(serverUrl, dispatchers, allowedPrivateHosts),
    upstreamFetch: (serverUrl) => createUpstreamFetch(serverUrl, dispatchers, allowedPrivateHosts),
    close: () => dispatchers.close(),
  };
}

function parseUrl(text: string): URL {
  if (CONTROL_CHARACTER.test(text) || !URL.canParse(text))
    throw new BrokerError('url_not_allowed', 'this is not a URL');
  const url = new URL(text);
  assertPlainHttpUrl(url);
  return url;
}
