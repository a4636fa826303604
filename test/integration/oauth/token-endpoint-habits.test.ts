/**
 * Token endpoints as known providers have them, over real sockets: what is cured for everybody, and what only a
 * profile may say, since from anybody else it would mean something else. Each of the latter is shown without it, too.
 */
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { profileFor } from '../../../src/catalog/index.js';
import { type ClientCredentials, exchangeCode, refreshTokens, type TokenOutcome } from '../../../src/oauth/index.js';
import { sendAnswer } from '../../support/answers.js';
import type { Answer } from '../../support/bend.js';
import { listenOnLoopback } from '../../support/loopback-http.js';
import { loopbackNetwork } from '../../support/loopback-network.js';
import { readBody } from '../../support/request-log.js';

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type TokenEndpoint = (request: Received) => Answer;

interface Asking {
  /** Id of the provider profile, as `oauth.profile` names it. */
  readonly profile?: string;
  readonly client?: ClientCredentials;
  readonly methods?: readonly string[];
  readonly grant?: 'code' | 'refresh';
}

const PUBLIC: ClientCredentials = { clientId: 'client-1', tokenEndpointAuthMethod: 'none' };
const CONFIDENTIAL = { clientId: 'client-1', clientSecret: 'the-secret' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function ask(endpoint: TokenEndpoint, asking: Asking = {}) {
  const received: Received[] = [];
  const server = await listenOnLoopback((request, response) => {
    readBody(request).then(
      (body) => {
        const message = { headers: request.headers, body: body.toString('utf8') };
        received.push(message);
        sendAnswer(response, endpoint(message));
      },
      () => response.destroy(),
    );
  });
  closing.push(() => server.close());
  const network = loopbackNetwork(server.origin);
  closing.push(() => network.close());
  const request = {
    authorizationServer: {
      issuer: server.origin,
      tokenEndpoint: `${server.origin}/token`,
      ...(asking.methods && { tokenEndpointAuthMethodsSupported: asking.methods }),
      ...(asking.profile !== undefined && { quirks: profileFor({ name: asking.profile }) }),
    },
    client: asking.client ?? PUBLIC,
    resource: null,
    fetch: network.fetch,
  };
  const outcome: TokenOutcome =
    asking.grant === 'refresh'
      ? await refreshTokens({ ...request, refreshToken: 'the-refresh-token' })
      : await exchangeCode({ ...request, code: 'the-code', codeVerifier: 'v', redirectUri: 'http://127.0.0.1/cb' });
  return { outcome, received };
}

const json =
  (status: number, body: Readonly<Record<string, unknown>>): TokenEndpoint =>
  () => ({ status, headers: JSON_TYPE, body });

const tokens = (members: Readonly<Record<string, unknown>> = {}) => ({
  kind: 'tokens',
  tokens: { accessToken: 'at', tokenType: 'Bearer', ...members },
});

describe('an answer that everybody is understood by', () => {
  it.each<[string, TokenEndpoint, object]>([
    [
      'GitHub: a form for one who does not ask for JSON, scopes with commas, no lifetime',
      () => ({ status: 200, headers: FORM_TYPE, body: 'access_token=at&scope=repo%2Cgist&token_type=bearer' }),
      tokens({ scope: 'repo gist' }),
    ],
    [
      'GitHub App: numbers as strings, an empty scope',
      json(200, { access_token: 'at', expires_in: '28800', refresh_token: 'rt', scope: '', token_type: 'bearer' }),
      tokens({ refreshToken: 'rt', expiresInSeconds: 28_800 }),
    ],
    ['Supabase: status 201', json(201, { access_token: 'at', token_type: 'bearer' }), tokens()],
    ['Salesforce: no lifetime', json(200, { access_token: 'at', token_type: 'Bearer', id: 'https://x' }), tokens()],
    ['no token_type, a lifetime of 0', json(200, { access_token: 'at', expires_in: 0 }), tokens()],
    [
      'Linear: scopes as a list',
      json(200, { access_token: 'at', scope: ['read', 'write'] }),
      tokens({ scope: 'read write' }),
    ],
    [
      'Figma: a refresh token that does not rotate is not sent again',
      json(200, { access_token: 'at', token_type: 'bearer', expires_in: 7_776_000 }),
      tokens({ expiresInSeconds: 7_776_000 }),
    ],
    [
      'an ID token that nobody verifies is not taken for the access token (Cognito)',
      json(200, { access_token: 'at', id_token: 'not.the.token', token_type: 'Bearer' }),
      tokens(),
    ],
  ])('%s', async (_title, endpoint, expected) => {
    expect((await ask(endpoint)).outcome).toEqual(expected);
  });

  it.each<[string, TokenEndpoint, string]>([
    [
      'GitHub, with status 200 in a form',
      () => ({ status: 200, headers: FORM_TYPE, body: 'error=bad_verification_code&error_description=x' }),
      'invalid_grant',
    ],
    ['GitHub, the client', json(200, { error: 'incorrect_client_credentials' }), 'invalid_client'],
    ['Slack, with status 200', json(200, { ok: false, error: 'invalid_refresh_token' }), 'invalid_grant'],
    ['Slack, the client', json(200, { ok: false, error: 'bad_client_secret' }), 'invalid_client'],
  ])('an error of %s', async (_title, endpoint, error) => {
    expect((await ask(endpoint)).outcome).toEqual({ kind: 'rejected', error });
  });

  it('the request asks for JSON and authenticates in one way only (GitHub, Notion)', async () => {
    const client = { ...CONFIDENTIAL, tokenEndpointAuthMethod: 'client_secret_basic' as const };
    const { received } = await ask(json(200, { access_token: 'at' }), { client });
    expect(received).toHaveLength(1);
    expect(received[0]?.headers).toMatchObject({
      accept: 'application/json',
      authorization: expect.stringMatching(/^Basic /),
    });
    expect(received[0]?.body).not.toMatch(/client_id|client_secret/);
  });
});

describe("Slack's tokens", () => {
  const user = { access_token: 'at', token_type: 'user', scope: 'chat:write,channels:read', expires_in: 43_200 };
  const expected = tokens({ scope: 'chat:write channels:read', expiresInSeconds: 43_200 });

  it('have a type of their own, which is no Bearer token from anybody else', async () => {
    expect((await ask(json(200, { ok: true, ...user }), { profile: 'slack' })).outcome).toEqual(expected);
    expect((await ask(json(200, { ok: true, ...user }))).outcome.kind).toBe('malformed');
    expect((await ask(json(200, { ok: true, ...user }), { profile: 'github' })).outcome.kind).toBe('malformed');
  });

  it('lie in authed_user where no bot was asked for', async () => {
    const body = { ok: true, app_id: 'A1', authed_user: { id: 'U1', ...user }, team: { id: 'T1' } };
    expect((await ask(json(200, body), { profile: 'slack' })).outcome).toEqual(expected);
  });

  it("are the bot's where one was asked for", async () => {
    const body = { ok: true, access_token: 'bot', token_type: 'bot', authed_user: { id: 'U1', ...user } };
    expect((await ask(json(200, body), { profile: 'slack' })).outcome).toMatchObject({
      tokens: { accessToken: 'bot' },
    });
  });

  it.each(['DPoP', 'mac', 'refresh'])('are nothing of another type: %s', async (token_type) => {
    const { outcome } = await ask(json(200, { ok: true, access_token: 'at', token_type }), { profile: 'slack' });
    expect(outcome.kind).toBe('malformed');
  });

  it.each([{}, { authed_user: null }, { authed_user: 'U1' }, { authed_user: { id: 'U1' } }])(
    'are missing in %j',
    async (members) => {
      expect((await ask(json(200, { ok: true, ...members }), { profile: 'slack' })).outcome.kind).toBe('malformed');
    },
  );

  it.each(['internal_error', 'fatal_error', 'service_unavailable', 'ratelimited', 'request_timeout'])(
    'may come later: %s is no word about the token',
    async (error) => {
      const asking = { profile: 'slack', grant: 'refresh' } as const;
      expect((await ask(json(200, { ok: false, error }), asking)).outcome).toEqual({
        kind: 'rejected',
        error: 'temporarily_unavailable',
      });
      expect((await ask(json(200, { ok: false, error }), { grant: 'refresh' })).outcome).toEqual({
        kind: 'rejected',
        error,
      });
    },
  );
});

describe("Entra's interaction_required", () => {
  it('asks for a sign-in, from Entra alone', async () => {
    const endpoint = json(400, { error: 'interaction_required', suberror: 'basic_action' });
    const asking = { profile: 'entra', grant: 'refresh' } as const;
    expect((await ask(endpoint, asking)).outcome).toEqual({ kind: 'rejected', error: 'invalid_grant' });
    expect((await ask(endpoint, { grant: 'refresh' })).outcome).toEqual({
      kind: 'rejected',
      error: 'interaction_required',
    });
  });
});

describe("Notion's token endpoint", () => {
  const readsJson: TokenEndpoint = ({ headers, body }) =>
    headers['content-type'] === 'application/json' && JSON.parse(body).grant_type === 'authorization_code'
      ? { status: 200, headers: JSON_TYPE, body: { access_token: 'at', token_type: 'bearer', bot_id: 'b' } }
      : { status: 400, headers: JSON_TYPE, body: { error: 'invalid_request' } };

  it('reads JSON, which nobody else is sent', async () => {
    const client = { ...CONFIDENTIAL, tokenEndpointAuthMethod: 'client_secret_basic' as const };
    const { outcome, received } = await ask(readsJson, { profile: 'notion', client });
    expect(outcome).toEqual(tokens());
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      code_verifier: 'v',
      redirect_uri: 'http://127.0.0.1/cb',
    });
    expect((await ask(readsJson, { client })).outcome).toEqual({ kind: 'rejected', error: 'invalid_request' });
  });
});

