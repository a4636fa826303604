/** What administrators do, by the command line only: no tool leads here. (Interfaces only.) */
import type { Principal } from '../core/principal.js';
import type { Provider } from '../vault/index.js';
import type { Cleared, Failure } from './outcomes.js';

export type ProviderSettings = Omit<Provider, 'addedAt'>;

/** A provider without its secret. */
export interface ListedProvider {
  readonly id: string;
  /** Where members sign in: the issuer, or the authorization endpoint. */
  readonly target: string;
  readonly clientId?: string;
  readonly scope?: string;
  /** Where the client's secret comes from; `vault` is one that was typed. */
  readonly secretSource: string;
}

interface ServerChanged {
  readonly status: 'success';
  readonly serverName: string;
}

interface Member {
  readonly user: string;
  readonly team?: string | undefined;
}

export interface MemberCleared extends Pick<Cleared, 'cleared' | 'revocation'> {
  readonly status: 'success';
  readonly user: string;
  readonly team: string;
  /** False where nothing was ever stored for this name in the team. */
  readonly wasKnown: boolean;
}

/** A user of whom the vault knows, or who was removed. */
export interface ListedMember {
  readonly user: string;
  readonly isRemoved: boolean;
  /** ISO 8601. */
  readonly removedAt?: string;
}

/** Acts for the team of the principal. */
export interface Administration {
  /** Stores a provider for the team, in place of one of the same id; its issuer is asked first. */
  addProvider(
    principal: Principal,
    provider: ProviderSettings,
  ): Promise<{ readonly status: 'success'; readonly provider: ListedProvider } | Failure>;
  listProviders(principal: Principal): Promise<{ readonly providers: readonly ListedProvider[] } | Failure>;
  /** Returns whether there was one. */
  removeProvider(principal: Principal, id: string): Promise<boolean>;
  /** Adds a server for every member of the team. */
  addTeamServer(
    principal: Principal,
    server: { readonly serverName: string; readonly url: string },
  ): Promise<ServerChanged | Failure>;
  /** Returns whether the team had one of that name. */
  removeTeamServer(principal: Principal, serverName: string): Promise<boolean>;
  /** Refuses the user's calls from now on, and revokes and deletes what is theirs alone. Default: the principal's team. */
  removeMember(principal: Principal, member: Member): Promise<MemberCleared | Failure>;
  /** Who has ever connected anything in the team, and who was removed, by name. Default: the principal's team. */
  listMembers(
    principal: Principal,
    team?: string,
  ): Promise<{ readonly team: string; readonly members: readonly ListedMember[] } | Failure>;
  /** Lets a removed user in again, with nothing. Returns whether they had been removed. */
  addMember(principal: Principal, member: Member): Promise<boolean>;
  /** Revokes and deletes everybody's credentials of one server. */
  resetServer(principal: Principal, serverName: string): Promise<Cleared | Failure>;
}
