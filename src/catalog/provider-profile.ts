/** What can be known of a provider that differs from the standards. (Types; the data are in `provider-profiles.ts`.) */

/** Where an authorization server differs from the standards; what is absent is as they say. */
export interface ProviderQuirks {
  /** True: the RFC 8707 `resource` parameter is refused, so none is sent unless the user's file names one. */
  readonly omitResource?: true;
  /** Added to the authorization request; one with an empty value is not sent at all, though the standards ask for it. */
  readonly authorizationParams?: Readonly<Record<string, string>>;
  /** True: S256 works although the metadata does not list it. */
  readonly assumePkce?: true;
  /** True: `offline_access` is understood although it is not listed. False: it is never asked for. */
  readonly offlineAccess?: boolean;
  /** True: a refresh request without `scope` is refused, so the scope is sent again. */
  readonly scopeOnRefresh?: true;
  /** What stands between scopes in a request; RFC 6749 section 3.3 says a space. */
  readonly scopeSeparator?: ',';
  /** How a client with a secret authenticates where no metadata names a method that takes one. */
  readonly tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post';
  /** `json`: the token endpoint reads JSON, where RFC 6749 appendix B says form-encoded. */
  readonly tokenRequestFormat?: 'json';
  /** Values of `token_type`, in lower case, that are Bearer tokens by another name. */
  readonly bearerTokenTypes?: readonly string[];
  /** Errors of the token endpoint that are an error of RFC 6749 section 5.2 by another name. */
  readonly tokenErrors?: Readonly<Record<string, 'invalid_grant' | 'invalid_client' | 'temporarily_unavailable'>>;
}

/** Metadata asked for at one issuer that state another, of the same provider. Both patterns are anchored. */
export interface IssuerAlias {
  readonly asked: RegExp;
  readonly stated: RegExp;
}

/** The provider's own API, for `oauthProviders`: often another authorization server than that of its MCP server. */
export interface ProviderEndpoints extends ProviderQuirks {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string;
}

/** As `get_skill` serves it. */
export interface ProviderSkill {
  readonly id: string;
  readonly name: string;
}

/** What is known of one provider. */
export interface ProviderProfile extends ProviderQuirks {
  readonly id: string;
  /** Issuers as an authorization server is asked for (exact strings). */
  readonly issuers: readonly string[];
  /** Hosts of its issuers and endpoints; `*` stands for one label. */
  readonly hosts: readonly string[];
  /** True: its issuer is spelled with a final slash in one place and without in another. */
  readonly issuerSlashOptional?: true;
  readonly statedIssuers?: readonly IssuerAlias[];
  /** `none`: whatever is claimed, clients are made by hand. `approved_clients`: it registers those that it knows by name. */
  readonly registration?: 'none' | 'approved_clients';
  /** What the user has to know of it: one or two sentences of ours. */
  readonly advice?: string;
  /** The skill that says how a client is made there. */
  readonly skill?: ProviderSkill;
  /** Domains of its MCP servers: a server there is helped by the skill, whatever it is called. They decide nothing else. */
  readonly serverDomains?: readonly string[];
  readonly provider?: ProviderEndpoints;
  /** Where this is documented or was seen. */
  readonly sources: readonly [string, ...string[]];
}
