/** The JWT by which a client proves that it holds its key (RFC 7523 sections 2.2 and 3): short-lived, for one request. */
import { constants, type KeyObject, randomUUID, type SignKeyObjectInput, sign } from 'node:crypto';
import { CLIENT_ASSERTION_LIFETIME_SECONDS } from '../core/limits.js';
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
  const header = { alg: key.algorithm, typ: 'JWT', ...(key.keyId !== undefined && { kid: key.keyId }) };
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + CLIENT_ASSERTION_LIFETIME_SECONDS,
  };
  const signingInput = `${encoded(header)}.${encoded(claims)}`;
  const signature = sign(hashOf(key.algorithm), Buffer.from(signingInput), signingKey(key.algorithm, key.privateKey));
  return `${signingInput}.${signature.toString('base64url')}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Ed25519 hashes by itself. */
function hashOf(algorithm: string): string | null {
  return algorithm.startsWith('Ed') ? null : `sha${algorithm.slice(-3)}`;
}

/** RFC 7518 sections 3.3 to 3.5. */
function signingKey(algorithm: string, key: KeyObject): SignKeyObjectInput {
  if (algorithm.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
  if (!algorithm.startsWith('PS')) return { key };
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
