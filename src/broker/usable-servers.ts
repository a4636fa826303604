/** Which servers can be asked for their tools without a word of the user. */
import { ownerTuple } from '../core/principal.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';

/**
 * Those with a stored credential, a key of the user's file, that the user's file says to need none, or that were
 * connected to without one; in their order. A built-in server that nobody ever named is never contacted.
 */
export async function usableServers(parts: Parts, servers: readonly KnownServer[]): Promise<readonly KnownServer[]> {
  const known = (await parts.vaultExists()) ? await knownIds(parts, servers) : new Set<string>();
  return servers.filter(
    (server) =>
      server.entry.value !== undefined ||
      (server.entry.auth === 'none' && server.entry.source !== 'catalog') ||
      known.has(JSON.stringify(server.id)),
  );
}

async function knownIds(parts: Parts, servers: readonly KnownServer[]): Promise<ReadonlySet<string>> {
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
