/** What the vault holds for one server of one owner, over all its accounts. */
import { BrokerError } from '../core/errors.js';
import { type Owner, ownerTuple } from '../core/principal.js';
import type {
  ClientConfiguration,
  ClientRegistration,
  Grant,
  PendingAuthorization,
  StoredSecret,
  Vault,
  Versioned,
} from '../vault/index.js';

export interface StoredCredentials {
  readonly grants: readonly Versioned<Grant>[];
  readonly secrets: readonly Versioned<StoredSecret>[];
  readonly pendings: readonly Versioned<PendingAuthorization>[];
  readonly registrations: readonly Versioned<ClientRegistration>[];
  readonly configuration: Versioned<ClientConfiguration> | undefined;
}

/** Everything stored for `serverName`; with `account` only that account's. */
export async function storedCredentials(
  vault: Vault,
  owner: Owner,
  serverName: string,
  account?: string,
): Promise<StoredCredentials> {
  const partition = ownerTuple(owner);
  const isMeant = (record: { readonly value: { readonly serverName: string; readonly account: string } }): boolean =>
    record.value.serverName === serverName && (account === undefined || record.value.account === account);
  const [grants, secrets, pendings, registrations, configuration] = await Promise.all([
    vault.grants.list(partition),
    vault.secrets.list(partition),
    vault.pendings.list(partition),
    vault.registrations.list(partition),
    readableConfiguration(vault, [...partition, serverName]),
  ]);
  return {
    grants: grants.filter(isMeant),
    secrets: secrets.filter(isMeant),
    pendings: pendings.filter(isMeant),
    registrations: registrations.filter((record) => record.value.serverNames.includes(serverName)),
    configuration,
  };
}

/** One that does not open has nothing to say; clearing deletes it by its name. */
async function readableConfiguration(
  vault: Vault,
  id: readonly string[],
): Promise<Versioned<ClientConfiguration> | undefined> {
  try {
    return await vault.configurations.get(id);
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'vault_unreadable' && !error.retryable) return undefined;
    throw error;
  }
}

/** Whether anything at all is stored for the server: then its URL cannot be changed. */
export async function isAnythingStored(vault: Vault, owner: Owner, serverName: string): Promise<boolean> {
  return isAnything(await storedCredentials(vault, owner, serverName));
}

export function isAnything(stored: StoredCredentials): boolean {
  return (
    stored.grants.length + stored.secrets.length + stored.pendings.length + stored.registrations.length > 0 ||
    stored.configuration !== undefined
  );
}
