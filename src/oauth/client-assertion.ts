/** The JWT by which a client proves that it holds its key (RFC 7523 sections 2.2 and 3): short-lived, for one request. */
import { randomUUID } from 'node:crypto';
import { CLIENT_ASSERTION_LIFETIME_SECONDS } from '../core/limits.js';
import { signedJwt } from './signed-jwt.js';
import type { ClientKey } from './types.js';

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface ClientAssertion {
  readonly clientId: string;
  readonly key: ClientKey;
  /** One recipient, never a list: whoever is in it could use the assertion at the others. */
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Signs a new assertion; its `jti` is used once.
 *
 * @see RFC 7523 section 3, draft-ietf-oauth-rfc7523bis, RFC 7515 section 3.1
 */
export function createClientAssertion({ clientId, key, audience, now }: ClientAssertion): string {
  const issuedAt = Math.floor(now / 1_000);
  const header = { typ: 'JWT', ...(key.keyId !== undefined && { kid: key.keyId }) };
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + CLIENT_ASSERTION_LIFETIME_SECONDS,
  };
  return signedJwt(header, claims, key.privateKey, key.algorithm);
}
