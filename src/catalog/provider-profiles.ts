/**
 * How known providers differ from the standards, as data: each quirk with where it was seen.
 * A profile never weakens a check for anyone but the issuer or host that it names.
 */

/** The quirks of one provider; what is absent is as the standards say. */
export interface ProviderProfile {
  readonly id: string;
  /** Issuers as an authorization server is asked for (exact strings). */
  readonly issuers: readonly string[];
  /** Hosts of its authorization server: of its issuers and endpoints. */
  readonly hosts: readonly string[];
  /** True: the RFC 8707 `resource` parameter is refused, so none is sent. */
  readonly omitResource?: true;
  /** Added to the authorization request. */
  readonly authorizationParams?: Readonly<Record<string, string>>;
  /** True: S256 works although the metadata does not list it. */
  readonly assumePkce?: true;
  /** False: `offline_access` is unknown there and never asked for. */
  readonly offlineAccess?: false;
  /** True: a refresh request without `scope` is refused, so the granted scope is sent again. */
  readonly scopeOnRefresh?: true;
  /** How the client authenticates where no metadata says it. */
  readonly tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post';
  /** Metadata asked for at the key states the value as its issuer; the two are the same authorization server. */
  readonly statedIssuers?: Readonly<Record<string, string>>;
  /** Where the quirks were seen. */
  readonly source: string;
}

export const providerProfiles: readonly ProviderProfile[] = [
  {
    id: 'github',
    issuers: ['https://github.com/login/oauth'],
    hosts: ['github.com'],
    assumePkce: true,
    offlineAccess: false,
    tokenEndpointAuthMethod: 'client_secret_post',
    source: 'docs.github.com, authorizing OAuth apps (S256, no offline_access; tokens of OAuth apps do not expire)',
  },
  {
    id: 'google',
    issuers: ['https://accounts.google.com', 'https://accounts.google.com/'],
    hosts: ['accounts.google.com', 'oauth2.googleapis.com'],
    authorizationParams: { access_type: 'offline', prompt: 'consent' },
    offlineAccess: false,
    statedIssuers: { 'https://accounts.google.com/': 'https://accounts.google.com' },
    source:
      'developers.google.com, OAuth 2.0 for web server apps (a refresh token only so); github/copilot-cli#4606 (issuer with a slash)',
  },
  {
    id: 'entra',
    issuers: [],
    hosts: ['login.microsoftonline.com', 'login.microsoftonline.us', 'login.partner.microsoftonline.cn'],
    omitResource: true,
    assumePkce: true,
    scopeOnRefresh: true,
    source:
      'anthropics/claude-code#73460 and #52871 (AADSTS9010010 with resource); AADSTS90009 for a refresh without scope; OpenID metadata lists no PKCE method',
  },
  {
    id: 'slack',
    issuers: ['https://mcp.slack.com', 'https://slack.com'],
    hosts: ['mcp.slack.com', 'slack.com'],
    offlineAccess: false,
    tokenEndpointAuthMethod: 'client_secret_post',
    statedIssuers: { 'https://mcp.slack.com': 'https://slack.com' },
    source:
      'docs.slack.dev, Slack MCP server (confidential client, no registration); its metadata lists client_secret_post only',
  },
  {
    id: 'hubspot',
    issuers: ['https://mcp.hubspot.com'],
    hosts: ['mcp.hubspot.com'],
    offlineAccess: false,
    tokenEndpointAuthMethod: 'client_secret_post',
    source: 'developers.hubspot.com, remote MCP server (MCP auth app, PKCE required, secret in the body)',
  },
];

/** Issuers that state themselves otherwise than they are asked for, of every profile: asked for → as stated. */
export const statedIssuers: Readonly<Record<string, string>> = Object.assign(
  {},
  ...providerProfiles.map((profile) => profile.statedIssuers ?? {}),
);

const profilesById = new Map(providerProfiles.map((profile) => [profile.id, profile]));

/** The ids that `oauth.profile` of an entry can name. */
export const profileIds: readonly string[] = [...profilesById.keys()];

/**
 * The profile that applies: by `name` (the entry's `oauth.profile`) where given, else by issuer, else by the issuer's
 * host; `host` counts only where there is no issuer, so that a server on a provider's host cannot lend it to another's.
 * @param about.host host name, without port, of a configured endpoint
 * @returns undefined for a provider that nothing special is known of.
 */
export function profileFor(about: {
  readonly issuer?: string | undefined;
  readonly host?: string | undefined;
  readonly name?: string | undefined;
}): ProviderProfile | undefined {
  const { issuer, host, name } = about;
  if (name !== undefined) return profilesById.get(name);
  if (issuer === undefined) return profileOfHost(host);
  return providerProfiles.find((profile) => profile.issuers.includes(issuer)) ?? profileOfHost(hostOf(issuer));
}

function profileOfHost(host: string | undefined): ProviderProfile | undefined {
  if (host === undefined) return undefined;
  return providerProfiles.find((profile) => profile.hosts.includes(host.toLowerCase()));
}

function hostOf(issuer: string): string | undefined {
  return URL.canParse(issuer) ? new URL(issuer).hostname : undefined;
}
