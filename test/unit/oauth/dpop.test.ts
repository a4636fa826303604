/** Proofs of possession (RFC 9449): what they say, with which key, and when a request is proven once more. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import type { GuardedResponse } from '../../../src/core/outbound.js';
import {
  asksForNonce,
  type BearerChallenge,
  bearerChallenge,
  createAuthorizationRequest,
  createDpopNonces,
  createDpopProver,
  type DpopBinding,
  type DpopKey,
  dpopDemand,
  exchangeCode,
  generateDpopKey,
  privateMembers,
  pushAuthorizationRequest,
  refreshTokens,
} from '../../../src/oauth/index.js';
import { jsonAnswer, type ScriptedAnswer, scriptedFetch } from '../../support/scripted-fetch.js';

const TOKEN_ENDPOINT = 'https://as.example/token';
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];

const claimsOf = (proof: string | undefined) =>
  JSON.parse(Buffer.from(String(proof).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

const withNonce = (answer: GuardedResponse, nonce: string): GuardedResponse => ({
  ...answer,
  headers: new Headers({ ...Object.fromEntries(answer.headers), 'dpop-nonce': nonce }),
});
const asksFor = (nonce: string) => withNonce(jsonAnswer(400, { error: 'use_dpop_nonce' }), nonce);
const TOKENS = jsonAnswer(200, { access_token: 'at', token_type: 'DPoP' });

describe('a proof', () => {
  it.each(ALGORITHMS)(
    'of %s is verified by its own public key, and says for which request it is',
    async (algorithm) => {
      const key = await generateDpopKey(algorithm);
      const prove = createDpopProver(key);
      const proof = prove({
        method: 'post',
        url: new URL('https://mcp.example/mcp?query=1#part'),
        accessToken: 'the-token',
        nonce: 'the-nonce',
      });
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', maxTokenAge: '1m' });
      expect(protectedHeader.alg).toBe(algorithm);
      expect(payload).toEqual({
        jti: expect.any(String),
        htm: 'POST',
        htu: 'https://mcp.example/mcp',
        iat: expect.any(Number),
        nonce: 'the-nonce',
        ath: createHash('sha256').update('the-token').digest('base64url'),
      });
    },
  );

  it('is another one each time, and says neither nonce nor token where there is none', async () => {
    const prove = createDpopProver(await generateDpopKey('ES256'));
    const request = { method: 'POST', url: new URL(TOKEN_ENDPOINT) };
    const [first, second] = [claimsOf(prove(request)), claimsOf(prove(request))];
    expect(first.jti).not.toBe(second.jti);
    expect(Object.keys(first).sort()).toEqual(['htm', 'htu', 'iat', 'jti']);
  });

  it.each(ALGORITHMS)('of %s holds nothing of the private key', async (algorithm) => {
    const key = await generateDpopKey(algorithm);
    const secrets = privateMembers(key);
    const proof = createDpopProver(key)({ method: 'POST', url: new URL(TOKEN_ENDPOINT) });
    const { jwk } = decodeProtectedHeader(proof);
    expect(secrets.length).toBeGreaterThan(0);
    expect(Object.values(jwk ?? {}).filter((value) => secrets.includes(String(value)))).toEqual([]);
    expect(Object.keys(jwk ?? {}).length + secrets.length).toBe(Object.keys(key.privateJwk).length);
  });
});

describe('an authorization request', () => {
  it('names the key that its code shall be bound to', async () => {
    const dpopKey = await generateDpopKey('ES256');
    const { parameters } = await createAuthorizationRequest({
      authorizationServer: { authorizationEndpoint: 'https://as.example/authorize?dpop_jkt=theirs' },
      clientId: 'client-1',
      redirectUri: 'http://127.0.0.1:27182/oauth/callback',
      resource: null,
      dpopKey,
    });
    expect(parameters.dpop_jkt).toBe(await calculateJwkThumbprint({ ...dpopKey.privateJwk }));
  });
});

describe('dpopDemand', () => {
  interface Asked {
    readonly challenge?: string;
    readonly server?: readonly string[];
    readonly resource?: readonly string[];
    readonly required?: boolean;
    readonly isBound?: boolean;
  }
  const demand = ({ challenge, server, resource, required, isBound = false }: Asked) =>
    dpopDemand({
      authorizationServer: server === undefined ? {} : { dpopSigningAlgValuesSupported: server },
      challenge: bearerChallenge(challenge ?? null) as BearerChallenge | undefined,
      protectedResource: {
        resource: 'https://mcp.example/mcp',
        authorizationServers: [],
        ...(required !== undefined && { dpopBoundAccessTokensRequired: required }),
        ...(resource !== undefined && { dpopSigningAlgValuesSupported: resource }),
      },
      isBound,
    });

  it.each<[string, Asked, ReturnType<typeof dpopDemand>]>([
    ['nothing', {}, undefined],
    ['an authorization server that lists algorithms', { challenge: 'Bearer', server: ['ES256'] }, undefined],
    ['metadata that says no', { challenge: 'Bearer', required: false }, undefined],
    ['a DPoP challenge', { challenge: 'DPoP' }, { algorithm: 'ES256', acceptsBearer: false }],
    ['metadata that says so', { challenge: 'Bearer', required: true }, { algorithm: 'ES256', acceptsBearer: false }],
    ['a grant that is bound', { isBound: true }, { algorithm: 'ES256', acceptsBearer: false }],
    [
      'both challenges, where tokens can be bound',
      { challenge: 'Bearer, DPoP algs="ES256"', server: ['ES256'] },
      { algorithm: 'ES256', acceptsBearer: true },
    ],
    ['both challenges, where tokens cannot be bound', { challenge: 'Bearer, DPoP algs="ES256"' }, undefined],
    [
      'both challenges without a common algorithm',
      { challenge: 'Bearer, DPoP algs="X"', server: ['ES256'] },
      undefined,
    ],
    [
      'algorithms of all three',
      {
        challenge: 'DPoP algs="RS256 PS256 ES512"',
        server: ['PS256', 'RS256', 'ES256'],
        resource: ['RS256', 'PS256', 'HS256'],
      },
      { algorithm: 'PS256', acceptsBearer: false },
    ],
  ])('of %s', (_what, asked, expected) => {
    expect(demand(asked)).toEqual(expected);
  });

  it.each(['none', 'HS256', 'ES256K', 'constructor'])('refuses where only %s would do', (algorithm) => {
    expect(() => demand({ challenge: `DPoP algs="${algorithm}"` })).toThrow(
      expect.objectContaining({ code: 'authorization_failed', retryable: false }),
    );
  });
});

describe('a token request whose tokens are bound to a key', () => {
  async function redeem(answers: ScriptedAnswer | readonly ScriptedAnswer[], binding: Partial<DpopBinding> = {}) {
    const { fetch, requests } = scriptedFetch({ [TOKEN_ENDPOINT]: answers });
    const dpop: DpopBinding = { key: await generateDpopKey('ES256'), nonces: createDpopNonces(), ...binding };
    const base = {
      authorizationServer: { issuer: 'https://as.example', tokenEndpoint: TOKEN_ENDPOINT },
      client: { clientId: 'client-1', tokenEndpointAuthMethod: 'none' as const },
      resource: null,
      fetch,
      dpop,
    };
    const outcome = await exchangeCode({ ...base, code: 'c', codeVerifier: 'v', redirectUri: 'http://127.0.0.1/cb' });
    const proofs = () => requests.map(({ request }) => claimsOf(request.headers?.dpop));
    return { outcome, requests, proofs, dpop, base };
  }

  it('proves it, and takes tokens that are bound', async () => {
    const { outcome, proofs } = await redeem(TOKENS);
    expect(outcome).toEqual({ kind: 'tokens', tokens: { accessToken: 'at', tokenType: 'DPoP' } });
    expect(proofs()).toEqual([{ jti: expect.any(String), htm: 'POST', htu: TOKEN_ENDPOINT, iat: expect.any(Number) }]);
  });

  it('is sent once more with the nonce that is asked for, which the next one carries at once', async () => {
    const { outcome, proofs, requests, base } = await redeem([asksFor('n-1'), withNonce(TOKENS, 'n-2'), TOKENS]);
    expect(outcome.kind).toBe('tokens');
    expect(proofs().map(({ nonce }) => nonce)).toEqual([undefined, 'n-1']);
    expect(requests[1]?.request.body).toBe(requests[0]?.request.body);
    await refreshTokens({ ...base, refreshToken: 'rt' });
    expect(proofs().map(({ nonce }) => nonce)).toEqual([undefined, 'n-1', 'n-2']);
  });

  it('is sent no third time', async () => {
    const { outcome, requests } = await redeem(asksFor('never-right'));
    expect(outcome).toEqual({ kind: 'rejected', error: 'use_dpop_nonce' });
    expect(requests).toHaveLength(2);
  });

  it.each([
    ['without a nonce', jsonAnswer(400, { error: 'use_dpop_nonce' })],
    ['with one that cannot be one', asksFor('a "quoted" one')],
    ['with one without end', asksFor('x'.repeat(2_049))],
    ['of another kind', withNonce(jsonAnswer(400, { error: 'invalid_dpop_proof' }), 'n')],
    ['of the code', withNonce(jsonAnswer(400, { error: 'invalid_grant' }), 'n')],
  ])('is sent once where the refusal is %s', async (_what, answer) => {
    const { outcome, requests } = await redeem(answer);
    expect(outcome.kind).toBe('rejected');
    expect(requests).toHaveLength(1);
  });

  it('has no more time with the second proof than was left of the first', async () => {
    const { requests } = await redeem([asksFor('n'), TOKENS]);
    const [first = 0, second = 0] = requests.map(({ request }) => request.timeoutMs ?? 0);
    expect(second).toBeLessThanOrEqual(first);
    expect(first).toBeLessThanOrEqual(20_000);
  });

  it.each(['Bearer', undefined])('takes no tokens of the type %s', async (token_type) => {
    const { outcome } = await redeem(jsonAnswer(200, { access_token: 'at', token_type }));
    expect(outcome.kind).toBe('malformed');
  });

  it('takes Bearer tokens where the server takes them too', async () => {
    const { outcome } = await redeem(jsonAnswer(200, { access_token: 'at', token_type: 'bearer' }), {
      acceptsBearer: true,
    });
    expect(outcome).toEqual({ kind: 'tokens', tokens: { accessToken: 'at', tokenType: 'Bearer' } });
  });

  it('is pushed with a proof as well', async () => {
    const endpoint = 'https://as.example/par';
    const { fetch, requests } = scriptedFetch({
      [endpoint]: [asksFor('n'), jsonAnswer(201, { request_uri: 'urn:x', expires_in: 60 })],
    });
    const outcome = await pushAuthorizationRequest({
      authorizationServer: { issuer: 'https://as.example', tokenEndpoint: TOKEN_ENDPOINT },
      endpoint,
      client: { clientId: 'client-1', tokenEndpointAuthMethod: 'none' },
      parameters: { client_id: 'client-1' },
      fetch,
      dpop: { key: await generateDpopKey('ES256'), nonces: createDpopNonces() },
    });
    expect(outcome.kind).toBe('pushed');
    expect(requests.map(({ request }) => claimsOf(request.headers?.dpop).nonce)).toEqual([undefined, 'n']);
  });
});

describe('nonces', () => {
  const headers = (nonce: string) => new Headers({ 'dpop-nonce': nonce });

  it('are kept for each server, the last one only', () => {
    const nonces = createDpopNonces();
    nonces.adopt(new URL('https://a.example/token'), headers('a-1'));
    nonces.adopt(new URL('https://a.example/other'), headers('a-2'));
    nonces.adopt(new URL('https://b.example/'), headers('b-1'));
    expect(nonces.nonceFor(new URL('https://a.example/token'))).toBe('a-2');
    expect(nonces.nonceFor(new URL('https://b.example/mcp'))).toBe('b-1');
    expect(nonces.nonceFor(new URL('http://a.example/'))).toBeUndefined();
  });

  it('of very many servers are not all kept', () => {
    const nonces = createDpopNonces();
    const servers = Array.from({ length: 1_000 }, (_, index) => new URL(`https://s${index}.example/`));
    for (const url of servers) nonces.adopt(url, headers('n'));
    expect(servers.filter((url) => nonces.nonceFor(url) !== undefined).length).toBeLessThanOrEqual(200);
    expect(nonces.nonceFor(servers.at(-1) ?? new URL('about:blank'))).toBe('n');
  });

  it.each([
    [401, 'DPoP error="use_dpop_nonce"', true],
    [401, 'Bearer realm="x", DPoP error="use_dpop_nonce", algs="ES256"', true],
    [403, 'DPoP error="use_dpop_nonce"', false],
    [401, 'Bearer error="use_dpop_nonce"', false],
    [401, 'DPoP error_description="error=use_dpop_nonce"', false],
    [401, 'DPoP error="invalid_token"', false],
    [401, null, false],
  ])('are asked for by status %i and %s: %s', (status, challenge, isAsked) => {
    expect(asksForNonce(status, challenge)).toBe(isAsked);
  });
});

describe('a key', () => {
  it('is another one each time', async () => {
    const [a, b]: readonly DpopKey[] = [await generateDpopKey('ES256'), await generateDpopKey('ES256')];
    expect(a?.privateJwk.d).not.toBe(b?.privateJwk.d);
  });
});
