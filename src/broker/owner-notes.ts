/**
 * Notes for whom the broker writes. Rows are named by hashes, so what belongs to whom can be listed only by somebody
 * who knows the owner: an administrator finds the owners of a team here. Noted before the first write for each.
 */
import { type Owner, ownerTuple } from '../core/principal.js';
import type { Collection, Vault } from '../vault/index.js';

/** The vault as it was, but for the notes; each process looks once for each owner. */
export function notingOwners(open: () => Promise<Vault>): () => Promise<Vault> {
  const made = new WeakMap<Vault, Vault>();
  return async () => {
    const vault = await open();
    const noting = made.get(vault) ?? notingVault(vault);
    made.set(vault, noting);
    return noting;
  };
}

function notingVault(vault: Vault): Vault {
  const noted = new Set<string>();

  async function note(tuple: readonly string[]): Promise<void> {
    const key = JSON.stringify(tuple);
    if (noted.has(key)) return;
    const [team = '', user, agent] = tuple;
    await noteOwner(vault, { team, ...(user !== undefined && { user }), ...(agent !== undefined && { agent }) });
    noted.add(key);
  }

  /** @param parts of an identifier that stand behind the owner's tuple */
  function noting<T>(collection: Collection<T>, parts: number): Collection<T> {
    // All the rest is the collection's own, as it is at the time of the call.
    return Object.assign(Object.create(collection) as Collection<T>, {
      async compareAndSwap(...[id, value, expected, lease]: Parameters<Collection<T>['compareAndSwap']>) {
        await note(id.slice(0, -parts));
        return collection.compareAndSwap(id, value, expected, lease);
      },
      async update(...[id, change]: Parameters<Collection<T>['update']>) {
        await note(id.slice(0, -parts));
        return collection.update(id, change);
      },
    });
  }

  return {
    ...vault,
    grants: noting(vault.grants, 2),
    pendings: noting(vault.pendings, 2),
    registrations: noting(vault.registrations, 2),
    configurations: noting(vault.configurations, 1),
    secrets: noting(vault.secrets, 2),
    observations: noting(vault.observations, 2),
  };
}

/** Writes down that this owner is there; once is enough. */
export async function noteOwner(vault: Vault, owner: Owner): Promise<void> {
  await vault.owners.update(ownerTuple(owner), (current) => current ?? { owner });
}
