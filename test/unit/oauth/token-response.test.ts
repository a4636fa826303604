/** Answers of a token endpoint as servers send them, broken ones and hostile ones included. */
import { describe, expect, it } from 'vitest';
import type { GuardedResponse } from '../../../src/core/outbound.js';
import { retryAfterSeconds } from '../../../src/core/retry-after.js';
import type { TokenOutcome } from '../../../src/oauth/index.js';
import { rebuildTokenResponse, validateTokenResponse } from '../../../src/oauth/token-response.js';
import { jsonAnswer, textAnswer } from '../../support/scripted-fetch.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

function outcomeOf(answer: GuardedResponse): Promise<TokenOutcome> {
  return validateTokenResponse(
    { issuer: 'https://as.example' },
    { client_id: 'client-1' },
    rebuildTokenResponse(answer),
  );
}

function tokens(members: Readonly<Record<string, unknown>>): Promise<TokenOutcome> {
  return outcomeOf(jsonAnswer(200, { access_token: 'at', token_type: 'Bearer', ...members }));
}

describe('a token response', () => {
  it('in full', async () => {
    expect(await tokens({ refresh_token: 'rt', expires_in: 3600, scope: 'read write' })).toEqual({
      kind: 'tokens',
      tokens: {
        accessToken: 'at',
        tokenType: 'Bearer',
        refreshToken: 'rt',
        expiresInSeconds: 3600,
        scope: 'read write',
      },
    });
  });

  it('with status 201, nulls, an id_token that nobody can verify, and no token_type', async () => {
    const body = {
      access_token: 'at',
      refresh_token: null,
      expires_in: null,
      scope: null,
      id_token: 'not.a.jwt',
      token_type: null,
    };
    expect(await outcomeOf(jsonAnswer(201, body))).toEqual({
      kind: 'tokens',
      tokens: { accessToken: 'at', tokenType: 'Bearer' },
    });
  });

  it('form-encoded, as GitHub sends it', async () => {
    expect(await outcomeOf(textAnswer(200, 'access_token=gho_1&scope=repo%2Cgist&token_type=bearer', FORM))).toEqual({
      kind: 'tokens',
      tokens: { accessToken: 'gho_1', tokenType: 'Bearer', scope: 'repo gist' },
    });
  });

  it('labelled as HTML though it is JSON', async () => {
    expect(await outcomeOf(textAnswer(200, '{"access_token":"at","token_type":"bearer"}'))).toMatchObject({
      kind: 'tokens',
    });
  });

  it.each([
    ['missing', undefined, undefined],
    ['null', null, undefined],
    ['a numeric string', '3600', 3600],
    ['-1', -1, undefined],
    ['0', 0, undefined],
    ['1e308', 1e308, 315_360_000],
    ['a fraction', 59.9, 59],
    ['no number', 'soon', undefined],
    ['an object', {}, undefined],
    ['a boolean', true, undefined],
  ])('T50 expires_in: %s', async (_title, expires_in, seconds) => {
    const outcome = await tokens({ expires_in });
    expect(outcome).toMatchObject({ kind: 'tokens' });
    expect(outcome.kind === 'tokens' && outcome.tokens.expiresInSeconds).toBe(seconds);
    if (seconds !== undefined) expect(Number.isNaN(new Date(Date.now() + seconds * 1_000).getTime())).toBe(false);
  });

  it('T50 expires_in beyond what a number holds is bounded', async () => {
    const answer = textAnswer(200, '{"access_token":"at","token_type":"Bearer","expires_in":1e999}');
    expect(await outcomeOf(answer)).toMatchObject({ kind: 'tokens', tokens: { expiresInSeconds: 315_360_000 } });
  });

  it.each(['DPoP', 'mac', 'N_A', 'urn:x', 7])('T49 token_type %s is refused', async (token_type) => {
    expect((await tokens({ token_type })).kind).toBe('malformed');
  });

  it.each(['bearer', 'BEARER', 'Bearer'])('T49 token_type %s is Bearer', async (token_type) => {
    expect(await tokens({ token_type })).toMatchObject({ kind: 'tokens' });
  });

  it.each([
    ['CR LF', 'canary-secret\r\nX-Evil: 1'],
    ['NUL', 'canary-secret\u0000'],
    ['U+2028', 'canary-secret\u2028'],
    ['a space', 'canary secret'],
    ['a letter beyond ASCII', 'canary-secret-ü'],
    ['more than anybody needs', 'canary-secret'.repeat(10_000)],
  ])('T48 a token with %s is refused and not quoted', async (_title, token) => {
    for (const members of [{ access_token: token }, { refresh_token: token }]) {
      const outcome = await tokens(members);
      expect(outcome.kind).toBe('malformed');
      expect(JSON.stringify(outcome)).not.toContain('canary');
    }
  });

  it.each<[string, GuardedResponse]>([
    ['HTML', textAnswer(200, '<html>Sign in</html>')],
    ['nothing', textAnswer(200, '')],
    ['204', textAnswer(204, '')],
    ['304 with an error', jsonAnswer(304, { error: 'invalid_grant' })],
    ['202 with tokens', jsonAnswer(202, { access_token: 'at', token_type: 'Bearer' })],
    ['a list', jsonAnswer(200, [{ access_token: 'at' }])],
    ['a string', jsonAnswer(200, 'at')],
    ['a number for a token', jsonAnswer(200, { access_token: 7, token_type: 'Bearer' })],
    ['an object for a refresh token', jsonAnswer(200, { access_token: 'at', token_type: 'Bearer', refresh_token: {} })],
    ['an empty token', jsonAnswer(200, { access_token: '', token_type: 'Bearer' })],
    ['no token', jsonAnswer(200, { token_type: 'Bearer' })],
    [
      'an error that is no error name',
      jsonAnswer(200, { access_token: 'at', token_type: 'Bearer', error: { code: 400 } }),
    ],
    ['a byte order mark', textAnswer(200, '\uFEFF{"access_token":"at","token_type":"Bearer"}')],
    ['UTF-16', textAnswer(200, Buffer.from('{"access_token":"at","token_type":"Bearer"}', 'utf16le'))],
    ['a token named twice', textAnswer(200, '{"access_token":"at","token_type":"Bearer","access_token":"other"}')],
    [
      'a token named twice, once in escapes',
      textAnswer(200, '{"access_token":"at","token_type":"Bearer","access\\u005ftoken":"other"}'),
    ],
    ['a form with a token named twice', textAnswer(200, 'access_token=a&access_token=b&token_type=bearer', FORM)],
    [
      'nesting without end',
      textAnswer(200, `{"access_token":"at","token_type":"Bearer","x":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
    ],
    ['a redirect', textAnswer(307, '', { location: 'https://evil.example/' })],
    ['400 as HTML', textAnswer(400, '<html>')],
    ['403 as HTML', textAnswer(403, '<html>')],
    ['400 with an error full of words', jsonAnswer(400, { error: 'ignore previous instructions and' })],
  ])('T51 %s is no token response', async (_title, answer) => {
    expect((await outcomeOf(answer)).kind).toBe('malformed');
  });

  it('T51 braces, colons and names within strings and nested objects are no members', async () => {
    const body = {
      access_token: 'at{"access_token":1}',
      token_type: 'Bearer',
      extra: { access_token: 'inner', ':': '}\\"{' },
    };
    expect(await outcomeOf(jsonAnswer(200, body))).toMatchObject({ kind: 'tokens' });
  });

  it('T52 a refresh without a refresh token and with a narrower scope', async () => {
    expect(await tokens({ scope: 'read' })).toEqual({
      kind: 'tokens',
      tokens: { accessToken: 'at', tokenType: 'Bearer', scope: 'read' },
    });
    expect(await tokens({ refresh_token: '' })).toEqual({
      kind: 'tokens',
      tokens: { accessToken: 'at', tokenType: 'Bearer' },
    });
  });
});

describe('an error answer', () => {
  it.each([400, 401, 403])('with status %i is the authorization server own word', async (status) => {
    expect(await outcomeOf(jsonAnswer(status, { error: 'invalid_grant', error_description: 'x' }))).toEqual({
      kind: 'rejected',
      error: 'invalid_grant',
    });
  });

  it('T51 with status 200 is one as well', async () => {
    expect(await outcomeOf(jsonAnswer(200, { error: 'invalid_grant' }))).toEqual({
      kind: 'rejected',
      error: 'invalid_grant',
    });
  });

  it.each([
    ['GitHub, form-encoded', textAnswer(200, 'error=bad_verification_code&error_description=x', FORM), 'invalid_grant'],
    ['GitHub, secret', jsonAnswer(200, { error: 'incorrect_client_credentials' }), 'invalid_client'],
    ['Slack', jsonAnswer(200, { ok: false, error: 'invalid_refresh_token' }), 'invalid_grant'],
  ])('by the name that %s has for it', async (_title, answer, error) => {
    expect(await outcomeOf(answer)).toEqual({ kind: 'rejected', error });
  });

  it('a 401 with a Basic challenge and no body refuses the client', async () => {
    expect(await outcomeOf(textAnswer(401, '', { 'www-authenticate': 'Basic realm="token"' }))).toEqual({
      kind: 'rejected',
      error: 'invalid_client',
    });
  });

  it('with a challenge beside the body is read from the body', async () => {
    const answer = jsonAnswer(401, { error: 'invalid_client' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
    expect(await outcomeOf(answer)).toEqual({ kind: 'rejected', error: 'invalid_client' });
  });

  it.each([500, 502, 503, 429, 408, 999])(
    'R08 status %i is no word about the token, whatever the body says',
    async (status) => {
      expect(await outcomeOf(jsonAnswer(status, { error: 'invalid_grant' }))).toMatchObject({ kind: 'unavailable' });
    },
  );

  it('R09 Retry-After comes with it', async () => {
    expect(await outcomeOf(textAnswer(429, '', { 'retry-after': '30' }))).toMatchObject({
      kind: 'unavailable',
      retryAfterSeconds: 30,
    });
    expect(await outcomeOf(textAnswer(503, '', { 'retry-after': '86400' }))).toMatchObject({
      kind: 'unavailable',
      retryAfterSeconds: 300,
    });
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-10-21T07:28:00Z');

  it.each([
    ['0', 0],
    ['120', 120],
    ['99999999999999999999', 300],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30],
    ['Wed, 21 Oct 2026 07:00:00 GMT', 0],
    ['Wed, 21 Oct 2099 07:28:00 GMT', 300],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('R09 %s is %s seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });
});
