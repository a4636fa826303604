/** `clear_mcp_auth`: deletes what the caller owns of a server, and revokes it where the authorization server can. */

import { BrokerError } from '../core/errors.js';
import { REFRESH_LEASE_MS, TOKEN_REQUEST_TIMEOUT_MS } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import type { CredentialMode, Owner, Principal } from '../core/principal.js';
import { ownerOf, ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import { deleteRegistration, type Revocation } from '../oauth/index.js';
import type { ClientRegistration, Grant, Vault, Versioned } from '../vault/index.js';
import { checkedAccount, checkServerName, findEntry, unknownServer } from './known-server.js';
import { letPortGo } from './open-pages.js';
import type { Cleared } from './outcomes.js';
import type { Parts } from './parts.js';
import { revokeGrant } from './revoke-grant.js';
import { storedCredentials } from './stored-credentials.js';

/** Where the configuration no longer says whose credential it was, everything of the caller's own is meant. */
const MODES_OF_CALLER: readonly CredentialMode[] = ['per_user', 'per_agent'];
const MODES_OF_ADMINISTRATOR: readonly CredentialMode[] = ['per_user', 'per_agent', 'shared'];

/**
 * With `account` only its tokens, key and pending sign-in; without it all accounts, the client configuration and
 * the registration as well.
 * @throws {BrokerError} `invalid_input`, `unknown_server` for a name that never was.
 */
export async function clearAuth(
  parts: Parts,
  principal: Principal,
  args: { readonly serverName: string; readonly account?: string | undefined },
  allowShared: boolean,
): Promise<Cleared> {
  checkServerName(args.serverName);
  if (args.account !== undefined) checkedAccount(args.account);
  const entry = await findEntry(parts, principal, args.serverName);
  if (entry?.credentialMode === 'shared' && !allowShared) throw sharedIsTheTeams(args.serverName);
  const modes = entry === undefined ? (allowShared ? MODES_OF_ADMINISTRATOR : MODES_OF_CALLER) : [entry.credentialMode];
  const cleared = await Promise.all(modes.map((mode) => clearOwner(parts, ownerOf(principal, mode), args)));
  const total = cleared.reduce(added, NOTHING_CLEARED);
  if (entry === undefined && !cleared.some((one) => one.wasKnown)) throw unknownServer(args.serverName);
  return {
    status: 'success',
    serverName: args.serverName,
    cleared: { grants: total.grants, secrets: total.secrets, clients: total.clients, pending: total.pending },
    revocation: combined(total.revocations),
  };
}

interface OwnerCleared {
  readonly grants: number;
  readonly secrets: number;
  readonly clients: number;
  readonly pending: number;
  readonly revocations: readonly Revocation[];
  /** The name left a trace in the vault. */
  readonly wasKnown: boolean;
}

const NOTHING_CLEARED: OwnerCleared = {
  grants: 0,
  secrets: 0,
  clients: 0,
  pending: 0,
  revocations: [],
  wasKnown: false,
};

async function clearOwner(
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

function added(a: OwnerCleared, b: OwnerCleared): OwnerCleared {
  return {
    grants: a.grants + b.grants,
    secrets: a.secrets + b.secrets,
    clients: a.clients + b.clients,
    pending: a.pending + b.pending,
    revocations: [...a.revocations, ...b.revocations],
    wasKnown: a.wasKnown || b.wasKnown,
  };
}

/** The worst that happened is what the user should know. */
function combined(revocations: readonly Revocation[]): Revocation {
  const order: readonly Revocation[] = ['failed', 'unsupported', 'revoked'];
  return order.find((one) => revocations.includes(one)) ?? 'none';
}

function sharedIsTheTeams(serverName: string): BrokerError {
  return new BrokerError(
    'invalid_input',
    `"${serverName}" uses one credential for the whole team, which only the command line clears.`,
    {
      nextStep: `Ask the user whether the team's sign-in should end; if so: mcp-oauth-broker clear ${serverName}.`,
    },
  );
}
