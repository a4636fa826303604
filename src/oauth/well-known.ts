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
  const pathInserted = `${serverUrl.origin}${PROTECTED_RESOURCE}${pathOf(serverUrl)}${serverUrl.search}`;
  return [...new Set([...fromChallenge, pathInserted, `${serverUrl.origin}${PROTECTED_RESOURCE}`])];
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
