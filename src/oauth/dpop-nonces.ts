/** The nonces that servers ask to be in our proofs (RFC 9449 sections 8 and 9): the last one of each server. */
import { DPOP_NONCE_MAX_LENGTH, DPOP_NONCES_KEPT_MAX } from '../core/limits.js';
import { parseChallenges } from './challenge.js';
import type { DpopNonces } from './types.js';

const NONCE_HEADER = 'dpop-nonce';
const USE_NONCE = 'use_dpop_nonce';
/** RFC 9449 section 8.1. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]+$/u;

/** They are no secrets, and any server replaces one at will: they are kept by the process and nowhere else. */
export function createDpopNonces(): DpopNonces {
  const byOrigin = new Map<string, string>();
  return {
    nonceFor: (url) => byOrigin.get(url.origin),
    adopt(url, headers) {
      const nonce = headers.get(NONCE_HEADER);
      if (nonce === null || nonce.length > DPOP_NONCE_MAX_LENGTH || !NONCE.test(nonce)) return false;
      byOrigin.delete(url.origin);
      byOrigin.set(url.origin, nonce);
      const oldest = byOrigin.size > DPOP_NONCES_KEPT_MAX ? byOrigin.keys().next().value : undefined;
      if (oldest !== undefined) byOrigin.delete(oldest);
      return true;
    },
  };
}

/** Whether an error name, of the body of an authorization server's answer, asks for a nonce. */
export function isNonceError(error: unknown): boolean {
  return error === USE_NONCE;
}

/** Whether an answer of the protected resource asks for a nonce: it has not acted on the request (RFC 9449 section 9). */
export function asksForNonce(status: number, wwwAuthenticate: string | null): boolean {
  return (
    status === 401 &&
    parseChallenges(wwwAuthenticate).some(
      ({ scheme, parameters }) => scheme === 'dpop' && parameters.error === USE_NONCE,
    )
  );
}
