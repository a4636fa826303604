/**
 * An OAuth provider as something to sign in to: an entry like a server's, but without an MCP server behind it.
 * Its records are kept beside those of the servers, under a name that no server can have.
 */
import { createRemoteEntry, type OAuthProviderEntry, profileFor, type RemoteServerEntry } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { PRODUCT_NAME, providerRecordName } from '../core/names.js';
import { type Owner, ownerTuple } from '../core/principal.js';
import { shellWord } from '../core/shell-word.js';
import type { AnyServer, KnownServer } from './known-server.js';
import { type FoundProvider, findOAuthProvider } from './oauth-providers.js';
import type { Parts } from './parts.js';

/**
 * The provider, signed in to for an owner and account.
 * @param neededBy the server that takes its token
 * @throws {BrokerError} `invalid_input` where there is none of that name, or none that can be found.
 */
export async function provider(
  parts: Parts,
  { principal, owner, account }: Pick<AnyServer, 'principal' | 'owner' | 'account'>,
  id: string,
  neededBy: string,
): Promise<KnownServer> {
  const entry = await providerEntry(parts, id, owner);
  if (entry === undefined) {
    throw new BrokerError(
      'invalid_input',
      `"${displayText(neededBy)}" takes a token of the OAuth provider "${displayText(id)}", which nobody has set up: it stands neither under oauthProviders of the user's servers.json nor among those of the team.`,
      {
        nextStep: `Ask the user to add it to servers.json, or to have an administrator run: ${PRODUCT_NAME} provider add ${shellWord(displayText(id))}.`,
      },
    );
  }
  const recordId = [...ownerTuple(owner), entry.serverName, account];
  return { entry, principal, owner, account, id: recordId, provider: { id, neededBy } };
}

/** The same without an owner's account; undefined where there is none. @throws {BrokerError} `invalid_input`. */
export async function providerEntry(parts: Parts, id: string, owner: Owner): Promise<RemoteServerEntry | undefined> {
  const found = await findOAuthProvider(parts, owner.team, id);
  return found && entryOfProvider(id, found, owner);
}

/** @throws {BrokerError} `invalid_input` where it cannot be told where to sign in. */
export function entryOfProvider(id: string, { source, settings }: FoundProvider, owner: Owner): RemoteServerEntry {
  const oauth = { ...knownSettings(id, settings), ...settings };
  const url = oauth.issuer ?? oauth.tokenEndpoint;
  if (url === undefined || (oauth.issuer === undefined && oauth.authorizationEndpoint === undefined)) {
    throw new BrokerError(
      'invalid_input',
      source === 'user'
        ? `oauthProviders.${displayText(id)} in the user's servers.json names neither an issuer nor both endpoints.`
        : `Nothing is known of "${displayText(id)}": give its issuer, or its authorization endpoint and its token endpoint.`,
    );
  }
  return createRemoteEntry({
    serverName: providerRecordName(id),
    url,
    source,
    auth: 'oauth2',
    credentialMode: credentialModeOf(owner),
    oauth,
  });
}

/** What is known of a provider by its profile; what the file says itself, and an issuer's metadata, come before it. */
function knownSettings(id: string, { profile, issuer, tokenEndpoint }: OAuthProviderEntry): RemoteServerEntry['oauth'] {
  if (issuer !== undefined || tokenEndpoint !== undefined) return {};
  const known = profileFor({ name: profile ?? id })?.provider;
  if (known === undefined) return {};
  const { authorizationEndpoint, tokenEndpoint: endpoint, authorizationParams, tokenEndpointAuthMethod } = known;
  return {
    authorizationEndpoint,
    tokenEndpoint: endpoint,
    profile: profile ?? id,
    ...(authorizationParams !== undefined && { authorizationParams }),
    ...(tokenEndpointAuthMethod !== undefined && { tokenEndpointAuthMethod }),
  };
}

function credentialModeOf({ user, agent }: Owner): RemoteServerEntry['credentialMode'] {
  if (user === undefined) return 'shared';
  return agent === undefined ? 'per_user' : 'per_agent';
}

/** Where the OAuth settings of a server or provider stand in the user's file; undefined where they are the team's. */
export function placeInFile({ entry, provider: isProvider }: KnownServer): string | undefined {
  if (entry.source === 'team') return undefined;
  return isProvider === undefined ? `mcpServers.${entry.serverName}.oauth` : `oauthProviders.${isProvider.id}`;
}
