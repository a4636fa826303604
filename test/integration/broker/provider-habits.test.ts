/**
 * Providers as they are, from the first call to a server that answers: each habit without its cure and with it. The
 * hosts of loopback are nobody's, so the entry names the profile; what is found by host is the catalog's own test.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { composedBroker } from '../../support/composed-broker.js';
import {
  json,
  type OddProvider,
  type OddProviderOptions,
  type OddRequest,
  oddMetadata,
  startOddProvider,
} from '../../support/odd-provider.js';
import { createStage } from '../../support/stage.js';

const NAME = 'odd';
const HOUR_MS = 3_600_000;
const stage = createStage();
afterEach(() => stage.close());

type OAuthSettings = Readonly<Record<string, unknown>>;

async function begin(options: OddProviderOptions, oauth: OAuthSettings = {}) {
  const provider = stage.keep(await startOddProvider(options));
  return beginAt(provider, oauth);
}

/** A broker of its own for the provider, with these settings in the entry. */
async function beginAt(provider: OddProvider, oauth: OAuthSettings) {
  const home = await stage.home({ mcpServers: { [NAME]: { url: provider.url, oauth } } });
  const { broker, principal, advance } = stage.keep(await composedBroker({ home }));
  const connect = () => broker.connect(principal, { serverName: NAME });
  return {
    provider,
    advance,
    connect,
    call: () => broker.callTool(principal, { serverName: NAME, toolName: 'whoami', arguments: {} }),
    doctor: () => broker.diagnose(principal, NAME),
    /** What the second call says, after the user has visited the first one's authUrl. */
    signIn: async () => {
      const asked = await connect();
      if (asked.status !== 'requires_auth' || asked.authUrl === null) return asked;
      await visit(asked.authUrl);
      return connect();
    },
  };
}

const CLIENT = { clientId: 'client-1', clientSecret: 'the-secret-of-the-client' };
const CONNECTED = { status: 'success', toolCount: 1 };
const asked = (provider: OddProvider) => provider.requests('authorization').at(-1)?.parameters ?? {};
const tokenRequests = (provider: OddProvider) => provider.requests('token');
const isRefresh = ({ parameters }: OddRequest) => parameters.grant_type === 'refresh_token';

describe('Entra', () => {
  const entra: OddProviderOptions = {
    resourceMetadata: () => ({ scopes_supported: ['api://app/read'] }),
    metadata: () => ({ code_challenge_methods_supported: undefined, registration_endpoint: undefined }),
    refuses: ({ parameters }) =>
      'resource' in parameters ? 'invalid_target' : parameters.prompt === 'consent' ? 'access_denied' : undefined,
    token: (request, tokens) => {
      const { scope = '', resource } = request.parameters;
      if (resource !== undefined) return json({ error: 'invalid_target' }, 400);
      if (isRefresh(request) && scope === '') return json({ error: 'invalid_request' }, 400);
      return json({ ...tokens, expires_in: 3_599, scope: 'api://app/read' });
    },
  };

  it('lists no PKCE method, which is refused of anybody else', async () => {
    const { connect } = await begin(entra, CLIENT);
    expect(await connect()).toMatchObject({ status: 'error', code: 'pkce_unsupported' });
  });

  it('takes no resource and no forced consent, which it is spared', async () => {
    const unspared = await begin(entra, { ...CLIENT, assumePkce: true });
    expect(await unspared.signIn()).toMatchObject({ status: 'error', code: 'authorization_failed' });
    const { provider, signIn } = await begin(entra, { ...CLIENT, profile: 'entra' });
    expect(await signIn()).toMatchObject({ ...CONNECTED, scope: 'api://app/read' });
    expect(asked(provider)).toMatchObject({ scope: 'api://app/read offline_access', code_challenge_method: 'S256' });
    expect(asked(provider)).not.toHaveProperty('resource');
    expect(asked(provider)).not.toHaveProperty('prompt');
  });

  it('wants the scope with each refresh, offline_access included though it was not among those granted', async () => {
    const { provider, signIn, advance, call } = await begin(entra, { ...CLIENT, profile: 'entra' });
    await signIn();
    advance(2 * HOUR_MS);
    expect(await call()).toMatchObject({ kind: 'upstream' });
    expect(tokenRequests(provider).filter(isRefresh)).toMatchObject([
      { parameters: { scope: 'api://app/read offline_access' } },
    ]);
  });

  it("gets a resource where the user's file names one, and a consent page where it asks for one", async () => {
    const oauth = { ...CLIENT, profile: 'entra', resource: 'api://app', authorizationParams: { prompt: 'consent' } };
    const { provider, signIn } = await begin({ ...entra, refuses: () => undefined }, oauth);
    await signIn();
    expect(asked(provider)).toMatchObject({ resource: 'api://app', prompt: 'consent' });
  });
});

