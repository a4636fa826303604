/**
 * The kinds of record: what each is called in the store, where it is listed, and how long it lives.
 */
import { AUDIT_RETENTION_MS, EXPIRED_AUTHORIZATION_KEPT_MS } from '../core/limits.js';
import type { AuditHead, AuditRecord } from './audit-entry.js';
import type { CollectionKind } from './collection.js';
import type { ClientRegistration, Grant, PendingAuthorization } from './oauth-records.js';
import type {
  AddedServer,
  CallbackPort,
  ClientConfiguration,
  NamedSecret,
  ServerObservation,
  StoredSecret,
  TokenIndex,
} from './records.js';
import type { KnownOwner, Provider, RemovedMember, TeamServer } from './team-records.js';
import type { ToolChoice } from './tool-choice.js';
import type { OpenPage } from './vault.js';

/** The owner's tuple: what stands before the last `count` parts of an identifier. */
const withoutLast = (count: number) => (id: readonly string[]) => id.slice(0, -count);

// A name here is part of what every record is bound to: renaming one loses its records.
const grants: CollectionKind<Grant> = { name: 'grant', partitionOf: withoutLast(2) };
const pendings: CollectionKind<PendingAuthorization> = {
  name: 'pending-authorization',
  partitionOf: withoutLast(2),
  expiresAt: ({ expiresAt }) => expiresAt + EXPIRED_AUTHORIZATION_KEPT_MS,
};
const registrations: CollectionKind<ClientRegistration> = { name: 'client-registration', partitionOf: withoutLast(2) };
const configurations: CollectionKind<ClientConfiguration> = {
  name: 'client-configuration',
  partitionOf: withoutLast(1),
};
const secrets: CollectionKind<StoredSecret> = { name: 'stored-secret', partitionOf: withoutLast(2) };
const namedSecrets: CollectionKind<NamedSecret> = { name: 'named-secret', partitionOf: withoutLast(1) };
const addedServers: CollectionKind<AddedServer> = { name: 'added-server', partitionOf: withoutLast(1) };
const toolChoices: CollectionKind<ToolChoice> = { name: 'tool-choice', partitionOf: withoutLast(2) };
const teamServers: CollectionKind<TeamServer> = { name: 'team-server', partitionOf: withoutLast(1) };
const providers: CollectionKind<Provider> = { name: 'provider', partitionOf: withoutLast(1) };
const owners: CollectionKind<KnownOwner> = { name: 'owner', partitionOf: ([team]) => [team ?? ''] };
const removedMembers: CollectionKind<RemovedMember> = { name: 'removed-member', partitionOf: withoutLast(1) };
const observations: CollectionKind<ServerObservation> = { name: 'server-observation', partitionOf: withoutLast(2) };
const tokens: CollectionKind<TokenIndex> = {
  name: 'token',
  partitionOf: () => ['tokens'],
  expiresAt: ({ expiresAt }) => expiresAt + EXPIRED_AUTHORIZATION_KEPT_MS,
  idsAreUnique: true,
};
const callbackPorts: CollectionKind<CallbackPort> = { name: 'callback-port', partitionOf: () => ['callback'] };
const openPages: CollectionKind<OpenPage> = {
  name: 'open-page',
  partitionOf: () => ['open'],
  expiresAt: ({ until }) => until,
};
const auditEntries: CollectionKind<AuditRecord> = {
  name: 'audit-entry',
  partitionOf: withoutLast(1),
  expiresAt: ({ at }) => Date.parse(at) + AUDIT_RETENTION_MS,
};
const auditHeads: CollectionKind<AuditHead> = { name: 'audit-head', partitionOf: ([team]) => [team ?? ''] };

export const COLLECTION_KINDS = {
  grants,
  pendings,
  registrations,
  configurations,
  secrets,
  namedSecrets,
  addedServers,
  toolChoices,
  teamServers,
  providers,
  owners,
  removedMembers,
  observations,
  tokens,
  callbackPorts,
  openPages,
  auditEntries,
  auditHeads,
};
