/** What a protected resource asks of a proof of possession (RFC 9449 section 4.3), checked by a library that is not ours. */
import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';

const ALGORITHMS = ['ES256', 'PS256'];
const MAX_AGE_SECONDS = 300;

export interface ProvenRequest {
  readonly proof: string | undefined;
  readonly method: string;
  /** As the request names it, query included. */
  readonly url: URL;
  readonly token: string;
}

export type ProofVerdict =
  | { readonly kind: 'proven'; readonly keyThumbprint: string }
  | { readonly kind: 'refused'; readonly why: string }
  /** It is a proof, but not of this moment: the server asks for its own nonce to be in it. */
  | { readonly kind: 'needs_nonce' };

export interface ProofCheck {
  readonly algorithms: readonly string[];
  /** What has to be in the next proof; undefined where no nonce is asked for. */
  readonly nonce: string | undefined;
  check(request: ProvenRequest): Promise<ProofVerdict>;
  /** The nonce that proofs had is good no longer. */
  rotateNonce(): void;
}

/** No proof passes twice. */
export function createProofCheck(asksForNonce: boolean): ProofCheck {
  const seen = new Set<unknown>();
  let nonce = asksForNonce ? randomUUID() : undefined;

  async function check(request: ProvenRequest): Promise<ProofVerdict> {
    const verified = await verify(request.proof);
    if (verified === undefined) return { kind: 'refused', why: 'there is not one proof that verifies' };
    const { payload, protectedHeader } = verified;
    const isOfRequest = isProofOf(payload, request);
    if (isOfRequest && nonce !== undefined && payload.nonce !== nonce) return { kind: 'needs_nonce' };
    if (!isOfRequest || seen.has(payload.jti))
      return { kind: 'refused', why: 'it is of another request, or was seen before' };
    seen.add(payload.jti);
    return { kind: 'proven', keyThumbprint: await calculateJwkThumbprint(protectedHeader.jwk ?? {}) };
  }

  return {
    algorithms: ALGORITHMS,
    get nonce() {
      return nonce;
    },
    check,
    rotateNonce: () => {
      nonce = asksForNonce ? randomUUID() : undefined;
    },
  };
}

async function verify(proof: string | undefined): Promise<Awaited<ReturnType<typeof jwtVerify>> | undefined> {
  if (proof === undefined || proof.includes(',')) return undefined;
  const options = { typ: 'dpop+jwt', algorithms: ALGORITHMS, maxTokenAge: MAX_AGE_SECONDS };
  return jwtVerify(proof, EmbeddedJWK, options).catch(() => undefined);
}

function isProofOf(claims: JWTPayload, { method, url, token }: ProvenRequest): boolean {
  return (
    typeof claims.jti === 'string' &&
    claims.htm === method &&
    claims.htu === `${url.origin}${url.pathname}` &&
    claims.ath === createHash('sha256').update(token).digest('base64url')
  );
}
