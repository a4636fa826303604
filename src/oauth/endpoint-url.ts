/** Which URLs of an authorization server's metadata are used at all: https, or http on loopback, with a plain host name. */
import { classifyHost } from '../core/address-class.js';
import { BrokerError } from '../core/errors.js';
import { ENDPOINT_URL_MAX_LENGTH } from '../core/limits.js';
import { assertPlainHttpUrl } from '../core/reach.js';

/** What the URL parser drops or encodes without a word; with it, a URL could carry lines of prose. */
const UNWRITABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Whether `url` names this machine. */
export function isLoopback(url: URL): boolean {
  return classifyHost(url.hostname) === 'loopback';
}

/**
 * Checks an endpoint before it is opened or sent anything. How far a server may lead us is for the network to say,
 * which knows the addresses; this holds wherever it leads.
 *
 * @param value - as the metadata or the user's file has it
 * @param name - the endpoint's name for the message, e.g. `token_endpoint`
 * @throws {BrokerError} `insecure_url` for http that is not loopback; `url_not_allowed` for another scheme,
 *   userinfo, a control character, a host with characters that no host name has, or over ENDPOINT_URL_MAX_LENGTH characters
 * @see OAuth 2.1 section 1.5; MCP security best practices, authorization URLs
 */
export function checkEndpoint(value: string, name: string): URL {
  if (value.length > ENDPOINT_URL_MAX_LENGTH || UNWRITABLE.test(value) || !URL.canParse(value))
    throw new BrokerError('url_not_allowed', `The authorization server's ${name} is not a URL.`);
  const url = new URL(value);
  assertPlainHttpUrl(url);
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new BrokerError('insecure_url', `The authorization server's ${name} is neither https nor on loopback.`);
  }
  return url;
}

/** An endpoint or issuer that was checked, as it may be shown: as it is spelled, or encoded where it is no plain ASCII. */
export function shownEndpoint(value: string): string {
  return /^[\x21-\x7e]+$/u.test(value) ? value : new URL(value).href;
}
