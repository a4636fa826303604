/**
 * Proofs of possession (RFC 9449). The library's own handle would serve the token endpoint only: requests to the MCP
 * server stream, and never pass it. One key and one memory of nonces serve both.
 */
import { createHash, createPrivateKey, randomUUID } from 'node:crypto';
import { publicJwk } from './dpop-key.js';
import { signedJwt } from './signed-jwt.js';
import type { DpopKey } from './types.js';

export interface ProvenRequest {
  readonly method: string;
  readonly url: URL;
  /** What the server asked to be in its proofs. */
  readonly nonce?: string | undefined;
  /** Where the request carries one. */
  readonly accessToken?: string | undefined;
}

/** Signs a new proof for each request; its `jti` is used once. */
export type DpopProver = (request: ProvenRequest) => string;

/**
 * @see RFC 9449 section 4.2
 */
export function createDpopProver(key: DpopKey): DpopProver {
  const privateKey = createPrivateKey({ key: { ...key.privateJwk }, format: 'jwk' });
  const header = { typ: 'dpop+jwt', jwk: publicJwk(key) };
  return ({ method, url, nonce, accessToken }) => {
    const claims = {
      jti: randomUUID(),
      htm: method.toUpperCase(),
      htu: `${url.origin}${url.pathname}`,
      // What counts is the server's clock, not the one that a test turns.
      iat: Math.floor(Date.now() / 1_000),
      ...(nonce !== undefined && { nonce }),
      ...(accessToken !== undefined && { ath: createHash('sha256').update(accessToken).digest('base64url') }),
    };
    return signedJwt(header, claims, privateKey, key.algorithm);
  };
}
