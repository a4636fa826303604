/** What a program is started with: a provider's token and secrets by name; what brings them, renews them and clears them. */
import { describe, expect, it } from 'vitest';
import type { ConnectArguments, Outcome } from '../../../src/broker/index.js';
import type { Principal } from '../../../src/core/principal.js';
import type { AuthorizationServerFixture, AuthorizationServerOptions } from '../../support/authorization-server.js';
import { isCallback, submitForm, visit } from '../../support/browser.js';
import { childServer, jsonOf, processGone } from '../../support/child-servers.js';
import { composedStage } from '../../support/composed-stage.js';
import { checkPayload } from '../../support/payload-shapes.js';
import { writeServersFile } from '../../support/stage.js';

const CLIENT = { clientId: 'by-hand', clientSecret: 'a-secret-of-the-client' };
const TOKEN = { source: 'oauth', provider: 'acme' };

const at = composedStage();

/** One program, `local`, with these variables, and what else the file says. */
function serversFile(env: object, more: object = {}, servers: object = {}): Promise<void> {
  return writeServersFile(at.home, { mcpServers: { local: { ...childServer(), env }, ...servers }, ...more });
}

async function connect(args: Partial<ConnectArguments> = {}, principal = at.composed.principal): Promise<Outcome> {
  const outcome = await at.composed.broker.connect(principal, { serverName: 'local', ...args });
  checkPayload(outcome);
  return outcome;
}

async function call(toolName: string, serverName = 'local', principal: Principal = at.composed.principal) {
  const called = await at.composed.broker.callTool(principal, { serverName, toolName, arguments: {} });
  return 'result' in called ? jsonOf(called.result) : called;
}

function authUrlOf(outcome: Outcome): string {
  if (!('authUrl' in outcome) || outcome.authUrl === null)
    throw new Error(`Nothing to visit: ${JSON.stringify(outcome)}`);
  return outcome.authUrl;
}

/** An authorization server behind no MCP server, named by its issuer. */
async function provider(options: AuthorizationServerOptions = {}): Promise<AuthorizationServerFixture> {
  return at.stage.authorizationServer({
    clients: [CLIENT],
    registration: 'none',
    resourceIndicators: false,
    ...options,
  });
}

function named({ issuer }: AuthorizationServerFixture, settings: object = {}): object {
  return { oauthProviders: { acme: { issuer, ...CLIENT, scope: 'mcp:tools', ...settings } } };
}

async function signedIn(options: AuthorizationServerOptions = {}): Promise<AuthorizationServerFixture> {
  const acme = await provider(options);
  await serversFile({ ACME_TOKEN: TOKEN }, named(acme));
  await visit(authUrlOf(await connect()));
  return acme;
}

