/**
 * The addresses that a loopback redirect URI can mean, and how a browser writes them.
 * Only these are ever bound: never a wildcard, never an interface of the network (RFC 8252 §8.3).
 */
import type { LoopbackListener } from '../broker/broker.js';

export type LoopbackHost = Parameters<LoopbackListener['serve']>[0]['host'];
export type LoopbackAddress = '127.0.0.1' | '::1';

/** `localhost` is whichever of the two the browser tries first, so both have to be ours. */
export function addressesOf(host: LoopbackHost): readonly [LoopbackAddress, ...LoopbackAddress[]] {
  return host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
}

/** Host and port as they stand in a `Host` header. */
export function authorityOf(address: LoopbackAddress, port: number): string {
  return address === '::1' ? `[::1]:${port}` : `${address}:${port}`;
}

/**
 * The `Host` headers that a browser sends when it really asked for this address: anything else is a
 * name that an attacker's DNS points at us.
 */
export function allowedAuthorities(address: LoopbackAddress, port: number): ReadonlySet<string> {
  const authorities = [authorityOf(address, port), `localhost:${port}`];
  // A browser leaves out the default port.
  return new Set(
    port === 80 ? [...authorities, ...authorities.map((authority) => authority.slice(0, -':80'.length))] : authorities,
  );
}
