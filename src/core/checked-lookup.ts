/**
 * The `lookup` of our sockets: resolves a name and hands on only addresses that may be connected to,
 * so what was checked is what is connected to (no second resolution in between).
 */
import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { classifyAddress, classifyHost } from './address-class.js';
import { isWithinReach, notAllowed, type Reach } from './reach.js';

/** Resolves a name to all its addresses. @throws the resolver's own error. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** RFC 6761 section 6.3: these names are never asked for, they are loopback. */
const LOOPBACK_ADDRESSES: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The operating system's resolver. */
export const systemResolve: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/**
 * The addresses of `hostname` that are within `reach`.
 * @throws {BrokerError} `url_not_allowed` where it has addresses and none of them is; the resolver's error where it has none.
 */
export async function reachableAddresses(
  hostname: string,
  reach: Reach,
  privateHosts: readonly string[],
  resolve: Resolve,
): Promise<readonly LookupAddress[]> {
  const addresses = classifyHost(hostname) === 'loopback' ? LOOPBACK_ADDRESSES : await resolve(hostname);
  const reachable = addresses.filter(({ address }) =>
    isWithinReach(classifyAddress(address), hostname, reach, privateHosts),
  );
  const [first] = addresses;
  if (reachable.length === 0 && first !== undefined) throw notAllowed(classifyAddress(first.address));
  return reachable;
}

/** A `lookup` for `net.connect` that yields only addresses within `reach`. */
export function checkedLookup(
  reach: Reach,
  privateHosts: () => Promise<readonly string[]>,
  resolve: Resolve,
): LookupFunction {
  return (hostname, options, callback) => {
    const addresses = privateHosts().then((listed) => reachableAddresses(hostname, reach, listed, resolve));
    addresses.then(
      (reachable) => {
        const usable = reachable.filter(({ family }) => !options.family || options.family === family);
        const [first] = usable;
        if (first === undefined) callback(unresolved(hostname), '', 0);
        else if (options.all === true) callback(null, [...usable]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

function unresolved(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
}
