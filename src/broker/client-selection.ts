/**
 * Which client a sign-in uses: pre-registered, client ID metadata document, dynamic registration, or none yet
 * (MCP 2026-07-28, client registration). Credentials are used at the issuer they belong to and nowhere else.
 */
import { rememberSecret } from '../core/redaction.js';
import { type AuthorizationServer, canUseMetadataDocument } from '../oauth/index.js';
import type { ClientConfiguration, OAuthClient } from '../vault/index.js';
import { authenticationMethod, clientOfFile } from './client-of-file.js';
import type { KnownServer } from './known-server.js';
import type { ConfigReason } from './outcomes.js';
import type { Parts } from './parts.js';
import type { RedirectChoice } from './redirect-uri.js';

/** The client id that stands for "register for me" where we can. */
export const SUGGESTED_CLIENT_ID = 'mcp-server';

export type ClientChoice =
  | { readonly kind: 'client'; readonly client: OAuthClient }
  | { readonly kind: 'register' }
  | { readonly kind: 'ask'; readonly reason: ConfigReason };

/**
 * @throws {BrokerError} `issuer_changed` where the file's client belongs to another issuer; `invalid_input` where its secret's source is missing.
 */
export async function chooseClient(
  parts: Parts,
  server: KnownServer,
  authorizationServer: AuthorizationServer,
  configuration: ClientConfiguration | undefined,
  redirect: RedirectChoice,
): Promise<ClientChoice> {
  if (server.entry.oauth.clientId !== undefined) {
    const client = await clientOfFile(parts, server, server.entry.oauth.clientId, authorizationServer);
    return { kind: 'client', client };
  }
  const canRegister = authorizationServer.registrationEndpoint !== undefined;
  const configured = usableConfiguration(configuration, authorizationServer);
  const meansRegister =
    configured?.clientId === SUGGESTED_CLIENT_ID && configured.clientSecret === undefined && canRegister;
  if (configured?.clientId !== undefined && !meansRegister) {
    return {
      kind: 'client',
      client: configuredClient(server, configured.clientId, configured.clientSecret, authorizationServer),
    };
  }
  const documentUrl = parts.settings.clientMetadataUrl;
  if (
    documentUrl !== undefined &&
    (redirect.kind === 'default' || redirect.uri === parts.settings.redirectUri) &&
    canUseMetadataDocument(authorizationServer, documentUrl)
  ) {
    return {
      kind: 'client',
      client: { clientId: documentUrl, tokenEndpointAuthMethod: 'none', origin: 'metadata_document' },
    };
  }
  return canRegister ? { kind: 'register' } : { kind: 'ask', reason: 'registration_unavailable' };
}

/** A client by tool call or form belongs to the issuer it was first used at. */
function usableConfiguration(
  configuration: ClientConfiguration | undefined,
  authorizationServer: AuthorizationServer,
): ClientConfiguration | undefined {
  const isBoundElsewhere = configuration?.issuer !== undefined && configuration.issuer !== authorizationServer.issuer;
  return isBoundElsewhere ? undefined : configuration;
}

function configuredClient(
  server: KnownServer,
  clientId: string,
  clientSecret: string | undefined,
  authorizationServer: AuthorizationServer,
): OAuthClient {
  if (clientSecret !== undefined) rememberSecret(clientSecret);
  return {
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    tokenEndpointAuthMethod: authenticationMethod(server, clientSecret, authorizationServer),
    origin: 'configured',
  };
}

/** True when the user must bring the client (we cannot register, or were refused) and the token endpoint takes no public ones. */
export function needsClientSecret(authorizationServer: AuthorizationServer, reason: ConfigReason): boolean {
  const canRegister = authorizationServer.registrationEndpoint !== undefined && reason !== 'registration_rejected';
  if (canRegister) return false;
  const methods = authorizationServer.tokenEndpointAuthMethodsSupported ?? ['client_secret_basic'];
  return !methods.includes('none');
}
