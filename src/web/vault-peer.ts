/**
 * Tells a broker of the same vault from a foreign program on a loopback port: a challenge that only
 * a process with the vault's key can answer, asked and answered here.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { get } from 'node:http';
import * as z from 'zod';
import { LISTENER_CHALLENGE_BYTES, LISTENER_HEALTH_TIMEOUT_MS, LISTENER_PROOF_MAX_BYTES } from '../core/limits.js';
import { authorityOf, type LoopbackAddress } from './loopback-address.js';

export const HEALTH_PATH = '/.well-known/mcp-oauth-broker';

const healthAnswer = z.object({ proof: z.string() });

/** `same_vault`: a peer serves it. `gone`: nobody answers any more, so binding is worth another attempt. */
export type PeerAnswer = 'same_vault' | 'foreign' | 'gone';

/** Whether `challenge` is one that `askPeer` sends; nothing else is ever signed. */
export function isChallenge(challenge: string | undefined): challenge is string {
  return challenge !== undefined && challenge.length === LISTENER_CHALLENGE_BYTES * 2 && /^[0-9a-f]+$/u.test(challenge);
}

/**
 * What a listener proves. Address and port are the answering socket's own, so that a program on `[::1]:P`
 * or on another port cannot pass the challenge on to a real broker and present its answer.
 */
export function proofMessage(challenge: string, address: string, port: number): string {
  return `mcp-oauth-broker loopback listener\n${address}\n${port}\n${challenge}`;
}

/**
 * Asks whoever listens on `address`:`port` to prove that it serves our vault.
 * @throws what `proveVault` throws: without our own proof there is nothing to compare with.
 */
export async function askPeer(
  address: LoopbackAddress,
  port: number,
  proveVault: (message: string) => Promise<string>,
): Promise<PeerAnswer> {
  const challenge = randomBytes(LISTENER_CHALLENGE_BYTES).toString('hex');
  const expected = await proveVault(proofMessage(challenge, address, port));
  let body: string;
  try {
    body = await readAnswer(address, port, challenge);
  } catch (error) {
    return isGone(error) ? 'gone' : 'foreign';
  }
  return isSameText(proofIn(body), expected) ? 'same_vault' : 'foreign';
}

/** The body of a 200, at most LISTENER_PROOF_MAX_BYTES; rejects for anything else. No redirect is followed. */
function readAnswer(address: LoopbackAddress, port: number, challenge: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({
      host: address,
      port,
      path: `${HEALTH_PATH}?challenge=${challenge}`,
      headers: { host: authorityOf(address, port), accept: 'application/json' },
      agent: false,
      signal: AbortSignal.timeout(LISTENER_HEALTH_TIMEOUT_MS),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('error', reject);
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length <= LISTENER_PROOF_MAX_BYTES) return;
        reject(new RangeError('The answer is too long.'));
        request.destroy();
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(body) : reject(new RangeError('The answer is not a 200.')),
      );
    });
  });
}

function proofIn(body: string): string {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return '';
  }
  const parsed = healthAnswer.safeParse(answer);
  return parsed.success ? parsed.data.proof : '';
}

function isSameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE';
}
