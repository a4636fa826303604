export type AccountState = 'connected' | 'auth_required' | 'config_required' | 'not_connected' | 'error';

export interface AccountStatus {
  readonly account: string;
  readonly state: AccountState;
  readonly reason?: string;
  readonly scope?: string;
  readonly issuer?: string;
  readonly expiresAt?: string;
  readonly lastRefreshedAt?: string;
  readonly lastVerifiedAt?: string;
}

/** Section 4 of the contract: one object for `list_mcp_servers`, `list --json` and the accounts page. */
export interface ServerStatus {
  readonly serverName: string;
  readonly target: string;
  readonly source: 'user' | 'agent' | 'team' | 'catalog';
  readonly authType: 'none' | 'oauth2' | 'oauth2-bearer' | 'bearer' | 'api_key' | 'unknown';
  readonly requiresOAuth: boolean | null;
  readonly credentialMode: 'per_user' | 'per_agent' | 'shared';
  readonly accounts: readonly AccountStatus[];
  readonly toolCount?: number;
}
