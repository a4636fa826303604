/** Token requests: what is sent, how often, and what each failure means for the code or refresh token. */
import { describe, expect, it } from 'vitest';
import { NetworkFailure } from '../../../src/core/outbound.js';
import {
  type ClientCredentials,
  type CodeExchange,
  exchangeCode,
  refreshTokens,
  type TokenRefresh,
} from '../../../src/oauth/index.js';
import { jsonAnswer, type ScriptedAnswer, scriptedFetch, textAnswer } from '../../support/scripted-fetch.js';

const TOKEN_ENDPOINT = 'https://as.example/token';
const TOKENS = jsonAnswer(200, { access_token: 'at', token_type: 'Bearer' });
const INVALID_CLIENT = jsonAnswer(401, { error: 'invalid_client' });
const PUBLIC: ClientCredentials = { clientId: 'client-1', tokenEndpointAuthMethod: 'none' };
const CONFIDENTIAL: ClientCredentials = {
  clientId: 'client:1',
  clientSecret: 'se cret+%&ü',
  tokenEndpointAuthMethod: 'client_secret_basic',
};

interface Settings {
  readonly client?: ClientCredentials;
  readonly methods?: readonly string[];
}

function scripted(answers: ScriptedAnswer | readonly ScriptedAnswer[], { client = PUBLIC, methods }: Settings) {
  const script = scriptedFetch({ [TOKEN_ENDPOINT]: answers });
  const authorizationServer = {
    issuer: 'https://as.example',
    tokenEndpoint: TOKEN_ENDPOINT,
    ...(methods && { tokenEndpointAuthMethodsSupported: methods }),
  };
  const sent = () =>
    script.requests.map(({ request }) => ({
      ...Object.fromEntries(new URLSearchParams(request.body)),
      authorization: request.headers?.authorization,
    }));
  return {
    base: { authorizationServer, client, resource: 'https://mcp.example/mcp', fetch: script.fetch },
    requests: script.requests,
    sent,
  };
}

function exchange(
  answers: ScriptedAnswer | readonly ScriptedAnswer[],
  settings: Settings & Partial<CodeExchange> = {},
) {
  const { base, ...rest } = scripted(answers, settings);
  const { resource = base.resource } = settings;
  const code = { code: 'the-code', codeVerifier: 'the-verifier', redirectUri: 'http://127.0.0.1:27182/oauth/callback' };
  return { result: exchangeCode({ ...base, ...code, resource }), ...rest };
}

function refresh(answers: ScriptedAnswer | readonly ScriptedAnswer[], settings: Settings & Partial<TokenRefresh> = {}) {
  const { base, ...rest } = scripted(answers, settings);
  return { result: refreshTokens({ ...base, refreshToken: 'the-refresh-token', scope: settings.scope }), ...rest };
}

describe('exchangeCode', () => {
  it('sends code, verifier, redirect URI and resource, once', async () => {
    const { result, sent, requests } = exchange(TOKENS);
    expect(await result).toEqual({ kind: 'tokens', tokens: { accessToken: 'at', tokenType: 'Bearer' } });
    expect(sent()).toEqual([
      {
        grant_type: 'authorization_code',
        code: 'the-code',
        code_verifier: 'the-verifier',
        redirect_uri: 'http://127.0.0.1:27182/oauth/callback',
        resource: 'https://mcp.example/mcp',
        client_id: 'client-1',
        authorization: undefined,
      },
    ]);
    expect(requests[0]?.request).toMatchObject({
      method: 'POST',
      redirects: 'refuse',
      headers: { accept: 'application/json' },
    });
  });

  it('sends no resource where the profile omits it', async () => {
    const { result, sent } = exchange(TOKENS, { resource: null });
    await result;
    expect(sent()[0]).not.toHaveProperty('resource');
  });

  it('is not repeated after invalid_grant', async () => {
    const { result, requests } = exchange(jsonAnswer(400, { error: 'invalid_grant' }), { client: CONFIDENTIAL });
    expect(await result).toEqual({ kind: 'rejected', error: 'invalid_grant' });
    expect(requests).toHaveLength(1);
  });

  it('T45 a redirect is neither followed nor repeated', async () => {
    const { result, requests } = exchange(textAnswer(308, '', { location: 'https://evil.example/token' }), {
      client: CONFIDENTIAL,
    });
    expect((await result).kind).toBe('malformed');
    expect(requests.map(({ url }) => url)).toEqual([TOKEN_ENDPOINT]);
  });

  it('T12 nothing is sent over plain http', async () => {
    const script = scriptedFetch({ 'http://as.example/token': TOKENS });
    const authorizationServer = { issuer: 'https://as.example', tokenEndpoint: 'http://as.example/token' };
    const request = { authorizationServer, client: PUBLIC, refreshToken: 'rt', resource: null, fetch: script.fetch };
    await expect(refreshTokens(request)).rejects.toMatchObject({ code: 'insecure_url' });
    expect(script.requests).toEqual([]);
  });
});

