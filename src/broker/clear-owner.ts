/** Deletes what one owner has of a server or provider, and revokes it where the authorization server can. */

import { BrokerError } from '../core/errors.js';
import { REFRESH_LEASE_MS, TOKEN_REQUEST_TIMEOUT_MS } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import { type Owner, ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import { deleteRegistration, type Revocation } from '../oauth/index.js';
import type { ClientRegistration, Grant, Vault, Versioned } from '../vault/index.js';
import { letPortGo } from './open-pages.js';
import type { Parts } from './parts.js';
import { revokeGrant } from './revoke-grant.js';
import { storedCredentials } from './stored-credentials.js';

/** What was cleared of one owner's. */
export interface OwnerCleared {
  readonly grants: number;
  readonly secrets: number;
  readonly clients: number;
  readonly pending: number;
  readonly revocations: readonly Revocation[];
  /** The name left a trace in the vault. */
  readonly wasKnown: boolean;
}

export const NOTHING_CLEARED: OwnerCleared = {
  grants: 0,
  secrets: 0,
  clients: 0,
  pending: 0,
  revocations: [],
  wasKnown: false,
};

/** Everything that an owner has under a name, or only of one account; revoked and ended where it was made. */
export async function clearOwner(
  parts: Parts,
  owner: Owner,
  args: { readonly serverName: string; readonly account?: string | undefined },
): Promise<OwnerCleared> {
  if (!(await parts.vaultExists())) return NOTHING_CLEARED;
  const vault = await parts.vault();
  const stored = await storedCredentials(vault, owner, args.serverName, args.account);
  const partition = ownerTuple(owner);
  const idOf = (record: { readonly value: { readonly account: string } }): readonly string[] => [
    ...partition,
    args.serverName,
    record.value.account,
  ];

  for (const record of stored.pendings) {
    await vault.pendings.delete(idOf(record));
    await letPortGo(parts, record.value);
  }
  const revocations = await Promise.all(stored.grants.map((record) => clearGrant(parts, vault, idOf(record), record)));
  for (const record of stored.secrets) await vault.secrets.delete(idOf(record));
  const observations = (await vault.observations.list(partition)).filter(
    ({ value }) =>
      value.serverName === args.serverName && (args.account === undefined || value.account === args.account),
  );
  for (const record of observations) await vault.observations.delete(idOf(record));
  const accounts = new Set([
    args.account ?? DEFAULT_ACCOUNT,
    ...[...stored.grants, ...stored.secrets, ...stored.pendings, ...observations].map(({ value }) => value.account),
  ]);
  const unread = await deleteUnread(
    vault,
    [...accounts].map((account) => [...partition, args.serverName, account]),
  );
  const clients = args.account === undefined ? await clearClients(parts, vault, partition, args.serverName, stored) : 0;
  return {
    grants: stored.grants.length + unread.grants,
    secrets: stored.secrets.length + unread.secrets,
    clients,
    pending: stored.pendings.length + unread.pending,
    revocations,
    wasKnown:
      observations.length + unread.grants + unread.secrets + unread.pending > 0 ||
      stored.grants.length + stored.secrets.length + stored.pendings.length + stored.registrations.length > 0 ||
      stored.configuration !== undefined,
  };
}

/** Records that do not open are in no listing, but stand in the way of a new sign-in: they go by their names. */
async function deleteUnread(
  vault: Vault,
  ids: readonly (readonly string[])[],
): Promise<Pick<OwnerCleared, 'grants' | 'secrets' | 'pending'>> {
  const deleted = { grants: 0, secrets: 0, pending: 0 };
  for (const id of ids) {
    if (await vault.grants.delete(id)) deleted.grants += 1;
    if (await vault.secrets.delete(id)) deleted.secrets += 1;
    if (await vault.pendings.delete(id)) deleted.pending += 1;
    await vault.observations.delete(id);
  }
  return deleted;
}

/** Deletes locally whatever the authorization server answers; a refresh under way ends first, so that its tokens are revoked too. */
async function clearGrant(
  parts: Parts,
  vault: Vault,
  id: readonly string[],
  listed: Versioned<Grant>,
): Promise<Revocation> {
  const lease = await vault.acquireLease(['refresh', ...id], REFRESH_LEASE_MS, TOKEN_REQUEST_TIMEOUT_MS);
  try {
    const grant = (await vault.grants.get(id))?.value ?? listed.value;
    await vault.grants.delete(id);
    return await revokeGrant(parts, grant);
  } finally {
    await lease?.release();
  }
}

async function clearClients(
  parts: Parts,
  vault: Vault,
  partition: readonly string[],
  serverName: string,
  stored: Awaited<ReturnType<typeof storedCredentials>>,
): Promise<number> {
  for (const { value } of stored.registrations) await clearRegistration(parts, vault, partition, serverName, value);
  await vault.configurations.delete([...partition, serverName]);
  return stored.registrations.length + (stored.configuration?.value.clientId === undefined ? 0 : 1);
}

/** A registration that other servers use is theirs still; with its last server it ends, here and where it was made. */
async function clearRegistration(
  parts: Parts,
  vault: Vault,
  partition: readonly string[],
  serverName: string,
  registration: ClientRegistration,
): Promise<void> {
  const id = [...partition, registration.issuer, registration.redirectUri];
  const left = await vault.registrations.update(id, (current) => {
    const serverNames = (current?.serverNames ?? []).filter((name) => name !== serverName);
    return current === undefined || serverNames.length === 0 ? undefined : { ...current, serverNames };
  });
  if (left === undefined) await endRegistration(parts, registration);
}

async function endRegistration(parts: Parts, registration: ClientRegistration): Promise<void> {
  const { issuer, registrationClientUri, registrationAccessToken } = registration;
  if (registrationClientUri === undefined || registrationAccessToken === undefined) return;
  rememberSecret(registrationAccessToken);
  const fetch = parts.network.guardedFetch(new URL(issuer));
  try {
    await deleteRegistration({ registrationClientUri, registrationAccessToken, fetch });
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    parts.log.warn({ issuer, code: error.code }, 'the client could not be deleted at the authorization server');
  }
}

/** Both together. */
export function added(a: OwnerCleared, b: OwnerCleared): OwnerCleared {
  return {
    grants: a.grants + b.grants,
    secrets: a.secrets + b.secrets,
    clients: a.clients + b.clients,
    pending: a.pending + b.pending,
    revocations: [...a.revocations, ...b.revocations],
    wasKnown: a.wasKnown || b.wasKnown,
  };
}
