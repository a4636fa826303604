/**
 * How far a server's own URL lets us reach, and whether another URL is within it.
 * A public server never leads to loopback or a private host; private hosts come from the user's file only.
 */
import { classifyHost } from './address-class.js';
import { BrokerError } from './errors.js';
import type { AddressClass } from './outbound.js';

/** `private` only where the server's own host is on the user's list of private hosts. */
export type Reach = 'public' | 'loopback' | 'private';

/** What the WHATWG parser lets through in a host and no DNS name has (`$()`, quotes, backticks: a shell may see the URL). */
const SPEAKABLE_HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?)$/u;

/** The reach of the server at `serverUrl`, given the user's list of private hosts. */
export function reachOf(serverUrl: URL, privateHosts: readonly string[]): Reach {
  if (isListedHost(serverUrl.hostname, privateHosts)) return 'private';
  return classifyHost(serverUrl.hostname) === 'loopback' ? 'loopback' : 'public';
}

/** Whether an address of class `found`, of the host `hostname`, is within `reach`. */
export function isWithinReach(
  found: AddressClass,
  hostname: string,
  reach: Reach,
  privateHosts: readonly string[],
): boolean {
  if (found === 'public') return true;
  if (found === 'forbidden') return false;
  if (found === 'loopback' && reach === 'loopback') return classifyHost(hostname) === 'loopback';
  return reach === 'private' && isListedHost(hostname, privateHosts);
}

/**
 * Checks everything about `url` that needs no resolving; names are judged on the address they resolve to, when connecting.
 * @throws {BrokerError} `url_not_allowed`, or `insecure_url` for plain http that is not loopback.
 */
export function assertUrlWithinReach(url: URL, reach: Reach, privateHosts: readonly string[]): void {
  assertPlainHttpUrl(url);
  const literal = classifyHost(url.hostname);
  if (literal !== undefined && !isWithinReach(literal, url.hostname, reach, privateHosts)) throw notAllowed(literal);
  if (url.protocol === 'http:' && literal !== 'loopback') {
    throw new BrokerError('insecure_url', 'plain http is allowed on loopback only');
  }
}

/** @throws {BrokerError} `url_not_allowed` for another scheme, userinfo, or a host with characters that no DNS name has. */
export function assertPlainHttpUrl(url: URL): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new BrokerError('url_not_allowed', 'the URL is not an http(s) URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new BrokerError('url_not_allowed', 'the URL contains a user name or password');
  }
  if (!SPEAKABLE_HOST.test(url.hostname)) {
    throw new BrokerError('url_not_allowed', 'the host of the URL contains characters that no host name has');
  }
}

/** The refusal of an address of class `found`. */
export function notAllowed(found: AddressClass): BrokerError {
  return new BrokerError('url_not_allowed', `the URL leads to an address that is not allowed here (${found})`);
}

function isListedHost(hostname: string, privateHosts: readonly string[]): boolean {
  const host = comparableHost(hostname);
  return privateHosts.some((listed) => comparableHost(listed) === host);
}

function comparableHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/gu, '')
    .replace(/\.$/u, '');
}
