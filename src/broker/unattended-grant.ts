/**
 * Grants without a user (RFC 6749 section 4.4, RFC 7523 section 2.1): which servers have one, and which stored grant is
 * theirs. Only the user's file can ask for one; no call can choose or change it.
 */
import { mayStateIssuer, type RemoteServerEntry, type ServerEntry } from '../catalog/index.js';
import type { Grant } from '../vault/index.js';
import { isSameUrl, type KnownServer } from './known-server.js';

export type UnattendedGrantType = NonNullable<Grant['unattended']>;

/** How the entry gets its tokens without a sign-in; undefined where a user signs in, or another kind of credential is stated. */
export function unattendedGrantType(entry: ServerEntry): UnattendedGrantType | undefined {
  if (entry.kind !== 'remote' || entry.value !== undefined) return undefined;
  if (entry.auth !== 'auto' && entry.auth !== 'oauth2') return undefined;
  return unattendedOf(entry.oauth.grantType);
}

function unattendedOf(grantType: RemoteServerEntry['oauth']['grantType']): UnattendedGrantType | undefined {
  switch (grantType) {
    case 'client_credentials':
    case 'jwt_bearer':
    case 'id_jag':
      return grantType;
    default:
      return undefined;
  }
}

/**
 * The stored grant where it was made as the entry says now; undefined where there is none, or the user's file has
 * since named another URL, client, issuer, resource or scope: that token goes nowhere any more.
 */
export function ownUnattendedGrant({ entry }: KnownServer, grant: Grant | undefined): Grant | undefined {
  if (grant === undefined || grant.unattended !== unattendedGrantType(entry)) return undefined;
  const { clientId = '', issuer, tokenEndpoint, resource, scope, profile } = entry.oauth;
  const isOwn =
    isSameUrl(grant.serverUrl, entry.url) &&
    grant.client.clientId === clientId &&
    (issuer === undefined || mayStateIssuer(issuer, grant.authorizationServer.issuer, profile)) &&
    isAsNamed(tokenEndpoint, grant.authorizationServer.tokenEndpoint) &&
    isAsNamed(resource, grant.resource) &&
    isAsNamed(scope, grant.requestedScope ?? '');
  return isOwn ? grant : undefined;
}

function isAsNamed(named: string | undefined, stored: string | null): boolean {
  return named === undefined || named === stored;
}
