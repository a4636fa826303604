/** Whose tool or prompt a mirrored name is, also one that this process has not given: a host keeps lists longer. */
import type { Broker } from '../broker/index.js';
import type { Principal } from '../core/principal.js';
import { hasHash, type MirroredNames, type Owned, ownersByName } from './mirrored-name.js';

export interface FindOwnerOptions {
  readonly names: MirroredNames;
  readonly broker: () => Promise<Broker>;
  /** Lists anew what there is, giving names on the way. */
  readonly read: () => Promise<unknown>;
}

/** Undefined where nothing that is listed, and no server that is known, could be meant. */
export async function findOwner(
  name: string,
  principal: Principal,
  { names, broker, read }: FindOwnerOptions,
): Promise<Owned | undefined> {
  const given = names.find(name);
  if (given !== undefined) return given;
  // Of servers that cannot be listed as well: one that needs a sign-in says so when it is asked.
  const owners = ownersByName(name, await knownServers(broker, principal));
  const only = owners.length === 1 ? owners[0] : undefined;
  if (!hasHash(name) && (only !== undefined || owners.length === 0)) return only;
  await read();
  return names.find(name) ?? only;
}

async function knownServers(broker: () => Promise<Broker>, principal: Principal): Promise<readonly string[]> {
  const listed = await (await broker()).listServers(principal);
  return 'servers' in listed ? listed.servers.map(({ serverName }) => serverName) : [];
}