describe("a provider's token", () => {
  it('is signed in for by the server that needs it, and given to its program', async () => {
    const acme = await provider();
    await serversFile({ ACME_TOKEN: TOKEN, PLAIN: 'as it is' }, named(acme));

    const asked = await connect();
    expect(asked).toMatchObject({
      status: 'requires_auth',
      serverName: 'local',
      authType: 'oauth2',
      completion: 'callback',
      scope: 'mcp:tools',
    });
    expect(new URL(authUrlOf(asked)).searchParams.has('resource')).toBe(false);
    expect(authUrlOf(await connect())).toBe(authUrlOf(asked));
    expect(await call('echo')).toMatchObject({ kind: 'outcome', outcome: { status: 'requires_auth' } });
    const page = await visit(authUrlOf(asked));
    expect(page.body).toContain('You are connected to acme');

    expect(await connect()).toMatchObject({ status: 'success', authType: 'oauth2', transport: 'stdio' });
    const { ACME_TOKEN: token, PLAIN: plain } = (await call('environment')) as Record<string, string>;
    expect(plain).toBe('as it is');
    expect(await acme.findAccessToken(token ?? '')).toMatchObject({ subject: 'alice' });
  });

  it('of endpoints that the file names, with a client secret of the organisation', async () => {
    const acme = await provider({ advertiseIss: false });
    const { issuer } = acme;
    await at.composed.broker.storeSecret(at.composed.principal, {
      scope: 'org',
      name: 'acme',
      value: CLIENT.clientSecret,
    });
    await serversFile(
      { ACME_TOKEN: TOKEN },
      {
        oauthProviders: {
          acme: {
            authorizationEndpoint: `${issuer}/authorize`,
            tokenEndpoint: `${issuer}/token`,
            clientId: CLIENT.clientId,
            clientSecret: { source: 'org_secret', name: 'acme' },
            scope: 'mcp:tools',
          },
        },
      },
    );
    await visit(authUrlOf(await connect()));

    expect(await connect()).toMatchObject({ status: 'success' });
    expect(acme.requests().map(({ endpoint }) => endpoint)).not.toContain('metadata');
  });

  it('asks first for the client secret of its provider, where nobody has stored that, in the name of the server', async () => {
    const clientSecret = { source: 'org_secret', name: 'acme' };
    await serversFile({ ACME_TOKEN: TOKEN }, named(await provider(), { clientSecret }));
    const missing = { status: 'requires_auth', serverName: 'local', reason: 'secret_missing', authUrl: null };
    expect(await connect()).toMatchObject({
      ...missing,
      nextStep: expect.stringContaining('mcp-oauth-broker secret set acme --org'),
    });
    expect(await call('echo')).toMatchObject({ kind: 'outcome', outcome: missing });

    await at.composed.broker.storeSecret(at.composed.principal, {
      scope: 'org',
      name: 'acme',
      value: CLIENT.clientSecret,
    });
    await visit(authUrlOf(await connect()));
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it('is one for all servers that name it, and ends with the last of them that is cleared', async () => {
    const acme = await signedIn();
    await serversFile({ ACME_TOKEN: TOKEN }, named(acme), { other: { ...childServer(), env: { TOKEN } } });
    const local = (await call('environment')) as Record<string, string>;
    const other = (await call('environment', 'other')) as Record<string, string>;
    expect(other['TOKEN']).toBe(local['ACME_TOKEN']);

    expect(await at.composed.broker.clearAuth(at.composed.principal, { serverName: 'local' })).toMatchObject({
      cleared: { grants: 0 },
      revocation: 'none',
    });
    expect(await call('environment', 'other')).toMatchObject({ TOKEN: local['ACME_TOKEN'] });
    expect(await at.composed.broker.clearAuth(at.composed.principal, { serverName: 'other' })).toMatchObject({
      cleared: { grants: 1 },
      revocation: 'revoked',
    });
    expect(await connect()).toMatchObject({ status: 'requires_auth' });
  });

  it('is of one owner: another agent of the same user has none of a server per agent', async () => {
    const acme = await provider();
    const entry = { ...childServer(), env: { TOKEN }, credentialMode: 'per_agent' };
    await writeServersFile(at.home, { mcpServers: { local: entry }, ...named(acme) });
    await visit(authUrlOf(await connect()));

    expect(await connect()).toMatchObject({ status: 'success' });
    expect(await connect({}, { ...at.composed.principal, agent: 'another' })).toMatchObject({
      status: 'requires_auth',
    });
    expect(await connect({ account: 'second' })).toMatchObject({ status: 'requires_auth' });
  });

  it('R35 is refreshed, and its program started anew with the new one when it is idle', async () => {
    const acme = await signedIn({ accessTokenTtlSeconds: 600 });
    const before = (await call('environment')) as Record<string, string>;
    const { pid } = (await call('process')) as { pid: number };

    at.composed.advance(500_000);

    const after = (await call('environment')) as Record<string, string>;
    expect(after['ACME_TOKEN']).not.toBe(before['ACME_TOKEN']);
    expect(acme.refreshCount()).toBe(1);
    await processGone(pid);
    expect(await call('process')).not.toMatchObject({ pid });
  });

  it('that is refreshed while its program works does not disturb the work', async () => {
    await signedIn({ accessTokenTtlSeconds: 600 });
    const { pid } = (await call('process')) as { pid: number };
    const caller = new AbortController();
    const working = at.composed.broker
      .callTool(at.composed.principal, { serverName: 'local', toolName: 'hang' }, { signal: caller.signal })
      .catch(() => 'cancelled');
    await expect.poll(async () => (await call('process')) as { pid: number }).toMatchObject({ pid });

    at.composed.advance(500_000);
    expect(await call('process')).toMatchObject({ pid });
    caller.abort(new Error('enough'));
    await working;

    await expect.poll(async () => ((await call('process')) as { pid: number }).pid).not.toBe(pid);
    await processGone(pid);
  });

  it('that the provider no longer renews asks for a sign-in with the reason', async () => {
    const acme = await signedIn({ accessTokenTtlSeconds: 600 });
    acme.dropRefreshTokens();
    at.composed.advance(700_000);

    expect(await connect()).toMatchObject({ status: 'requires_auth', serverName: 'local', reason: 'grant_rejected' });
  });

  it('goes to no other issuer than it was given for', async () => {
    await signedIn();
    const other = await provider();
    await serversFile({ ACME_TOKEN: TOKEN }, named(other));

    const asked = await connect();
    expect(asked).toMatchObject({ status: 'requires_auth', reason: 'issuer_changed' });
    expect(authUrlOf(asked)).toContain(other.issuer);
    expect(other.requests().map(({ endpoint }) => endpoint)).not.toContain('token');
  });

  it('is signed in for by a pasted answer, and by the client that a call brings', async () => {
    const acme = await provider();
    await serversFile({ ACME_TOKEN: TOKEN }, { oauthProviders: { acme: { issuer: acme.issuer } } });
    expect(await connect()).toMatchObject({
      status: 'requires_oauth_config',
      serverName: 'local',
      reason: 'registration_unavailable',
      nextStep: expect.not.stringContaining('provider:'),
    });
    const asked = await connect({ ...CLIENT, scope: 'mcp:tools', flow: 'paste_back' });
    expect(asked).toMatchObject({ status: 'requires_auth', completion: 'paste_back' });
    const { finalUrl } = await visit(authUrlOf(asked), { stopBefore: isCallback });

    expect(await connect({ callbackUrl: finalUrl })).toMatchObject({ status: 'success' });
    expect(await connect({ callbackUrl: finalUrl })).toMatchObject({ status: 'error', code: 'state_invalid' });
  });

  it('is waited for', async () => {
    const acme = await provider();
    await serversFile({ ACME_TOKEN: TOKEN }, named(acme));
    const authUrl = authUrlOf(await connect());
    const waiting = connect({ waitSeconds: 40 });
    await visit(authUrl);

    expect(await waiting).toMatchObject({ status: 'success' });
  });

  it('that was refused by the user is said once', async () => {
    const acme = await provider();
    await serversFile({ ACME_TOKEN: TOKEN }, named(acme));
    await visit(authUrlOf(await connect()), { deny: true });

    expect(await connect()).toMatchObject({ status: 'error', serverName: 'local', code: 'authorization_denied' });
    expect(await connect()).toMatchObject({ status: 'requires_auth' });
  });

  it('is bound to no key, which its program could not prove', async () => {
    const acme = await signedIn({ dpop: true });

    expect(await connect()).toMatchObject({ status: 'success' });
    expect(acme.requests('token').map(({ headers }) => headers.dpop)).toEqual([undefined]);
  });

  it('of a provider that the file does not name is asked of the user', async () => {
    await serversFile({ ACME_TOKEN: TOKEN });

    expect(await connect()).toMatchObject({ status: 'error', code: 'invalid_input' });
  });

  it('is listed with the server that takes it', async () => {
    await signedIn();
    await connect();

    expect(await at.composed.broker.listServers(at.composed.principal, 'local')).toMatchObject({
      servers: [{ authType: 'oauth2', requiresOAuth: true, accounts: [{ state: 'connected', scope: 'mcp:tools' }] }],
    });
  });
});

describe("a user's secret", () => {
  it('is asked for by a form on this machine, and kept for every server that names it', async () => {
    const KEY = { source: 'user_secret', name: 'acme-key' };
    await serversFile({ KEY }, {}, { other: { ...childServer(), env: { KEY } } });
    const asked = await connect();
    expect(asked).toMatchObject({
      status: 'requires_auth',
      serverName: 'local',
      authType: 'api_key',
      reason: 'secret_missing',
      completion: 'form',
      nextStep: expect.stringContaining('mcp-oauth-broker secret set acme-key'),
    });

    const page = await visit(authUrlOf(asked), { submitForms: false });
    expect(page.body).toContain('acme-key');
    expect((await submitForm(page, { key: '' })).status).toBe(422);
    expect((await submitForm(page, { key: 'canary-of-the-user' })).status).toBe(200);

    expect(await connect()).toMatchObject({ status: 'success', authType: 'api_key' });
    expect(await call('environment', 'other')).toMatchObject({ KEY: 'canary-of-the-user' });
  });

  it('is nobody else’s', async () => {
    await serversFile({ KEY: { source: 'user_secret', name: 'acme-key' } });
    await at.composed.broker.storeSecret(at.composed.principal, {
      scope: 'user',
      name: 'acme-key',
      value: 'canary-one',
    });

    expect(await connect()).toMatchObject({ status: 'success' });
    expect(await connect({}, { ...at.composed.principal, user: 'bob' })).toMatchObject({ reason: 'secret_missing' });
  });

  it('that is replaced reaches the program by starting it anew', async () => {
    await serversFile({ KEY: { source: 'user_secret', name: 'acme-key' } });
    const store = (value: string) =>
      at.composed.broker.storeSecret(at.composed.principal, { scope: 'user', name: 'acme-key', value });
    await store('canary-one');
    expect(await call('environment')).toMatchObject({ KEY: 'canary-one' });
    await store('canary-two');

    expect(await call('environment')).toMatchObject({ KEY: 'canary-two' });
  });
});

describe.each([
  ['team', 'team_secret', '--team'],
  ['org', 'org_secret', '--org'],
] as const)('a secret of the %s', (scope, source, option) => {
  it('is for an administrator to store', async () => {
    await serversFile({ KEY: { source, name: 'acme key' } });

    const asked = await connect();
    expect(asked).toMatchObject({
      status: 'requires_auth',
      authType: 'api_key',
      authUrl: null,
      reason: 'secret_missing',
      nextStep: expect.stringContaining(`mcp-oauth-broker secret set 'acme key' ${option}`),
    });
    expect(asked, 'the user has no form to fill in').not.toHaveProperty('completion');
    await at.composed.broker.storeSecret(at.composed.principal, { scope, name: 'acme key', value: 'canary-of-all' });
    expect(await call('environment')).toMatchObject({ KEY: 'canary-of-all' });
    const colleague = { ...at.composed.principal, user: 'bob' };
    expect(await call('environment', 'local', colleague)).toMatchObject({ KEY: 'canary-of-all' });
  });
});

describe('what is stored', () => {
  it.each([
    ['no name', '', 'canary-value'],
    ['a name that cannot be shown', 'acme\u202ekey', 'canary-value'],
    ['nothing', 'acme', ' '],
    ['two lines', 'acme', 'canary\nNODE_OPTIONS=1'],
  ])('T70 has %s not', async (_what, name, value) => {
    expect(await at.composed.broker.storeSecret(at.composed.principal, { scope: 'user', name, value })).toMatchObject({
      status: 'error',
      code: 'invalid_input',
    });
  });
});

describe('a server with a URL', () => {
  it('takes its headers and its key from the same sources', async () => {
    const acme = await signedIn();
    const server = await at.stage.server({ authorizationServer: acme });
    await writeServersFile(at.home, {
      mcpServers: {
        local: {
          url: server.url,
          auth: 'bearer',
          value: TOKEN,
          headers: { 'X-Workspace': { source: 'user_secret', name: 'workspace' } },
        },
      },
      ...named(acme),
    });

    const asked = await connect();
    expect(asked).toMatchObject({ status: 'requires_auth', authType: 'api_key', reason: 'secret_missing' });
    const page = await visit(authUrlOf(asked), { submitForms: false });
    await submitForm(page, { key: 'canary-workspace' });
    expect(await connect()).toMatchObject({ status: 'success', authType: 'bearer' });
    const workspaces = () => server.requests('mcp').map(({ headers }) => headers['x-workspace']);
    expect(workspaces()).toContain('canary-workspace');

    server.forgetRequests();
    await at.composed.broker.storeSecret(at.composed.principal, {
      scope: 'user',
      name: 'workspace',
      value: 'canary-other',
    });
    expect(await connect()).toMatchObject({ status: 'success' });
    expect(workspaces()).toContain('canary-other');
    const cleared = await at.composed.broker.clearAuth(at.composed.principal, { serverName: 'local' });
    expect(cleared).toMatchObject({ cleared: { grants: 1, secrets: 1 }, revocation: 'revoked' });
  });

  it('whose header is not stored yet says so where a key is tried and where doctor looks', async () => {
    const { url } = await at.stage.server();
    const headers = { 'X-Workspace': { source: 'user_secret', name: 'workspace' } };
    await writeServersFile(at.home, { mcpServers: { local: { url, auth: 'bearer', headers } } });

    const named = expect.stringContaining('the secret "workspace"');
    const stored = await at.composed.broker.storeKey(at.composed.principal, {
      serverName: 'local',
      value: 'canary-key',
    });
    expect(stored).toMatchObject({ status: 'error', code: 'invalid_input', error: named });
    const findings = await at.composed.broker.diagnose(at.composed.principal, 'local');
    const probed = findings.find(({ step }) => step === 'probe');
    expect(probed).toMatchObject({ ok: false, code: 'invalid_input', message: named });
  });
});
