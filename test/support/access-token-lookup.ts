/**
 * What a protected resource learns of an access token from its authorization server.
 * An opaque token is looked up, a JWT is verified by its signature (RFC 9068).
 */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import type { JWK, Provider } from 'oidc-provider';

export interface IssuedAccessToken {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Absent where the authorization server knows no resource indicators. */
  readonly audience?: string;
  /** Of the key that it is bound to (RFC 9449 section 6). */
  readonly keyThumbprint?: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Returns nothing for a token that is unknown, expired, revoked or not signed by us. */
export async function findAccessToken(
  provider: Provider,
  signingKey: JWK,
  token: string,
): Promise<IssuedAccessToken | undefined> {
  return token.split('.').length === 3 ? verifyJwt(signingKey, token) : findOpaque(provider, token);
}

async function findOpaque(provider: Provider, token: string): Promise<IssuedAccessToken | undefined> {
  const found = (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
  if (!found?.isValid) return undefined;
  return {
    // A token that no user stands behind is the client's own.
    subject: 'accountId' in found ? found.accountId : (found.clientId ?? ''),
    clientId: found.clientId ?? '',
    scopes: scopesOf(found.scope),
    ...(typeof found.aud === 'string' && { audience: found.aud }),
    ...(typeof found.jkt === 'string' && { keyThumbprint: found.jkt }),
    expiresAt: found.exp ?? 0,
  };
}

function verifyJwt(signingKey: JWK, token: string): IssuedAccessToken | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const key = createPublicKey({ key: signingKey as JsonWebKey, format: 'jwk' });
  const isOurs = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isOurs) return undefined;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
  const expiresAt = Number(claims.exp);
  if (expiresAt * 1_000 <= Date.now()) return undefined;
  const { jkt } = (claims.cnf ?? {}) as { readonly jkt?: string };
  return {
    subject: String(claims.sub),
    clientId: String(claims.client_id),
    scopes: scopesOf(claims.scope),
    audience: String(claims.aud),
    ...(jkt !== undefined && { keyThumbprint: jkt }),
    expiresAt,
  };
}

function scopesOf(scope: unknown): readonly string[] {
  return typeof scope === 'string' && scope !== '' ? scope.split(' ') : [];
}
