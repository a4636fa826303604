/** Under which key the pool keeps the connection of an owner, account and server. */
import { type Owner, ownerTuple } from '../core/principal.js';
import { type AnyServer, boundUrl } from './known-server.js';

export function connectionKey(server: AnyServer): string {
  return JSON.stringify([...server.id, boundUrl(server.entry)]);
}

/** Those of `known` that `owners` have to a server of that name, whichever account they are for, or one account's. */
export function connectionKeys(
  known: ReadonlyMap<string, unknown>,
  owners: readonly Owner[],
  serverName: string,
  account?: string,
): readonly string[] {
  const prefixes = owners.map((owner) =>
    JSON.stringify([...ownerTuple(owner), serverName, ...(account === undefined ? [] : [account])]).slice(0, -1),
  );
  return [...known.keys()].filter((key) => prefixes.some((prefix) => key.startsWith(`${prefix},`)));
}
