// @ts-check
/** Where metadata may lie, in the order in which it is looked for, and what it may speak for. No input or output here. */
import { parsedUrl } from './reach.mjs';

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';
const OPENID_CONFIGURATION = '/.well-known/openid-configuration';

/**
 * Protected resource metadata of an MCP server: the challenge's URL, then path-inserted, then at the root.
 *
 * @param {URL} serverUrl
 * @param {string} [challengeUrl] `resource_metadata` of the challenge
 * @see RFC 9728 sections 3.1 and 5.1
 */
export function protectedResourceMetadataUrls(serverUrl, challengeUrl) {
  const named = challengeUrl === undefined ? undefined : parsedUrl(challengeUrl);
  const { origin } = serverUrl;
  const inserted = `${origin}${PROTECTED_RESOURCE}${pathOf(serverUrl)}${serverUrl.search}`;
  return [...new Set([...(named === undefined ? [] : [named.href]), inserted, `${origin}${PROTECTED_RESOURCE}`])];
}

/**
 * Metadata of the authorization server `issuer`: OAuth, then OpenID Connect; with a path inserted before appended.
 *
 * @param {URL} issuer
 * @see RFC 8414 section 3, OpenID Connect Discovery section 4
 */
export function authorizationServerMetadataUrls(issuer) {
  const { origin } = issuer;
  const path = pathOf(issuer);
  const inserted = [`${origin}${AUTHORIZATION_SERVER}${path}`, `${origin}${OPENID_CONFIGURATION}${path}`];
  return path === '' ? inserted : [...inserted, `${origin}${path}${OPENID_CONFIGURATION}`];
}

/**
 * The URI that a token for the server is asked for.
 *
 * @param {URL} serverUrl
 * @see RFC 8707 section 2
 */
export function canonicalResource(serverUrl) {
  return `${serverUrl.origin}${pathOf(serverUrl)}${serverUrl.search}`;
}

/**
 * Whether metadata that names `resource` may speak for the server: the same URL, or a parent of it on the same origin.
 * Anything else would let a server have a token that was made for somebody else.
 *
 * @param {string} resource
 * @param {URL} serverUrl
 * @see RFC 9728 section 3.3
 */
export function isResourceOf(resource, serverUrl) {
  const named = parsedUrl(resource);
  if (named === undefined || named.origin !== serverUrl.origin || named.hash !== '') return false;
  if (named.username !== '' || named.password !== '') return false;
  if (named.search !== '' && named.search !== serverUrl.search) return false;
  const parent = pathOf(named);
  return pathOf(serverUrl) === parent || pathOf(serverUrl).startsWith(`${parent}/`);
}

/** @param {URL} url */
function pathOf(url) {
  return url.pathname.replace(/\/+$/u, '');
}
