/** The resource a token is asked for (RFC 8707): its canonical form, and when metadata may speak for a server. */

/**
 * The canonical URI of an MCP server: scheme and host in lower case, no fragment, no trailing slash.
 *
 * @param serverUrl - the URL that the user or agent gave
 * @see MCP authorization, "Canonical Server URI"; RFC 8707 section 2
 */
export function canonicalResource(serverUrl: URL): string {
  return `${serverUrl.origin}${withoutTrailingSlash(serverUrl.pathname)}${serverUrl.search}`;
}

/**
 * Whether protected resource metadata that names `resource` may speak for the server at `serverUrl`:
 * the same URL, or a parent of it by whole path segments on the same origin. Anything else would let a
 * server have a token made for somebody else (T09).
 *
 * @see RFC 9728 section 3.3
 */
export function isResourceOf(resource: string, serverUrl: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const named = new URL(resource);
  if (named.origin !== serverUrl.origin || named.hash !== '') return false;
  if (named.username !== '' || named.password !== '') return false;
  if (named.search !== '' && named.search !== serverUrl.search) return false;
  const parent = withoutTrailingSlash(named.pathname);
  const path = withoutTrailingSlash(serverUrl.pathname);
  return path === parent || path.startsWith(`${parent}/`);
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/+$/u, '');
}
