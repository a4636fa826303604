/** JWTs that we sign ourselves (RFC 7519): a client's assertions, and proofs of possession. */
import { constants, type KeyObject, type SignKeyObjectInput, sign } from 'node:crypto';

/**
 * The compact serialization, signed.
 *
 * @param algorithm - JWS `alg` that fits the key (RFC 7518 section 3.1, RFC 8037)
 * @see RFC 7515 section 3.1
 */
export function signedJwt(header: object, claims: object, privateKey: KeyObject, algorithm: string): string {
  const signingInput = `${encoded({ alg: algorithm, ...header })}.${encoded(claims)}`;
  const signature = sign(hashOf(algorithm), Buffer.from(signingInput), signingKey(algorithm, privateKey));
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
