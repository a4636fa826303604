/** The status of servers and accounts (section 4 of the contract), from what is stored alone: listing asks nobody. */
import type { RemoteServerEntry, ServerEntry } from '../catalog/index.js';
import { DEFAULT_ACCOUNT, providerRecordName } from '../core/names.js';
import { ownerOf, ownerTuple, type Principal } from '../core/principal.js';
import type { Grant, PendingAuthorization, ServerObservation, StoredSecret, Vault } from '../vault/index.js';
import { accessOf, type GrantAccess } from './grant-access.js';
import { allEntries, boundUrl, checkServerName, findEntry, isSameUrl, unknownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { isoInstant } from './payloads.js';
import { startedAuthType } from './process-environment.js';
import type { AccountStatus, ServerStatus } from './server-status.js';
import { unattendedGrantType } from './unattended-grant.js';
import { providersOf } from './value-references.js';

/** What is stored of one owner, by kind. */
interface OwnerRecords {
  readonly grants: readonly Grant[];
  readonly secrets: readonly StoredSecret[];
  readonly pendings: readonly PendingAuthorization[];
  readonly observations: readonly ServerObservation[];
}

const NO_RECORDS: OwnerRecords = { grants: [], secrets: [], pendings: [], observations: [] };

/** @throws {BrokerError} `unknown_server`, `invalid_input`. */
export async function listServers(
  parts: Parts,
  principal: Principal,
  serverName: string | undefined,
): Promise<readonly ServerStatus[]> {
  const entries =
    serverName === undefined ? await allEntries(parts, principal) : [await namedEntry(parts, principal, serverName)];
  const records = new Map<string, OwnerRecords>();
  const statuses: ServerStatus[] = [];
  for (const entry of entries) {
    const partition = ownerTuple(ownerOf(principal, entry.credentialMode));
    const key = JSON.stringify(partition);
    const known = records.get(key) ?? (await ownerRecords(parts, partition));
    records.set(key, known);
    statuses.push(serverStatus(entry, known, parts.clock.now()));
  }
  return statuses;
}

async function namedEntry(parts: Parts, principal: Principal, serverName: string): Promise<ServerEntry> {
  checkServerName(serverName);
  const entry = await findEntry(parts, principal, serverName);
  if (entry === undefined) throw unknownServer(serverName);
  return entry;
}

async function ownerRecords(parts: Parts, partition: readonly string[]): Promise<OwnerRecords> {
  if (!(await parts.vaultExists())) return NO_RECORDS;
  const vault: Vault = await parts.vault();
  const [grants, secrets, pendings, observations] = await Promise.all([
    vault.grants.list(partition),
    vault.secrets.list(partition),
    vault.pendings.list(partition),
    vault.observations.list(partition),
  ]);
  const values = <T>(records: readonly { readonly value: T }[]): readonly T[] => records.map((record) => record.value);
  return {
    grants: values(grants),
    secrets: values(secrets),
    pendings: values(pendings),
    observations: values(observations).map(parts.latestSuccesses.latest),
  };
}

function serverStatus(entry: ServerEntry, all: OwnerRecords, now: number): ServerStatus {
  const own = recordsOf(entry, all);
  const names = new Set([
    DEFAULT_ACCOUNT,
    ...[...own.grants, ...own.secrets, ...own.pendings, ...own.observations].map((record) => record.account),
  ]);
  const authType = authTypeOf(entry, own);
  const toolCount = own.observations.find((seen) => seen.toolCount !== undefined)?.toolCount;
  return {
    serverName: entry.serverName,
    target: targetOf(entry),
    source: entry.source,
    authType,
    requiresOAuth: requiresOAuth(authType),
    credentialMode: entry.credentialMode,
    accounts: [...names].sort().map((account) => accountStatus(account, own, now)),
    ...(toolCount !== undefined && { toolCount }),
  };
}

/** What is stored for another URL of that name does not speak for this one; a provider's grant speaks for the program that takes it. */
function recordsOf(entry: ServerEntry, all: OwnerRecords): OwnerRecords {
  const isMeant = (record: { readonly serverName: string; readonly serverUrl: string }): boolean =>
    record.serverName === entry.serverName &&
    (entry.kind === 'remote' ? isSameUrl(record.serverUrl, entry.url) : record.serverUrl === boundUrl(entry));
  const providers = entry.kind === 'stdio' ? providersOf(entry).map(providerRecordName) : [];
  const isItsCredential = (record: { readonly serverName: string; readonly serverUrl: string }): boolean =>
    isMeant(record) || providers.includes(record.serverName);
  return {
    grants: all.grants.filter(isItsCredential),
    secrets: all.secrets.filter(isMeant),
    pendings: all.pendings.filter(isItsCredential),
    observations: all.observations.filter(isMeant),
  };
}

function accountStatus(account: string, own: OwnerRecords, now: number): AccountStatus {
  const isIts = (record: { readonly account: string }): boolean => record.account === account;
  const grant = own.grants.find(isIts);
  const secret = own.secrets.find(isIts);
  const seen = own.observations.find(isIts);
  const pending = own.pendings.find((record) => isIts(record) && record.expiresAt > now);
  const { state, reason } = stateOf(grant, secret, pending, seen, now);
  return {
    account,
    state,
    ...(reason !== undefined && { reason }),
    ...(grant?.scope !== undefined && { scope: grant.scope }),
    ...(grant !== undefined && { issuer: grant.authorizationServer.issuer }),
    ...(grant?.expiresAt !== undefined && { expiresAt: isoInstant(grant.expiresAt) }),
    ...(grant?.lastRefreshedAt !== undefined && { lastRefreshedAt: isoInstant(grant.lastRefreshedAt) }),
    ...(seen?.lastVerifiedAt !== undefined && { lastVerifiedAt: isoInstant(seen.lastVerifiedAt) }),
  };
}

/** `connected` only where the last request succeeded: a stored token alone is not connected. */
function stateOf(
  grant: Grant | undefined,
  secret: StoredSecret | undefined,
  pending: PendingAuthorization | undefined,
  seen: ServerObservation | undefined,
  now: number,
): Pick<AccountStatus, 'state' | 'reason'> {
  const access = accessOf(grant, now);
  if (pending !== undefined && !worksMeanwhile(access, pending, seen)) return because('auth_required', pending.reason);
  if (secret?.state === 'rejected') return because('auth_required', 'key_rejected');
  if (access.kind === 'ended') return because('auth_required', access.reason);
  if (seen === undefined) return { state: 'not_connected' };
  const hasCredential = access.kind === 'usable' || secret !== undefined;
  const wantedOne = seen.state === 'auth_required' || seen.state === 'config_required';
  return hasCredential && wantedOne ? { state: 'not_connected' } : because(seen.state, seen.reason);
}

/** A step-up waits, and the grant in hand has gone on to work since it began. */
function worksMeanwhile(
  access: GrantAccess,
  pending: PendingAuthorization,
  seen: ServerObservation | undefined,
): boolean {
  return access.kind === 'usable' && seen?.state === 'connected' && (seen.lastVerifiedAt ?? 0) > pending.createdAt;
}

function because(state: AccountStatus['state'], reason: string | undefined): Pick<AccountStatus, 'state' | 'reason'> {
  return reason === undefined ? { state } : { state, reason };
}

function authTypeOf(entry: ServerEntry, own: OwnerRecords): ServerStatus['authType'] {
  if (own.grants.length > 0) return 'oauth2';
  const [secret] = own.secrets;
  if (secret !== undefined) return secret.kind;
  if (entry.kind === 'stdio') return startedAuthType(entry);
  if (unattendedGrantType(entry) !== undefined) return 'oauth2';
  if (entry.auth !== 'auto') return entry.auth;
  return own.observations.find((seen) => seen.authType !== 'unknown')?.authType ?? 'unknown';
}

function requiresOAuth(authType: ServerStatus['authType']): boolean | null {
  if (authType === 'unknown') return null;
  return authType === 'oauth2' || authType === 'oauth2-bearer';
}

/** The URL without userinfo, query and fragment, or the command without arguments. */
function targetOf(entry: RemoteServerEntry | ServerEntry): string {
  if (entry.kind === 'stdio') return entry.command;
  const { origin, pathname } = new URL(entry.url);
  return `${origin}${pathname}`;
}
