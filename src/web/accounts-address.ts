/** The addresses of the accounts page and of what is done from it; every value in them is encoded. */

/** Which account of which server something is about. */
export interface AccountReference {
  readonly serverName: string;
  readonly account: string;
}

/** Where the page is, without what is filtered. */
export function accountsPath(token: string): string {
  return `/accounts/${token}`;
}

/** Where it asks before it disconnects. */
export function disconnectPath(token: string, { serverName, account }: AccountReference): string {
  return `${accountsPath(token)}/disconnect?${new URLSearchParams({ server: serverName, account })}`;
}
