/** Where to sign in to an OAuth provider: what the user's file or the team names, since there is no MCP server to ask. */
import { mayStateIssuer } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { shownName } from '../core/names.js';
import { discoverProvider } from '../oauth/index.js';
import type { KnownServer } from './known-server.js';
import type { FoundAuthorizationServer } from './open-sign-in.js';
import type { Parts } from './parts.js';

/** @throws {BrokerError} `discovery_failed` (retryable where it did not answer), `issuer_mismatch`, `insecure_url`, `url_not_allowed`. */
export async function providerDiscovery(parts: Parts, provider: KnownServer): Promise<FoundAuthorizationServer> {
  const { serverName, url, oauth } = provider.entry;
  const authorizationServer = await discoverProvider({
    settings: oauth,
    fetch: parts.network.guardedFetch(new URL(url)),
    mayStateIssuer: (asked, stated) => mayStateIssuer(asked, stated, oauth.profile),
  });
  if (authorizationServer !== undefined) return { kind: 'authorization_server', authorizationServer, resource: null };
  throw new BrokerError('discovery_failed', `The issuer of the provider "${shownName(serverName)}" has no metadata.`, {
    nextStep:
      provider.entry.source === 'team'
        ? 'Ask the administrator to correct its issuer, or to give both endpoints (mcp-oauth-broker provider add).'
        : `Ask the user to correct oauthProviders.${shownName(serverName)}.issuer in servers.json, or to name authorizationEndpoint and tokenEndpoint there.`,
  });
}
