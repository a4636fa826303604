/**
 * What a server takes from elsewhere: grants of providers and secrets of the user's. They are for every server that
 * names them, so they end with the last one that was connected with them.
 */
import type { ServerEntry } from '../catalog/index.js';
import { providerRecordName } from '../core/names.js';
import { type Owner, ownerOf, ownerTuple, type Principal } from '../core/principal.js';
import type { Vault } from '../vault/index.js';
import { added, clearOwner, NOTHING_CLEARED, type OwnerCleared } from './clear-owner.js';
import { allEntries } from './known-server.js';
import { deleteNamedSecret, type NamedSecretReference } from './named-secrets.js';
import type { Parts } from './parts.js';
import { providersOf, sourcesOf } from './value-references.js';

/** Clears them for the owner of `entry`, where no other server uses them; with `account` only tokens of that account. */
export async function clearSources(
  parts: Parts,
  principal: Principal,
  entry: ServerEntry,
  account: string | undefined,
): Promise<OwnerCleared> {
  if (!(await parts.vaultExists())) return NOTHING_CLEARED;
  const vault = await parts.vault();
  const owner = ownerOf(principal, entry.credentialMode);
  const others = (await allEntries(parts, principal)).filter((other) => other.serverName !== entry.serverName);
  let total = NOTHING_CLEARED;
  for (const id of providersOf(entry)) {
    const sharers = others.filter(
      (other) => other.credentialMode === entry.credentialMode && providersOf(other).includes(id),
    );
    const inUse = await accountsInUse(vault, owner, sharers);
    total = added(total, await clearProvider(parts, owner, id, account, inUse));
  }
  if (account !== undefined) return total;
  for (const secret of userSecretsOf(entry)) {
    const sharers = others.filter((other) => userSecretsOf(other).some(({ name }) => name === secret.name));
    const isInUse = (await Promise.all(sharers.map((other) => isConnected(vault, principal, other)))).includes(true);
    if (isInUse || !(await deleteNamedSecret(parts, principal, secret))) continue;
    total = added(total, { ...NOTHING_CLEARED, secrets: 1, wasKnown: true });
  }
  return total;
}

/** The provider's accounts that are not `inUse`; with none in use, its client configuration and registration as well. */
async function clearProvider(
  parts: Parts,
  owner: Owner,
  id: string,
  account: string | undefined,
  inUse: ReadonlySet<string>,
): Promise<OwnerCleared> {
  const serverName = providerRecordName(id);
  if (inUse.size === 0) return clearOwner(parts, owner, { serverName, account });
  const vault = await parts.vault();
  const partition = ownerTuple(owner);
  const records = [...(await vault.grants.list(partition)), ...(await vault.pendings.list(partition))];
  const accounts = new Set(
    records.filter(({ value }) => value.serverName === serverName).map(({ value }) => value.account),
  );
  let total = NOTHING_CLEARED;
  for (const one of accounts)
    if (!inUse.has(one) && (account === undefined || account === one))
      total = added(total, await clearOwner(parts, owner, { serverName, account: one }));
  return total;
}

/** Of an owner: the accounts that one of `entries` was connected for, and not cleared since. */
async function accountsInUse(
  vault: Vault,
  owner: Owner,
  entries: readonly ServerEntry[],
): Promise<ReadonlySet<string>> {
  const names = new Set(entries.map((entry) => entry.serverName));
  const seen = await vault.observations.list(ownerTuple(owner));
  const connected = seen.filter(({ value }) => names.has(value.serverName) && value.lastVerifiedAt !== undefined);
  return new Set(connected.map(({ value }) => value.account));
}

async function isConnected(vault: Vault, principal: Principal, entry: ServerEntry): Promise<boolean> {
  return (await accountsInUse(vault, ownerOf(principal, entry.credentialMode), [entry])).size > 0;
}

function userSecretsOf(entry: ServerEntry): readonly NamedSecretReference[] {
  return sourcesOf(entry).filter((source): source is NamedSecretReference => source.source === 'user_secret');
}
