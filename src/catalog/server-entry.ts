/**
 * One entry of `servers.json`, the built-in catalog, or an agent's addition, after validation.
 * (Types; `parse-entry.ts` holds the schema.)
 */
import type { CredentialMode } from '../core/principal.js';

/** Where a secret or a value comes from; a plain string is itself. */
export type ValueSource =
  | string
  | { readonly source: 'env'; readonly name: string }
  | { readonly source: 'file'; readonly path: string }
  | { readonly source: 'user_secret' | 'team_secret' | 'org_secret'; readonly name: string }
  | { readonly source: 'oauth'; readonly provider: string };

export type AuthType = 'auto' | 'none' | 'oauth2' | 'bearer' | 'api_key';

/** The `oauth` object of an entry; all optional. */
export interface OAuthSettings {
  readonly issuer?: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly clientId?: string;
  readonly clientSecret?: ValueSource;
  /** `""` asks for no scope. */
  readonly scope?: string;
  readonly redirectUri?: string;
  readonly resource?: string;
  readonly authorizationParams?: Readonly<Record<string, string>>;
  readonly assumePkce?: boolean;
  readonly tokenEndpointAuthMethod?: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
  readonly grantType?: 'authorization_code' | 'device_code' | 'client_credentials' | 'jwt_bearer' | 'id_jag';
  /** `jwt_bearer` and `id_jag`: where the assertion (the ID token) comes from. */
  readonly assertion?: ValueSource;
  /** `id_jag`: who issues the ID-JAG. */
  readonly idp?: IdentityProviderSettings;
  /** `private_key_jwt` (RFC 7523). */
  readonly privateKey?: { readonly source: 'file'; readonly path: string };
  readonly signingAlg?: string;
  /** Id of a provider profile, where the issuer or host does not tell. */
  readonly profile?: string;
}

/** The identity provider of `id_jag`: an issuer to discover, or its token endpoint. */
export interface IdentityProviderSettings {
  readonly issuer?: string;
  readonly tokenEndpoint?: string;
  readonly clientId?: string;
  readonly clientSecret?: ValueSource;
}

/** One of `oauthProviders`: an OAuth provider whose token goes into a child's environment. */
export interface OAuthProviderEntry {
  readonly issuer?: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly clientId?: string;
  readonly clientSecret?: ValueSource;
  readonly scope?: string;
  readonly redirectUri?: string;
  readonly authorizationParams?: Readonly<Record<string, string>>;
  readonly profile?: string;
}

interface EntryBase {
  readonly serverName: string;
  readonly source: 'user' | 'agent' | 'team' | 'catalog';
  readonly credentialMode: CredentialMode;
  readonly tools?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
}

export interface RemoteServerEntry extends EntryBase {
  readonly kind: 'remote';
  readonly url: string;
  readonly auth: AuthType;
  /** Source of the bearer token or key, where the user's file names one. */
  readonly value?: ValueSource;
  /** Header of an API key. Default `X-API-Key`. */
  readonly header: string;
  readonly headerPrefix: string;
  readonly headers: Readonly<Record<string, ValueSource>>;
  readonly transport: 'auto' | 'streamable-http' | 'sse';
  readonly oauth: OAuthSettings;
  /** Catalog: where a client, token or key is made, for a provider that cannot register clients by itself. */
  readonly consoleUrl?: string;
  readonly title?: string;
  /** Catalog: whether its authorization server registers clients (RFC 7591 or client ID metadata documents). */
  readonly registersClients?: boolean;
  /** Catalog: the skill that explains this provider. */
  readonly skillId?: string;
}

export interface StdioServerEntry extends EntryBase {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute; where the program is started. */
  readonly cwd?: string;
  readonly env: Readonly<Record<string, ValueSource>>;
}

export type ServerEntry = RemoteServerEntry | StdioServerEntry;

/** Something in the user's file that is not as it will have been meant, though the rest can be used. */
export interface FileNote {
  /** One sentence, with its place and without a value. */
  readonly message: string;
  /** The entry is left out for it. */
  readonly isEntryLost: boolean;
}

/** The user's file as read last, and the built-in catalog. */
export interface Catalog {
  /** An entry of the user's file. @throws {BrokerError} `invalid_input` with line and column when the file or this entry is broken and none was read before. */
  findUserEntry(serverName: string): Promise<ServerEntry | undefined>;
  userEntries(): Promise<readonly ServerEntry[]>;
  findBuiltIn(serverName: string): RemoteServerEntry | undefined;
  builtInEntries(): readonly RemoteServerEntry[];
  /** One of `oauthProviders` of the user's file. */
  findOAuthProvider(id: string): Promise<OAuthProviderEntry | undefined>;
  /** Those of the user's file that can be used, by their ids. */
  oauthProviders(): Promise<ReadonlyMap<string, OAuthProviderEntry>>;
  /** `allowedRedirectUris` and `allowedPrivateHosts` of the user's file. */
  settings(): Promise<{
    readonly allowedRedirectUris: readonly string[];
    readonly allowedPrivateHosts: readonly string[];
  }>;
  fileNotes(): Promise<readonly FileNote[]>;
  /** Writes one entry into the user's file, keeping comments and unknown keys. @throws {BrokerError} `invalid_input` when the name is taken. */
  addUserEntry(serverName: string, entry: Readonly<Record<string, unknown>>): Promise<void>;
  /** Returns whether there was one. */
  removeUserEntry(serverName: string): Promise<boolean>;
}