describe('a provider with parameters of its own', () => {
  it('Google gives a refresh token for two of them only, and the file can leave one out', async () => {
    const google: OddProviderOptions = {
      token: (_request, { refresh_token, ...tokens }) => {
        const { access_type, prompt } = asked(provider);
        return json({ ...tokens, ...(access_type === 'offline' && prompt === 'consent' && { refresh_token }) });
      },
    };
    const provider: OddProvider = stage.keep(await startOddProvider(google));
    const plain = await beginAt(provider, {});
    await plain.signIn();
    provider.dropAccessTokens();
    expect(await plain.call()).toMatchObject({ kind: 'outcome', outcome: { status: 'requires_auth' } });

    const known = await beginAt(provider, { profile: 'google' });
    expect(await known.signIn()).toMatchObject(CONNECTED);
    provider.dropAccessTokens();
    expect(await known.call()).toMatchObject({ kind: 'upstream' });

    const without = await beginAt(provider, { profile: 'google', authorizationParams: { prompt: '' } });
    await without.signIn();
    expect(asked(provider)).toMatchObject({ access_type: 'offline' });
    expect(asked(provider)).not.toHaveProperty('prompt');
  });

  it('Auth0 gets the audience that the file names', async () => {
    const { provider, signIn } = await begin({}, { authorizationParams: { audience: 'https://api.acme.example' } });
    await signIn();
    expect(asked(provider)).toMatchObject({ audience: 'https://api.acme.example', resource: provider.url });
  });

  it('Linear parts scopes by commas, in what it is asked and what it answers', async () => {
    const linear: OddProviderOptions = {
      refuses: ({ parameters }) => (parameters.scope === 'read,write' ? undefined : 'invalid_scope'),
      token: (_request, tokens) => json({ ...tokens, scope: 'read,write' }),
    };
    const stranger = await begin(linear, { scope: 'read write' });
    expect(await stranger.signIn()).toMatchObject({ status: 'requires_oauth_config', reason: 'scope_rejected' });
    const { signIn } = await begin(linear, { scope: 'read write', profile: 'linear' });
    expect(await signIn()).toMatchObject({ ...CONNECTED, scope: 'read write' });
  });

  it('Vercel understands offline_access unlisted; GitHub is not asked for it though it were listed', async () => {
    const scopes = { resourceMetadata: () => ({ scopes_supported: ['openid'] }) };
    const scopeAskedBy = async (profile: string | undefined, listed: readonly string[]) => {
      const options = { ...scopes, metadata: () => ({ scopes_supported: listed }) };
      const { provider, signIn } = await begin(options, profile === undefined ? {} : { profile });
      await signIn();
      return asked(provider).scope;
    };
    expect(await scopeAskedBy(undefined, ['openid'])).toBe('openid');
    expect(await scopeAskedBy('vercel', ['openid'])).toBe('openid offline_access');
    expect(await scopeAskedBy('github', ['openid', 'offline_access'])).toBe('openid');
  });
});

