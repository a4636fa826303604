/** The client that the user's file names, and how a client with a secret proves itself. */
import { mayStateIssuer } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { shownName } from '../core/names.js';
import { rememberSecret } from '../core/redaction.js';
import type { AuthorizationServer } from '../oauth/index.js';
import type { OAuthClient } from '../vault/index.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { profileAt } from './provider-profile.js';
import { resolveValue } from './value-sources.js';

/** What of an authorization server decides it. */
type SecretTaker = Pick<AuthorizationServer, 'issuer' | 'tokenEndpointAuthMethodsSupported'>;

/**
 * The client `clientId` of the entry, with its secret, or as one that holds a private key.
 * @throws {BrokerError} `issuer_changed` where it belongs to another issuer; `invalid_input` where its secret's source is missing.
 */
export async function clientOfFile(
  parts: Parts,
  server: KnownServer,
  clientId: string,
  authorizationServer: SecretTaker,
): Promise<OAuthClient> {
  const { clientSecret, privateKey, issuer, tokenEndpointAuthMethod, profile } = server.entry.oauth;
  if (issuer !== undefined && !mayStateIssuer(issuer, authorizationServer.issuer, profile)) {
    throw new BrokerError(
      'issuer_changed',
      'The server names another authorization server than oauth.issuer in servers.json.',
    );
  }
  const secret =
    clientSecret === undefined
      ? undefined
      : await resolveValue(parts, server, clientSecret, `The client secret of "${shownName(server.entry.serverName)}"`);
  if (secret !== undefined) rememberSecret(secret);
  return {
    clientId,
    ...(secret !== undefined && { clientSecret: secret }),
    tokenEndpointAuthMethod:
      tokenEndpointAuthMethod ??
      (privateKey === undefined ? authenticationMethod(server, secret, authorizationServer) : 'private_key_jwt'),
    origin: 'user_file',
  };
}

/** Basic where it is listed or no method with a secret is (RFC 8414 section 2), else the secret in the body. */
export function authenticationMethod(
  server: KnownServer,
  secret: string | undefined,
  authorizationServer: SecretTaker,
): OAuthClient['tokenEndpointAuthMethod'] {
  if (secret === undefined) return 'none';
  const methods = authorizationServer.tokenEndpointAuthMethodsSupported ?? [];
  const listed = (['client_secret_basic', 'client_secret_post'] as const).find((method) => methods.includes(method));
  const known = profileAt(server, authorizationServer.issuer)?.tokenEndpointAuthMethod;
  return listed ?? known ?? 'client_secret_basic';
}