describe('client authentication', () => {
  it('Basic credentials are form-encoded before they are encoded', async () => {
    const { result, sent } = exchange(TOKENS, { client: CONFIDENTIAL });
    await result;
    const [scheme, credentials] = sent()[0]?.authorization?.split(' ') ?? [];
    expect([scheme, Buffer.from(credentials ?? '', 'base64').toString()]).toEqual([
      'Basic',
      'client%3A1:se+cret%2B%25%26%C3%BC',
    ]);
    expect(sent()[0]).not.toHaveProperty('client_secret');
    expect(sent()[0]).not.toHaveProperty('client_id');
  });

  it('leaves alone in Basic credentials what form encoding leaves alone, since some servers undo nothing', async () => {
    const client = { ...CONFIDENTIAL, clientId: 'pre-registered.client_1', clientSecret: 'a-b.c_d*' };
    const { result, sent } = exchange(TOKENS, { client });
    await result;
    const credentials = sent()[0]?.authorization?.split(' ')[1] ?? '';
    expect(Buffer.from(credentials, 'base64').toString()).toBe('pre-registered.client_1:a-b.c_d*');
  });

  it.each([
    ['is listed', ['client_secret_basic', 'client_secret_post']],
    ['is not known not to be offered', undefined],
  ])('falls back to the secret in the body, once, where that %s', async (_title, methods) => {
    const { result, sent } = exchange([INVALID_CLIENT, TOKENS], { client: CONFIDENTIAL, ...(methods && { methods }) });
    expect(await result).toMatchObject({ kind: 'tokens', tokenEndpointAuthMethod: 'client_secret_post' });
    expect(sent()[1]).toMatchObject({
      client_id: 'client:1',
      client_secret: 'se cret+%&ü',
      code: 'the-code',
      authorization: undefined,
    });
    const refused = exchange(INVALID_CLIENT, { client: CONFIDENTIAL, ...(methods && { methods }) });
    expect(await refused.result).toEqual({ kind: 'rejected', error: 'invalid_client' });
    expect(refused.requests).toHaveLength(2);
  });

  it('does not fall back where the body is not offered, or there is no secret', async () => {
    const onlyBasic = exchange(INVALID_CLIENT, { client: CONFIDENTIAL, methods: ['client_secret_basic'] });
    const noSecret = exchange(INVALID_CLIENT, { client: PUBLIC });
    const alreadyPost = exchange(INVALID_CLIENT, {
      client: { ...CONFIDENTIAL, tokenEndpointAuthMethod: 'client_secret_post' },
    });
    for (const { result, requests } of [onlyBasic, noSecret, alreadyPost]) {
      expect(await result).toEqual({ kind: 'rejected', error: 'invalid_client' });
      expect(requests).toHaveLength(1);
    }
  });

  it('a client whose secret was not asked for keeps it to itself until it is', async () => {
    const { result, sent } = exchange([INVALID_CLIENT, TOKENS], {
      client: { ...CONFIDENTIAL, tokenEndpointAuthMethod: 'none' },
    });
    expect(await result).toMatchObject({ kind: 'tokens' });
    expect(sent()[0]).not.toHaveProperty('client_secret');
    expect(sent()[1]).toHaveProperty('client_secret');
  });
});

describe('refreshTokens', () => {
  it('sends the refresh token, resource and scope', async () => {
    const { result, sent } = refresh(TOKENS, { scope: 'read offline_access' });
    await result;
    expect(sent()).toEqual([
      {
        grant_type: 'refresh_token',
        refresh_token: 'the-refresh-token',
        resource: 'https://mcp.example/mcp',
        scope: 'read offline_access',
        client_id: 'client-1',
        authorization: undefined,
      },
    ]);
  });

  it.each([
    ['R08', 'dns', false, 'unavailable'],
    ['R08', 'connect', false, 'unavailable'],
    ['R08', 'tls', false, 'unavailable'],
    ['R08', 'timeout', false, 'unavailable'],
    ['R08', 'timeout', true, 'unknown'],
    ['R08', 'reset', true, 'unknown'],
    ['R17', 'truncated', true, 'unknown'],
    ['R16', 'aborted', true, 'unknown'],
    ['R16', 'aborted', false, 'unavailable'],
    ['T85', 'too_large', true, 'malformed'],
  ] as const)('%s a failure by %s (sent: %s) is %s', async (_id, kind, requestSent, outcome) => {
    const { result, requests } = refresh(new NetworkFailure(kind, requestSent, 'secret detail'));
    const settled = await result;
    expect(settled.kind).toBe(outcome);
    expect(JSON.stringify(settled)).not.toContain('secret detail');
    expect(requests).toHaveLength(1);
  });
});
