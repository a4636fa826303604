/** Which servers can be asked for their tools without a word of the user. */
import { providerRecordName } from '../core/names.js';
import { ownerTuple } from '../core/principal.js';
import { type AnyServer, isStarted, type KnownServer, type StartedServer } from './known-server.js';
import { namedSecret } from './named-secrets.js';
import type { Parts } from './parts.js';
import { unattendedGrantType } from './unattended-grant.js';
import { sourcesOf } from './value-references.js';

/**
 * Those with a stored credential, a key or a grant without a user in the user's file, that the user's file says to
 * need none, or that were connected to without one, and programs with everything that they are started with; in their
 * order. A built-in server that nobody ever named is never contacted.
 */
export async function usableServers(parts: Parts, servers: readonly AnyServer[]): Promise<readonly AnyServer[]> {
  const known = (await parts.vaultExists()) ? await knownIds(parts, servers) : new Set<string>();
  const isUsable = await Promise.all(
    servers.map((server) =>
      isStarted(server) ? hasEverything(parts, server, known) : needsNoUser(server) || known.has(keyOf(server.id)),
    ),
  );
  return servers.filter((_server, index) => isUsable[index]);
}

function needsNoUser({ entry }: KnownServer): boolean {
  return (
    entry.value !== undefined ||
    unattendedGrantType(entry) !== undefined ||
    (entry.auth === 'none' && entry.source !== 'catalog')
  );
}

/** Everything that the program is started with stands in the user's file, where that says, or in the vault. */
async function hasEverything(
  parts: Parts,
  { entry, principal, owner, account }: StartedServer,
  known: ReadonlySet<string>,
): Promise<boolean> {
  for (const source of sourcesOf(entry)) {
    if (source.source === 'env' || source.source === 'file') continue;
    const isThere =
      source.source === 'oauth'
        ? known.has(keyOf([...ownerTuple(owner), providerRecordName(source.provider), account]))
        : (await namedSecret(parts, principal, source)) !== undefined;
    if (!isThere) return false;
  }
  return true;
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
      ids.add(keyOf([...partition, value.serverName, value.account]));
  }
  return ids;
}

function keyOf(id: readonly string[]): string {
  return JSON.stringify(id);
}
