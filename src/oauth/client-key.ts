/** The private key that a client authenticates with (RFC 7523 section 2.2): PEM or JWK, and the algorithm that fits it. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { BrokerError } from '../core/errors.js';
import { jsonObjectOf } from './json-answer.js';
import type { ClientKey } from './types.js';

const RSA_ALGORITHMS = ['RS256', 'PS256', 'RS384', 'RS512', 'PS384', 'PS512'];
/** RFC 7518 section 3.4: each curve has its one algorithm. */
const EC_ALGORITHMS: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
/** RFC 7518 sections 3.3 and 3.5. */
const RSA_MIN_BITS = 2_048;

/**
 * Reads a private key.
 *
 * @param text - PEM (PKCS#8, or the older forms of one kind of key), or one JWK (RFC 7517), whose `kid` and `alg` count
 * @param signingAlg - JWS algorithm of the user's file; absent: the key's own, for RSA `RS256`
 * @param purpose - for the message, e.g. `The private key of "acme"`
 * @throws {BrokerError} `invalid_input` where it is no private key that can be used, or does not fit `signingAlg`
 */
export function parseClientKey(text: string, signingAlg: string | undefined, purpose: string): ClientKey {
  const jwk = jsonObjectOf(Buffer.from(text));
  const privateKey = readKey(jwk === undefined ? text : { key: jwk, format: 'jwk' }, purpose);
  const possible = algorithmsOf(privateKey);
  if (possible.length === 0) {
    throw new BrokerError(
      'invalid_input',
      `${purpose} is of a kind that cannot sign here: P-256, P-384, P-521, Ed25519, or RSA of ${RSA_MIN_BITS} bits and more.`,
    );
  }
  const wanted = signingAlg ?? (typeof jwk?.alg === 'string' ? jwk.alg : possible[0]);
  const algorithm = possible.find((name) => name === wanted);
  if (algorithm === undefined)
    throw new BrokerError(
      'invalid_input',
      `${purpose} does not fit its signingAlg: it can sign ${possible.join(', ')}.`,
    );
  return { privateKey, algorithm, ...(typeof jwk?.kid === 'string' && { keyId: jwk.kid }) };
}

/** The library's error quotes nothing of the key, but is kept out of every payload all the same: it is only the cause. */
function readKey(input: Parameters<typeof createPrivateKey>[0], purpose: string): KeyObject {
  try {
    return createPrivateKey(input);
  } catch (error) {
    throw new BrokerError('invalid_input', `${purpose} is no private key: PEM without a passphrase, or one JWK.`, {
      cause: error,
    });
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ec') return [EC_ALGORITHMS[details?.namedCurve ?? ''] ?? []].flat();
  if (type === 'ed25519') return ['EdDSA', 'Ed25519'];
  const isLongEnough = (details?.modulusLength ?? 0) >= RSA_MIN_BITS;
  return type === 'rsa' && isLongEnough ? RSA_ALGORITHMS : [];
}