describe('a client that was registered for no authentication and yet given a secret (Figma, Supabase)', () => {
  const client = { ...CONFIDENTIAL, tokenEndpointAuthMethod: 'none' as const };
  const wantsSecret =
    (error: string): TokenEndpoint =>
    ({ body }) =>
      new URLSearchParams(body).get('client_secret') === 'the-secret'
        ? { status: 201, headers: JSON_TYPE, body: { access_token: 'at', token_type: 'bearer' } }
        : { status: 400, headers: JSON_TYPE, body: { error, error_description: 'Client secret is required' } };

  it.each(['invalid_client', 'invalid_request', 'unauthorized_client'])(
    'sends it when it is told so by %s',
    async (error) => {
      const { outcome, received } = await ask(wantsSecret(error), { client, methods: ['none'] });
      expect(outcome).toEqual({ ...tokens(), tokenEndpointAuthMethod: 'client_secret_post' });
      expect(received).toHaveLength(2);
      expect(received[0]?.body).not.toContain('the-secret');
    },
  );

  it('keeps it to itself for any other error, and a client without a secret asks once', async () => {
    expect((await ask(json(400, { error: 'invalid_grant' }), { client })).received).toHaveLength(1);
    expect((await ask(wantsSecret('invalid_request'))).received).toHaveLength(1);
  });
});