describe('an issuer that is spelled otherwise than it was listed', () => {
  const slashed: OddProviderOptions = { metadata: (origin) => ({ issuer: `${origin}/` }) };

  it('T10 is another issuer', async () => {
    const { provider, connect } = await begin(slashed);
    expect(await connect()).toMatchObject({ status: 'error', code: 'issuer_mismatch' });
    expect(provider.requests('registration')).toHaveLength(0);
  });

  it('is the same with a final slash where the profile says so (Auth0, Google, JumpCloud)', async () => {
    const { signIn } = await begin(slashed, { profile: 'auth0' });
    expect(await signIn()).toMatchObject(CONNECTED);
  });

  it('can be named by the file as the provider states it, whatever the server lists', async () => {
    const provider = stage.keep(await startOddProvider(slashed));
    const { signIn } = await beginAt(provider, { issuer: `${provider.origin}/` });
    expect(await signIn()).toMatchObject(CONNECTED);
  });

  it("is no change of issuer for the file's own client", async () => {
    const provider = stage.keep(await startOddProvider(slashed));
    const { signIn } = await beginAt(provider, { ...CLIENT, issuer: provider.origin, profile: 'auth0' });
    expect(await signIn()).toMatchObject(CONNECTED);
  });

  it('T10 is not anybody because a profile is named', async () => {
    const { connect } = await begin({ metadata: () => ({ issuer: 'https://slack.com' }) }, { profile: 'slack' });
    expect(await connect()).toMatchObject({ status: 'error', code: 'issuer_mismatch' });
  });
});

describe('a token endpoint with habits of its own', () => {
  it("Slack's user token has a type that nobody else's has, and is refreshed like any other", async () => {
    const slack: OddProviderOptions = {
      metadata: () => ({ registration_endpoint: undefined }),
      token: (_request, tokens) => json({ ok: true, ...tokens, token_type: 'user', expires_in: 43_200, scope: 'a,b' }),
    };
    const stranger = await begin(slack, CLIENT);
    expect(await stranger.signIn()).toMatchObject({ status: 'error', code: 'token_request_failed' });
    const { provider, signIn, advance, call } = await begin(slack, { ...CLIENT, profile: 'slack' });
    expect(await signIn()).toMatchObject({ ...CONNECTED, scope: 'a b' });
    advance(13 * HOUR_MS);
    expect(await call()).toMatchObject({ kind: 'upstream' });
    expect(tokenRequests(provider).filter(isRefresh)).toHaveLength(1);
  });

  it('Slack says ok: false with status 200, and one of its outages ends no sign-in', async () => {
    let isDown = false;
    const slack: OddProviderOptions = {
      token: (_request, tokens) =>
        isDown ? json({ ok: false, error: 'internal_error' }) : json({ ...tokens, token_type: 'user', expires_in: 60 }),
    };
    const { signIn, advance, call } = await begin(slack, { profile: 'slack' });
    await signIn();
    isDown = true;
    advance(HOUR_MS);
    expect(await call()).toMatchObject({ outcome: { code: 'token_request_failed', retryable: true } });
    isDown = false;
    expect(await call()).toMatchObject({ kind: 'upstream' });
  });

  it('Notion reads JSON, with the owner parameter at its authorize page', async () => {
    const notion: OddProviderOptions = {
      metadata: () => ({ token_endpoint_auth_methods_supported: undefined }),
      token: ({ headers }, tokens) =>
        headers['content-type'] === 'application/json' && headers.authorization?.startsWith('Basic ')
          ? json(tokens)
          : json({ error: 'invalid_request' }, 400),
    };
    const stranger = await begin(notion, CLIENT);
    expect(await stranger.signIn()).toMatchObject({ status: 'error', code: 'authorization_failed' });
    const { provider, signIn } = await begin(notion, { ...CLIENT, profile: 'notion' });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(asked(provider)).toMatchObject({ owner: 'user' });
  });

  it('HubSpot takes the secret in the body only, and is not sent it twice', async () => {
    const hubspot: OddProviderOptions = {
      metadata: () => ({ token_endpoint_auth_methods_supported: undefined }),
      token: ({ parameters }, tokens) =>
        parameters.client_secret === CLIENT.clientSecret ? json(tokens) : json({ error: 'invalid_client' }, 401),
    };
    const stranger = await begin(hubspot, CLIENT);
    expect(await stranger.signIn()).toMatchObject(CONNECTED);
    expect(tokenRequests(stranger.provider)).toHaveLength(2);
    const { provider, signIn } = await begin(hubspot, { ...CLIENT, profile: 'hubspot' });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(tokenRequests(provider)).toHaveLength(1);
  });

  it('GitHub answers in a form, and its token does not expire', async () => {
    const github: OddProviderOptions = {
      metadata: () => ({ code_challenge_methods_supported: undefined }),
      token: (_request, { access_token }) => ({
        status: 200,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: `access_token=${access_token}&scope=repo%2Cgist&token_type=bearer`,
      }),
    };
    const { provider, signIn, advance, call } = await begin(github, { ...CLIENT, profile: 'github' });
    const connected = await signIn();
    expect(connected).toMatchObject({ ...CONNECTED, scope: 'repo gist' });
    expect(connected).not.toHaveProperty('expiresAt');
    advance(1_000 * 24 * HOUR_MS);
    expect(await call()).toMatchObject({ kind: 'upstream' });
    expect(tokenRequests(provider)).toHaveLength(1);
  });

  it('Salesforce gives no lifetime: the token is refreshed when it is refused', async () => {
    const { provider, signIn, call } = await begin({});
    expect(await signIn()).not.toHaveProperty('expiresAt');
    provider.dropAccessTokens();
    expect(await call()).toMatchObject({ kind: 'upstream' });
    expect(tokenRequests(provider).filter(isRefresh)).toHaveLength(1);
  });

  it('Datadog names a host in its answer, where no code ever goes', async () => {
    const elsewhere = stage.keep(await startOddProvider());
    const { host } = new URL(elsewhere.origin);
    const { signIn } = await begin({ callback: { domain: host, site: elsewhere.origin } });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(tokenRequests(elsewhere)).toHaveLength(0);
  });
});

