/** Keys that a client authenticates with, and the assertions that it signs with them (RFC 7523). */
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createClientAssertion } from '../../../src/oauth/client-assertion.js';
import { parseClientKey } from '../../../src/oauth/client-key.js';

const EC = { P256: 'P-256', P384: 'P-384', P521: 'P-521' } as const;
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const RSA = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
const ED25519 = generateKeyPairSync('ed25519').privateKey;

const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
const jwk = (key: KeyObject, members: object = {}): string =>
  JSON.stringify({ ...key.export({ format: 'jwk' }), ...members });

function assertionOf(text: string, signingAlg?: string) {
  const key = parseClientKey(text, signingAlg, 'The key');
  const assertion = createClientAssertion({
    clientId: 'client-1',
    key,
    audience: 'https://as.example',
    now: 1_700_000_000_999,
  });
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const decoded = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  return {
    header: decoded(header),
    claims: decoded(claims),
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}

describe('a client assertion', () => {
  it.each([
    ['ES256', ec(EC.P256), { dsaEncoding: 'ieee-p1363' as const }, 'sha256'],
    ['ES384', ec(EC.P384), { dsaEncoding: 'ieee-p1363' as const }, 'sha384'],
    ['ES512', ec(EC.P521), { dsaEncoding: 'ieee-p1363' as const }, 'sha512'],
    ['RS256', RSA, {}, 'sha256'],
    ['RS512', RSA, {}, 'sha512'],
    ['PS256', RSA, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, 'sha256'],
    ['PS384', RSA, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }, 'sha384'],
    ['EdDSA', ED25519, {}, null],
    ['Ed25519', ED25519, {}, null],
  ])('signed with %s can be verified with the public key alone', (algorithm, key, parameters, hash) => {
    const { header, signed, signature } = assertionOf(pem(key), algorithm);
    expect(header).toEqual({ alg: algorithm, typ: 'JWT' });
    expect(verify(hash, signed, { key: createPublicKey(key), ...parameters }, signature)).toBe(true);
  });

  it('names the client twice, one audience, and a minute', () => {
    const { claims } = assertionOf(pem(ED25519));
    expect(claims).toEqual({
      iss: 'client-1',
      sub: 'client-1',
      aud: 'https://as.example',
      jti: expect.any(String),
      iat: 1_700_000_000,
      exp: 1_700_000_060,
    });
  });

  it('is never the same twice', () => {
    const key = pem(ED25519);
    expect(assertionOf(key).claims.jti).not.toBe(assertionOf(key).claims.jti);
  });

  it('names the key where a JWK has a name', () => {
    expect(assertionOf(jwk(ED25519, { kid: 'key-7' })).header).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: 'key-7' });
  });
});

describe('the algorithm', () => {
  it('is that of the curve, for RSA RS256', () => {
    expect([ec(EC.P256), ec(EC.P384), RSA, ED25519].map((key) => assertionOf(pem(key)).header.alg)).toEqual([
      'ES256',
      'ES384',
      'RS256',
      'EdDSA',
    ]);
  });

  it('is what a JWK says of itself, and what the user says before that', () => {
    const key = jwk(RSA, { alg: 'PS256' });
    expect(assertionOf(key).header.alg).toBe('PS256');
    expect(assertionOf(key, 'RS384').header.alg).toBe('RS384');
  });

  it('is refused where the key cannot sign with it', () => {
    expect(() => assertionOf(pem(ec(EC.P256)), 'RS256')).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('ES256') }),
    );
    expect(() => assertionOf(pem(RSA), 'none')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
    expect(() => assertionOf(pem(RSA), 'HS256')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('what is no usable private key', () => {
  it.each([
    ['nothing', ''],
    ['prose', 'the key is in the other file'],
    ['a public key', createPublicKey(ED25519).export({ format: 'pem', type: 'spki' }).toString()],
    ['a public JWK', JSON.stringify(createPublicKey(ED25519).export({ format: 'jwk' }))],
    ['a list', '[]'],
    [
      'one with a passphrase',
      ED25519.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
    ['a kind that cannot sign', pem(generateKeyPairSync('x25519').privateKey)],
    ['another curve', pem(ec('secp256k1'))],
    ['too short an RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey)],
  ])('is refused, and not quoted: %s', (_name, text) => {
    expect(() => assertionOf(text)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(/^The key is /u) }),
    );
  });
});
