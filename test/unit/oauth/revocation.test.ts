/** Revocation: order, and what its answers come to. */
import { describe, expect, it } from 'vitest';
import { NetworkFailure } from '../../../src/core/outbound.js';
import { revokeTokens, type TokenRevocation } from '../../../src/oauth/index.js';
import { jsonAnswer, type ScriptedAnswer, scriptedFetch, textAnswer } from '../../support/scripted-fetch.js';

const ENDPOINT = 'https://as.example/revoke';
const OK = textAnswer(200, '');

function revoke(answers: ScriptedAnswer | readonly ScriptedAnswer[], overrides: Partial<TokenRevocation> = {}) {
  const script = scriptedFetch({ [ENDPOINT]: answers });
  const result = revokeTokens({
    authorizationServer: {
      issuer: 'https://as.example',
      tokenEndpoint: 'https://as.example/token',
      revocationEndpoint: ENDPOINT,
    },
    client: { clientId: 'client-1', tokenEndpointAuthMethod: 'none' },
    accessToken: 'at',
    refreshToken: 'rt',
    fetch: script.fetch,
    ...overrides,
  });
  return {
    result,
    sent: () => script.requests.map(({ request }) => Object.fromEntries(new URLSearchParams(request.body))),
  };
}

describe('revokeTokens', () => {
  it('revokes the refresh token first, then the access token', async () => {
    const { result, sent } = revoke(OK);
    expect(await result).toBe('revoked');
    expect(sent()).toEqual([
      { token: 'rt', token_type_hint: 'refresh_token', client_id: 'client-1' },
      { token: 'at', token_type_hint: 'access_token', client_id: 'client-1' },
    ]);
  });

  it('revokes the access token alone where there is no other', async () => {
    const { result, sent } = revoke(OK, { refreshToken: undefined });
    expect(await result).toBe('revoked');
    expect(sent()).toHaveLength(1);
  });

  it('an access token that cannot be revoked is no failure once the refresh token is', async () => {
    expect(await revoke([OK, jsonAnswer(400, { error: 'unsupported_token_type' })]).result).toBe('revoked');
    expect(await revoke(jsonAnswer(400, { error: 'unsupported_token_type' }), { refreshToken: undefined }).result).toBe(
      'failed',
    );
  });

  it.each<[string, ScriptedAnswer]>([
    ['a server error', textAnswer(503, '')],
    ['no answer', new NetworkFailure('timeout', true, 'slow')],
    ['a redirect', textAnswer(302, '', { location: 'https://as.example/login' })],
    ['a refusal', jsonAnswer(401, { error: 'invalid_client' })],
    ['HTML', textAnswer(400, '<html>')],
  ])('%s is said, and the other token is still tried', async (_title, answer) => {
    const { result, sent } = revoke([answer, OK]);
    expect(await result).toBe('failed');
    expect(sent().map(({ token }) => token)).toEqual(['rt', 'at']);
  });

  it('falls back to the secret in the body', async () => {
    const client = {
      clientId: 'client-1',
      clientSecret: 'sec',
      tokenEndpointAuthMethod: 'client_secret_basic' as const,
    };
    const { result, sent } = revoke([jsonAnswer(401, { error: 'invalid_client' }), OK], {
      client,
      accessToken: undefined,
    });
    expect(await result).toBe('revoked');
    expect(sent()[1]).toMatchObject({ token: 'rt', client_secret: 'sec' });
  });

  it('says where there is nothing to revoke, or nowhere', async () => {
    expect(await revoke(OK, { accessToken: undefined, refreshToken: undefined }).result).toBe('none');
    const authorizationServer = { issuer: 'https://as.example', tokenEndpoint: 'https://as.example/token' };
    expect(await revoke(OK, { authorizationServer }).result).toBe('unsupported');
  });
});
