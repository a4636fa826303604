/** The identity provider's part of enterprise-managed authorization: the user's ID token becomes an ID-JAG for one resource. */
import type { IdentityProviderSettings } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { rememberSecret } from '../core/redaction.js';
import { discoverIssuer, requestIdentityAssertion, type TokenServer } from '../oauth/index.js';
import type { OAuthClient } from '../vault/index.js';
import { authenticationMethod } from './client-of-file.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { unattendedFailure } from './unattended-failure.js';
import { resolveValue } from './value-sources.js';

export interface IdentityAssertionPurpose {
  readonly idToken: string;
  /** Whom the assertion is for. */
  readonly authorizationServer: TokenServer;
  readonly resource: string | null;
  readonly scope: string | undefined;
}

/**
 * @returns the ID-JAG, known to the redaction filter
 * @throws {BrokerError} as a token request without a user does, said of the identity provider; `invalid_input` where
 *   `oauth.idp` or the issuer is not named
 */
export async function identityAssertion(
  parts: Parts,
  server: KnownServer,
  { idToken, authorizationServer, resource, scope }: IdentityAssertionPurpose,
): Promise<string> {
  const { serverName, oauth } = server.entry;
  const { idp } = oauth;
  if (idp?.clientId === undefined) throw missing(serverName, 'oauth.idp with its clientId');
  if (authorizationServer.issuerAssumed === true) throw missing(serverName, 'oauth.issuer beside oauth.tokenEndpoint');
  const { tokenServer, fetch } = await providerOf(parts, serverName, idp);
  const outcome = await requestIdentityAssertion({
    authorizationServer: tokenServer,
    client: await clientOfProvider(parts, server, idp.clientId, idp.clientSecret, tokenServer),
    idToken,
    audience: authorizationServer.issuer,
    resource,
    scope,
    fetch,
  });
  if (outcome.kind !== 'tokens') throw unattendedFailure(outcome, 'identity_provider');
  rememberSecret(outcome.tokens.accessToken);
  return outcome.tokens.accessToken;
}

/** The user's own file names it, so its own address bounds what is reached of it, not that of the MCP server. */
async function providerOf(parts: Parts, serverName: string, { issuer, tokenEndpoint }: IdentityProviderSettings) {
  const named = issuer ?? tokenEndpoint;
  if (named === undefined) throw missing(serverName, 'oauth.idp.issuer or oauth.idp.tokenEndpoint');
  const fetch = parts.network.guardedFetch(new URL(named));
  if (tokenEndpoint !== undefined) {
    const { origin } = new URL(tokenEndpoint);
    return { fetch, tokenServer: { issuer: issuer ?? origin, tokenEndpoint } };
  }
  const tokenServer = await discoverIssuer(named, { fetch });
  if (tokenServer !== undefined) return { fetch, tokenServer };
  throw new BrokerError('discovery_failed', 'The identity provider that oauth.idp names has no metadata.', {
    nextStep: 'Ask the user to correct oauth.idp.issuer in servers.json, or to name oauth.idp.tokenEndpoint.',
  });
}

async function clientOfProvider(
  parts: Parts,
  server: KnownServer,
  clientId: string,
  source: IdentityProviderSettings['clientSecret'],
  tokenServer: Pick<TokenServer, 'issuer' | 'tokenEndpointAuthMethodsSupported'>,
): Promise<OAuthClient> {
  if (source === undefined) return { clientId, tokenEndpointAuthMethod: 'none', origin: 'user_file' };
  const clientSecret = await resolveValue(
    parts,
    server,
    source,
    `The identity provider's client secret of "${server.entry.serverName}"`,
  );
  rememberSecret(clientSecret);
  const tokenEndpointAuthMethod = authenticationMethod(server, clientSecret, tokenServer);
  return { clientId, clientSecret, tokenEndpointAuthMethod, origin: 'user_file' };
}

function missing(serverName: string, what: string): BrokerError {
  return new BrokerError(
    'invalid_input',
    `The user's servers.json asks for id_jag at "${serverName}" and lacks ${what}.`,
  );
}