describe('registration', () => {
  it('Supabase: nulls, numbers as strings, a secret without a method, and tokens with status 201', async () => {
    const { provider, signIn } = await begin({
      register: () =>
        json(
          {
            client_id: 'c',
            client_secret: 's3cret-s3cret',
            client_secret_expires_at: '0',
            logo_uri: null,
            scope: null,
          },
          201,
        ),
      token: ({ headers, parameters }, tokens) =>
        headers.authorization !== undefined || parameters.client_secret !== undefined
          ? json(tokens, 201)
          : json({ error: 'invalid_client' }, 401),
    });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(tokenRequests(provider)).toHaveLength(1);
  });

  it('Fastmail and Clerk want the scope there', async () => {
    const { provider, signIn } = await begin({
      resourceMetadata: () => ({ scopes_supported: ['mail'] }),
      register: ({ body }) =>
        JSON.parse(body).scope === 'mail' ? json({ client_id: 'c' }, 201) : json({ error: 'invalid_request' }, 400),
    });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(provider.requests('registration')).toHaveLength(1);
  });

  it('Figma and ClickUp register whom they know by name: under our own, and then the user is asked', async () => {
    const { provider, connect } = await begin({ register: () => ({ status: 403, body: 'Forbidden' }) });
    expect(await connect()).toMatchObject({ status: 'requires_oauth_config', reason: 'registration_rejected' });
    expect(provider.requests('registration').map(({ body }) => JSON.parse(body).client_name)).toEqual([
      'mcp-oauth-broker',
    ]);
  });

  it('Asana, Box and Okta have no such endpoint', async () => {
    const { connect } = await begin({ metadata: () => ({ registration_endpoint: undefined }) });
    expect(await connect()).toMatchObject({ status: 'requires_oauth_config', reason: 'registration_unavailable' });
  });

  it.each([
    ['a client is asked for', {}, 'requires_oauth_config'],
    ['the user is', CLIENT, 'requires_auth'],
  ])(
    'whoever registers nobody has a skill of its own, under any name of the server, when %s',
    async (_, client, status) => {
      const { connect } = await begin(
        { metadata: () => ({ registration_endpoint: undefined, code_challenge_methods_supported: undefined }) },
        { ...client, profile: 'entra' },
      );
      expect(await connect()).toMatchObject({
        status,
        helpfulSkills: [{ id: 'mcp-server-oauth' }, { id: 'connect-entra-mcp', name: 'Connect to Microsoft Entra ID' }],
      });
    },
  );

  it('has it named with an error that it can mend as well', async () => {
    const metadata = () => ({ registration_endpoint: undefined, code_challenge_methods_supported: undefined });
    const { connect } = await begin({ metadata }, { ...CLIENT, profile: 'okta' });
    expect(await connect()).toMatchObject({
      status: 'error',
      code: 'pkce_unsupported',
      helpfulSkills: [{ id: 'mcp-server-oauth' }, { id: 'connect-okta-mcp', name: 'Connect to Okta' }],
    });
  });

  it.each([
    ['Supabase', { status: 422, body: { message: 'Unrecognized client_id' } }],
    ['Atlassian', { status: 500, headers: { 'content-type': 'text/html' }, body: '<html>Internal server error' }],
  ])('%s forgets clients, and answers at its authorize page', async (_name, forgotten) => {
    const known = new Set<string>();
    const provider: OddProvider = stage.keep(
      await startOddProvider({
        register: () => {
          const client_id = `client-${provider.requests('registration').length}`;
          known.add(client_id);
          return json({ client_id }, 201);
        },
        answers: () => (forgets() ? { '/authorize': forgotten } : {}),
      }),
    );
    const forgets = (): boolean =>
      !known.has(asked(provider).client_id ?? '') && provider.requests('authorization').length > 0;
    const { signIn, connect } = await beginAt(provider, {});
    await signIn();
    known.clear();
    provider.dropAccessTokens();
    expect(await connect()).toMatchObject(CONNECTED);
    const again = await beginAt(provider, {});
    expect(await again.signIn()).toMatchObject(CONNECTED);
  });
});

