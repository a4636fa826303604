/** The authorization server whose endpoints the user's file or form names, so that nothing has to be discovered. */
import { checkEndpoint } from './endpoint-url.js';
import type { AuthorizationServer, TokenServer } from './types.js';

/** What the user's file or form fixes; it wins over what the server says. */
export interface DiscoverySettings {
  readonly issuer?: string | undefined;
  readonly authorizationEndpoint?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
  readonly resource?: string | undefined;
}

/** The token endpoint configured: enough for a grant without a user, and nothing is asked. */
export function configuredTokenServer(settings: DiscoverySettings | undefined): TokenServer | undefined {
  if (settings?.tokenEndpoint === undefined) return undefined;
  const { origin } = checkEndpoint(settings.tokenEndpoint, 'token endpoint');
  if (settings.issuer !== undefined) checkEndpoint(settings.issuer, 'issuer');
  return {
    issuer: settings.issuer ?? origin,
    ...(settings.issuer === undefined && { issuerAssumed: true }),
    tokenEndpoint: settings.tokenEndpoint,
    issParameterSupported: false,
    source: 'configured',
  };
}

/** Both endpoints configured: nothing is asked, and nothing that the server says can lead elsewhere. */
export function configuredServer(settings: DiscoverySettings | undefined): AuthorizationServer | undefined {
  if (settings?.authorizationEndpoint === undefined || settings.tokenEndpoint === undefined) return undefined;
  const authorizationEndpoint = checkEndpoint(settings.authorizationEndpoint, 'authorization endpoint');
  checkEndpoint(settings.tokenEndpoint, 'token endpoint');
  if (settings.issuer !== undefined) checkEndpoint(settings.issuer, 'issuer');
  return {
    issuer: settings.issuer ?? authorizationEndpoint.origin,
    ...(settings.issuer === undefined ? { issuerAssumed: true as const } : {}),
    authorizationEndpoint: settings.authorizationEndpoint,
    tokenEndpoint: settings.tokenEndpoint,
    issParameterSupported: false,
    source: 'configured',
  };
}
