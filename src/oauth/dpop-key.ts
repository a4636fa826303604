/** The key pair that tokens are bound to (RFC 9449): made for one sign-in, kept with its grant, used for nothing else. */
import { createHash, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import type { DpopKey } from './types.js';

const RSA_BITS = 2_048;
/** What we can sign with, best first, and how its keys are made (RFC 7518 section 3, RFC 8037, RFC 9864). */
const ALGORITHMS: Readonly<Record<string, () => Promise<JsonWebKey>>> = {
  ES256: () => ecKey('P-256'),
  EdDSA: edKey,
  Ed25519: edKey,
  ES384: () => ecKey('P-384'),
  ES512: () => ecKey('P-521'),
  PS256: rsaKey,
  RS256: rsaKey,
};
/** RFC 7638 section 3.2, in the order that its hash asks for; all else in a private JWK is private. */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};
const generate = promisify(generateKeyPair);

/** The best algorithm of ours that every list names; an absent list names them all. Undefined where there is none. */
export function dpopAlgorithm(...lists: readonly (readonly string[] | undefined)[]): string | undefined {
  return Object.keys(ALGORITHMS).find((name) => lists.every((list) => list?.includes(name) ?? true));
}

/** A new key pair for `algorithm`, one that `dpopAlgorithm` gave. */
export async function generateDpopKey(algorithm: string): Promise<DpopKey> {
  const make = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (make === undefined) throw new TypeError(`There are no keys for ${algorithm} here.`);
  return { algorithm, privateJwk: stringMembers(await make()) };
}

/** The public part, without a member too many. */
export function publicJwk({ privateJwk }: DpopKey): Readonly<Record<string, string>> {
  const names = PUBLIC_MEMBERS[privateJwk.kty ?? ''] ?? [];
  return Object.fromEntries(names.map((name) => [name, privateJwk[name] ?? '']));
}

/** The members that must be seen nowhere. */
export function privateMembers({ privateJwk }: DpopKey): readonly string[] {
  const names = PUBLIC_MEMBERS[privateJwk.kty ?? ''] ?? [];
  return Object.entries(privateJwk).flatMap(([name, value]) => (names.includes(name) ? [] : [value]));
}

/** The base64url SHA-256 thumbprint of the public key: `dpop_jkt` of an authorization request (RFC 9449 section 10, RFC 7638). */
export function dpopThumbprint(key: DpopKey): string {
  return createHash('sha256')
    .update(JSON.stringify(publicJwk(key)))
    .digest('base64url');
}

async function ecKey(namedCurve: string): Promise<JsonWebKey> {
  return (await generate('ec', { namedCurve })).privateKey.export({ format: 'jwk' });
}

async function edKey(): Promise<JsonWebKey> {
  return (await generate('ed25519')).privateKey.export({ format: 'jwk' });
}

async function rsaKey(): Promise<JsonWebKey> {
  return (await generate('rsa', { modulusLength: RSA_BITS })).privateKey.export({ format: 'jwk' });
}

function stringMembers(jwk: JsonWebKey): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(jwk).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