describe('metadata', () => {
  const RESOURCE = '/.well-known/oauth-protected-resource';

  it('of a server whose path ends in a slash lie where the slash is kept, behind a 401 where it is not', async () => {
    const { provider, signIn } = await begin({
      path: '/mcp/',
      answers: () => ({ [`${RESOURCE}/mcp`]: { status: 401 }, [RESOURCE]: { status: 401 } }),
    });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(asked(provider)).toMatchObject({ resource: provider.url });
  });

  it('Keycloak appends its own to the path of the realm', async () => {
    const { signIn } = await begin({
      resourceMetadata: (origin) => ({ authorization_servers: [`${origin}/realms/one`] }),
      answers: (origin) => ({
        '/.well-known/oauth-authorization-server': { status: 404 },
        '/realms/one/.well-known/openid-configuration': json({
          ...oddMetadata(origin),
          issuer: `${origin}/realms/one`,
        }),
      }),
    });
    expect(await signIn()).toMatchObject(CONNECTED);
  });

  it('of the second authorization server are used where the first one is dead', async () => {
    const dead = await startOddProvider();
    await dead.close();
    const { signIn } = await begin({
      resourceMetadata: (origin) => ({ authorization_servers: [dead.origin, origin] }),
    });
    expect(await signIn()).toMatchObject(CONNECTED);
  });

  it("Slack's resource is the origin of its server", async () => {
    const { provider, signIn } = await begin({ resourceMetadata: (origin) => ({ resource: origin }) });
    expect(await signIn()).toMatchObject(CONNECTED);
    expect(asked(provider)).toMatchObject({ resource: provider.origin });
  });

  it('Cognito lists no PKCE method, and the file can take back what a profile assumes', async () => {
    const cognito: OddProviderOptions = { metadata: () => ({ code_challenge_methods_supported: undefined }) };
    const { signIn } = await begin(cognito, { profile: 'cognito' });
    expect(await signIn()).toMatchObject(CONNECTED);
    const strict = await begin(cognito, { profile: 'cognito', assumePkce: false });
    expect(await strict.connect()).toMatchObject({ status: 'error', code: 'pkce_unsupported' });
  });
});

describe('doctor', () => {
  it('names the profile, what is done otherwise under it, and where that is documented', async () => {
    const { doctor } = await begin({ metadata: () => ({ registration_endpoint: undefined }) }, { profile: 'entra' });
    expect(await doctor()).toContainEqual({
      step: 'profile',
      ok: null,
      message: expect.stringMatching(
        /^Provider profile "entra": .*no "resource" is sent; no "prompt" is sent; .* See https:/,
      ),
      advice: expect.stringContaining('api://'),
    });
  });

  it('says nothing of a provider that nothing is known of', async () => {
    const { doctor } = await begin({});
    expect((await doctor()).map(({ step }) => step)).not.toContain('profile');
  });
});
