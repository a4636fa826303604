/** The addresses of the accounts page and of what is done from it; every value in them is encoded. */

/** Which account of which server something is about, and of which agent where it is not the page's own. */
export interface AccountReference {
  readonly serverName: string;
  readonly account: string;
  readonly agent?: string | undefined;
  /** The OAuth provider whose sign-in is meant, where it is not the server's own. */
  readonly provider?: string | undefined;
}

/** Where the page is, without what is filtered. */
export function accountsPath(token: string): string {
  return `/accounts/${token}`;
}

/** Where it asks before it disconnects. */
export function disconnectPath(token: string, { serverName, account, agent, provider }: AccountReference): string {
  return address(token, 'disconnect', { server: serverName, account, agent, provider });
}

/** Where it asks before it removes a server. */
export function removePath(token: string, serverName: string): string {
  return address(token, 'remove', { server: serverName });
}

/** The agents of one server, and the tools of one of them. */
export function agentsPath(
  token: string,
  { serverName, agent, page }: { readonly serverName: string; readonly agent?: string; readonly page?: number },
): string {
  return address(token, 'agents', { server: serverName, agent, page: page === undefined ? undefined : String(page) });
}

/** Where it says what came of a key that was typed for an agent. */
export function keyPath(token: string, { serverName, account, agent }: AccountReference): string {
  return address(token, 'key', { server: serverName, account, agent });
}

export function providersPath(token: string): string {
  return `${accountsPath(token)}/providers`;
}

export function activityPath(token: string, page = 1): string {
  return address(token, 'activity', { page: page === 1 ? undefined : String(page) });
}

function address(token: string, what: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams(given).toString();
  return `${accountsPath(token)}/${what}${search === '' ? '' : `?${search}`}`;
}
