/** Where metadata may lie, in the order in which it is looked for. Pure: vectors pin it. */

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';
const OPENID_CONFIGURATION = '/.well-known/openid-configuration';

/**
 * Protected resource metadata of an MCP server: the challenge's URL, then path-inserted, then at the root.
 *
 * @param challengeUrl - `resource_metadata` of the challenge; one that is no URL is as good as absent
 * @see RFC 9728 sections 3.1 and 5.1
 */
export function protectedResourceMetadataUrls(serverUrl: URL, challengeUrl?: string): readonly string[] {
  const fromChallenge = challengeUrl !== undefined && URL.canParse(challengeUrl) ? [new URL(challengeUrl).href] : [];
  return [...new Set([...fromChallenge, pathInserted(serverUrl), `${serverUrl.origin}${PROTECTED_RESOURCE}`])];
}

/**
 * `urls` with the place where a path that ends in a slash keeps it, after the place where it does not: the slash is
 * part of the path (RFC 9728 section 3.1), but most servers leave it out.
 */
export function withFinalSlash(urls: readonly string[], serverUrl: URL): readonly string[] {
  const { origin, pathname, search } = serverUrl;
  if (pathname === '/' || !pathname.endsWith('/')) return urls;
  const kept = `${origin}${PROTECTED_RESOURCE}${pathname}${search}`;
  return [...new Set(urls.flatMap((url) => (url === pathInserted(serverUrl) ? [url, kept] : [url])))];
}

function pathInserted(serverUrl: URL): string {
  return `${serverUrl.origin}${PROTECTED_RESOURCE}${pathOf(serverUrl)}${serverUrl.search}`;
}

/**
 * Metadata of the authorization server `issuer`: with a path OAuth path-inserted, OpenID path-inserted,
 * OpenID path-appended; without one OAuth, then OpenID.
 *
 * @see RFC 8414 section 3, OpenID Connect Discovery section 4, MCP authorization server discovery
 */
export function authorizationServerMetadataUrls(issuer: URL): readonly string[] {
  const path = pathOf(issuer);
  const inserted = [`${issuer.origin}${AUTHORIZATION_SERVER}${path}`, `${issuer.origin}${OPENID_CONFIGURATION}${path}`];
  return path === '' ? inserted : [...inserted, `${issuer.origin}${path}${OPENID_CONFIGURATION}`];
}

function pathOf(url: URL): string {
  return url.pathname.replace(/\/+$/u, '');
}
