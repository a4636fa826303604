/**
 * The vault's face to the broker: typed records over an encrypted store, and leases.
 * (Interfaces only; `openVault` in `index.ts` builds one.)
 */
import type { AuditLog } from './audit-entry.js';
import type { KeySource } from './key-source.js';
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

/** A record with the generation that a later write of it must name. */
export interface Versioned<T> {
  readonly value: T;
  readonly generation: number;
}

/** A lease in hand. */
export interface Lease {
  readonly name: string;
  readonly fence: number;
  release(): Promise<void>;
}

/** One kind of record. `Id` is a tuple of strings; the kind itself is part of the key. */
export interface Collection<T> {
  get(id: readonly string[]): Promise<Versioned<T> | undefined>;
  /**
   * Writes if the stored generation is `expected` (0: there is none). With `lease`, only while that is held.
   * @returns the new generation, or undefined when another writer was first.
   */
  compareAndSwap(id: readonly string[], value: T, expected: number, lease?: Lease): Promise<number | undefined>;
  /** Reads, changes and writes until no other writer is in between. `change` returning undefined deletes; returning its argument writes nothing. */
  update(id: readonly string[], change: (current: T | undefined) => T | undefined): Promise<T | undefined>;
  delete(id: readonly string[], expected?: number): Promise<boolean>;
  /** All records of `partition` (an owner's tuple, see each collection). */
  list(partition: readonly string[]): Promise<readonly Versioned<T>[]>;
}

/**
 * Identifiers: `grants`, `pendings`, `secrets`, `observations`: [...ownerTuple, serverName, account], partition ownerTuple.
 * `namedSecrets`: ['user', team, user, name], ['team', team, name] or ['org', name], partition all but the name.
 * `configurations`: [...ownerTuple, serverName]; `addedServers`: [team, user, serverName], partition [team, user].
 * `toolChoices`: [team, user, agent, serverName], partition [team, user].
 * `teamServers`: [team, serverName], `providers`: [team, id], `removedMembers`: [team, user], `owners`: ownerTuple; partition [team].
 * `registrations`: [...ownerTuple, issuer, redirectUri], partition ownerTuple.
 * `tokens`: [kind, token] (the token's hash, by way of the key, is all that is stored), partition ['tokens'].
 * `callbackPorts`: ['callback', 'drawn'] and ['callback', 'other', configured port], partition ['callback'].
 * `openPages`: [port], partition ['open']: the ports that must be served, with their deadline.
 */
export interface Vault {
  readonly grants: Collection<Grant>;
  readonly pendings: Collection<PendingAuthorization>;
  readonly registrations: Collection<ClientRegistration>;
  readonly configurations: Collection<ClientConfiguration>;
  readonly secrets: Collection<StoredSecret>;
  readonly namedSecrets: Collection<NamedSecret>;
  readonly addedServers: Collection<AddedServer>;
  readonly toolChoices: Collection<ToolChoice>;
  readonly teamServers: Collection<TeamServer>;
  readonly providers: Collection<Provider>;
  readonly owners: Collection<KnownOwner>;
  readonly removedMembers: Collection<RemovedMember>;
  readonly observations: Collection<ServerObservation>;
  readonly tokens: Collection<TokenIndex>;
  readonly callbackPorts: Collection<CallbackPort>;
  readonly openPages: Collection<OpenPage>;
  /** Who did what; no other record is written so that it can be read afterwards only. */
  readonly audit: AuditLog;
  readonly keySource: KeySource;

  /**
   * Waits until the lease is had, at most `waitMs`.
   * @returns undefined when another still holds it then.
   * @throws {BrokerError} `vault_busy` when the store itself fails.
   */
  acquireLease(name: readonly string[], durationMs: number, waitMs: number): Promise<Lease | undefined>;

  /** HMAC-SHA256 of `message` under a key derived from the vault's for `purpose`: proves that a process serves this vault. */
  sign(purpose: string, message: string): Promise<string>;
  close(): Promise<void>;
}

/** A loopback port that must be served until `until` (milliseconds since the epoch). */
export interface OpenPage {
  readonly port: number;
  /** `127.0.0.1`, `localhost` (both families) or `::1`. */
  readonly host: string;
  readonly until: number;
  /** What needs the port (a sign-in, a form) → until when; the row goes with the last of them. */
  readonly uses: Readonly<Record<string, number>>;
}
