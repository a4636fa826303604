/** What an administrator sets up for a team, and who belongs to it. */
import type { Owner } from '../core/principal.js';

/** A server of the team's (`add --team`). */
export interface TeamServer {
  readonly serverName: string;
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly addedAt: number;
}

/** An OAuth provider of the team's (`provider add`): what `oauthProviders` of a file can say, for every member. */
export interface Provider {
  readonly id: string;
  readonly issuer?: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly profile?: string;
  readonly clientId?: string;
  /** The secret, or where it is in this vault. */
  readonly clientSecret?: string | SecretReference;
  readonly scope?: string;
  /** Milliseconds since the epoch. */
  readonly addedAt: number;
}

/** Never a file or variable of a member's machine: whoever adds a provider also says where its secret is sent. */
export interface SecretReference {
  readonly source: 'team_secret' | 'org_secret';
  readonly name: string;
}

/** Somebody who once stored something: so that a team's administrator finds what belongs to whom. */
export interface KnownOwner {
  readonly owner: Owner;
}

/** A member that an administrator removed. Everybody else is one. */
export interface RemovedMember {
  readonly user: string;
  /** Milliseconds since the epoch. */
  readonly removedAt: number;
}
