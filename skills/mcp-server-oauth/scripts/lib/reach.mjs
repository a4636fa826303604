// @ts-check
/** Which URLs may be used at all, and how far the URL of an MCP server lets us be led. */
import { classifyHost } from './address-class.mjs';
import { Failure } from './failure.mjs';

const URL_MAX_LENGTH = 4_096;
/** The URL parser drops or encodes these without a word. */
const UNWRITABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;
/** The URL parser leaves `$()`, quotes and backticks in a host: no DNS name has them, and a shell may see the URL. */
const SPEAKABLE_HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?)$/u;

/** @typedef {'public' | 'loopback' | 'private'} Reach `private` only where the caller said `--allow-private` */

/**
 * The URL, where it may be used at all.
 *
 * @param {string} value
 * @param {string} name what it is, for the message
 * @returns {URL}
 * @throws {Failure} `url_not_allowed`, `insecure_url`
 * @see OAuth 2.1 section 1.5
 */
export function checkedUrl(value, name) {
  const url = plainUrl(value, name);
  if (url.protocol === 'http:' && classifyHost(url.hostname) !== 'loopback') {
    throw new Failure('insecure_url', `The ${name} is neither https nor on loopback.`, hintFor(name));
  }
  return url;
}

/** @param {string} value @param {string} name */
function plainUrl(value, name) {
  const url = value.length > URL_MAX_LENGTH || UNWRITABLE.test(value) ? undefined : parsedUrl(value);
  if (url === undefined) throw new Failure('url_not_allowed', `The ${name} is not a URL.`, hintFor(name));
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  if (!isWeb || url.username !== '' || url.password !== '' || !SPEAKABLE_HOST.test(url.hostname)) {
    throw new Failure('url_not_allowed', `The ${name} is not a plain http(s) URL.`, hintFor(name));
  }
  return url;
}

/** @param {string} name */
function hintFor(name) {
  return `The ${name} has to be an https URL (http is for loopback only) without a user name.`;
}

/**
 * How far the server at `url` may lead us.
 *
 * @param {URL} url
 * @param {boolean} allowPrivate
 * @returns {Reach}
 */
export function reachOf(url, allowPrivate) {
  if (classifyHost(url.hostname) === 'loopback') return 'loopback';
  return allowPrivate ? 'private' : 'public';
}

/**
 * Whether an address of class `found`, of the host `hostname`, is within `reach`: a public server never leads to
 * loopback, and a name that is not loopback's own never resolves to it.
 *
 * @param {import('./address-class.mjs').AddressClass} found
 * @param {string} hostname
 * @param {Reach} reach
 */
export function isWithinReach(found, hostname, reach) {
  if (found === 'public') return true;
  if (found === 'loopback') return reach === 'loopback' && classifyHost(hostname) === 'loopback';
  return found === 'private' && reach === 'private';
}

/**
 * The URL of an endpoint, where it may be used, and where its host can be judged without resolving it is within reach.
 *
 * @param {string} value
 * @param {string} name
 * @param {Reach} reach
 * @throws {Failure} `url_not_allowed`, `insecure_url`
 */
export function urlWithinReach(value, name, reach) {
  const { hostname } = plainUrl(value, name);
  const literal = classifyHost(hostname);
  if (literal !== undefined && !isWithinReach(literal, hostname, reach)) throw outOfReach(name);
  return checkedUrl(value, name);
}

/** @param {string} name */
export function outOfReach(name) {
  return new Failure(
    'url_not_allowed',
    `The ${name} is at an address that this server may not lead to.`,
    'A public server never leads to a private address or to this machine. For a server in your own network add --allow-private.',
  );
}

/** @param {string} value */
export function parsedUrl(value) {
  try {
    return new URL(value);
  } catch {
    return undefined;
  }
}
