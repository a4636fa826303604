/** `requires_oauth_config`: what was discovered, what is suggested, and the local form where the user can answer. */
import { type Discovery, shownEndpoint } from '../oauth/index.js';
import type { ClientConfiguration } from '../vault/index.js';
import { needsClientSecret, SUGGESTED_CLIENT_ID } from './client-selection.js';
import { openForm } from './form-tokens.js';
import { helpfulSkills } from './helpful-skills.js';
import type { KnownServer } from './known-server.js';
import { stepConfigure } from './next-steps.js';
import type { ConfigReason, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import { placeInFile } from './provider-entry.js';
import { chooseRedirect, suggestedRedirectUri } from './redirect-uri.js';

/** `scope` is exactly what would be sent; `refusal` is for the user's eyes, on the form alone. */
export async function requiresConfig(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  discovery: Extract<Discovery, { kind: 'authorization_server' }>,
  scope: string | undefined,
  reason: ConfigReason,
  refusal?: string,
): Promise<RequiresOauthConfig> {
  const { authorizationServer, protectedResource } = discovery;
  const { clientId: fileClientId, scope: fileScope } = server.entry.oauth;
  const redirect = await chooseRedirect(parts, server, configuration);
  const needsSecret = reason === 'client_rejected' || needsClientSecret(authorizationServer, reason);
  const clientId = configuration?.clientId ?? (reason === 'confirmation_required' ? SUGGESTED_CLIENT_ID : undefined);
  const suggestion = {
    issuer: authorizationServer.issuer,
    ...(clientId !== undefined && { clientId }),
    scope: scope ?? '',
    needsClientSecret: needsSecret,
    ...(refusal !== undefined && { refusal }),
  };
  const configUrl = fileClientId === undefined ? await openForm(parts, server, 'client', suggestion) : undefined;
  return {
    status: 'requires_oauth_config',
    serverName: server.entry.serverName,
    authType: 'oauth2',
    reason,
    oauthDiscovery: {
      authorizationEndpoint: shownEndpoint(authorizationServer.authorizationEndpoint),
      tokenEndpoint: shownEndpoint(authorizationServer.tokenEndpoint),
      issuer: shownEndpoint(authorizationServer.issuer),
      suggestedClientId: fileClientId ?? configuration?.clientId ?? SUGGESTED_CLIENT_ID,
      suggestedRedirectUri: await suggestedRedirectUri(parts, redirect),
      suggestedScope: scope ?? '',
      scopes: protectedResource?.scopesSupported ?? authorizationServer.scopesSupported ?? scope?.split(' ') ?? [],
      needsClientSecret: needsSecret,
    },
    ...(configUrl !== undefined && { configUrl }),
    helpfulSkills: helpfulSkills({
      serverName: server.entry.serverName,
      url: server.entry.url,
      issuer: authorizationServer.issuer,
      profile: server.entry.oauth.profile,
    }),
    nextStep: stepConfigure(server.provider?.neededBy ?? server.entry.serverName, reason, {
      place: placeInFile(server),
      hasForm: configUrl !== undefined,
      needsClientSecret: needsSecret,
      fixesClient: fileClientId !== undefined,
      fixesScope: fileScope !== undefined,
    }),
  };
}
