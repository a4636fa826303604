/** What is said of an OAuth provider on the accounts page. */
import type { ListedProvider } from './administration.js';

/** One of the caller's sign-ins at a provider. */
export interface ProviderAccount {
  readonly account: string;
  /** A server that takes it; undefined where nobody may end it from a page. */
  readonly serverName?: string;
  /** Whether its token, or a refresh, can still be used. */
  readonly isSignedIn: boolean;
  readonly scope?: string;
  /** ISO 8601. */
  readonly expiresAt?: string;
}

export interface ProviderStatus extends ListedProvider {
  readonly source: 'user' | 'team';
  /** Servers that take its token, in order of name. */
  readonly serverNames: readonly string[];
  readonly accounts: readonly ProviderAccount[];
}
