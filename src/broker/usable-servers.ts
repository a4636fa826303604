/** Which servers can be asked for their tools without a word of the user. */
import { ownerTuple } from '../core/principal.js';
import { type AnyServer, isStarted, type KnownServer, type StartedServer } from './known-server.js';
import type { Parts } from './parts.js';
import { unattendedGrantType } from './unattended-grant.js';

/**
 * Those with a stored credential, a key or a grant without a user in the user's file, that the user's file says to
 * need none, or that were connected to without one; in their order. A built-in server that nobody ever named is never
 * contacted.
 */
export async function usableServers(parts: Parts, servers: readonly AnyServer[]): Promise<readonly AnyServer[]> {
  const known = (await parts.vaultExists()) ? await knownIds(parts, servers) : new Set<string>();
  return servers.filter(
    (server) =>
      (isStarted(server) ? bringsItsOwn(server) : needsNoUser(server)) || known.has(JSON.stringify(server.id)),
  );
}

function needsNoUser({ entry }: KnownServer): boolean {
  return (
    entry.value !== undefined ||
    unattendedGrantType(entry) !== undefined ||
    (entry.auth === 'none' && entry.source !== 'catalog')
  );
}

/** Everything that the program is started with stands in the user's file, or where that says. */
function bringsItsOwn({ entry }: StartedServer): boolean {
  return Object.values(entry.env).every(
    (value) => typeof value === 'string' || value.source === 'env' || value.source === 'file',
  );
}

async function knownIds(parts: Parts, servers: readonly AnyServer[]): Promise<ReadonlySet<string>> {
  const vault = await parts.vault();
  const owners = new Map(servers.map((server) => [JSON.stringify(ownerTuple(server.owner)), ownerTuple(server.owner)]));
  const ids = new Set<string>();
  for (const partition of owners.values()) {
    const [grants, secrets, observations] = await Promise.all([
      vault.grants.list(partition),
      vault.secrets.list(partition),
      vault.observations.list(partition),
    ]);
    const open = observations.filter(({ value }) => value.authType === 'none' && value.lastVerifiedAt !== undefined);
    for (const { value } of [...grants, ...secrets, ...open])
      ids.add(JSON.stringify([...partition, value.serverName, value.account]));
  }
  return ids;
}
