/**
 * Everything secret that passes through a broker at its most talkative, and everything that it leaves behind.
 * The secrets are collected from what the servers received, so that none is forgotten.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { type Page, submitForm, visit } from '../support/browser.js';
import { filesOf, findSecrets, type Places, processesOf } from '../support/secret-scan.js';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'canary';
const CLIENT = { clientId: 'the-client', clientSecret: 'canary+client/secret=?&%41"\\~0123456789' };
const API_KEY = 'canary-api-key+/=0123456789&"';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;

const stage = createStage();
afterAll(() => stage.close());

describe('the search itself', () => {
  it.each([
    ['itself', (secret: string) => secret],
    ['URL', (secret: string) => encodeURIComponent(secret)],
    ['base64', (secret: string) => Buffer.from(`client:${secret}:x`).toString('base64')],
    ['base64 one further', (secret: string) => Buffer.from(`-client:${secret}:x`).toString('base64')],
    ['base64url two further', (secret: string) => Buffer.from(`--client:${secret}:x`).toString('base64url')],
  ])('finds a secret as %s', (_form, encode) => {
    expect(findSecrets({ secret: [API_KEY] }, { here: `before ${encode(API_KEY)} after` })).not.toEqual([]);
    expect(findSecrets({ secret: [API_KEY] }, { here: 'canary-api-kex' })).toEqual([]);
  });
});

describe('a broker that logs everything', () => {
  it('T24 T48 T55 T68 T81 leaves no secret of sign-in, refresh, step-up and clear anywhere', async () => {
    const toolsRequiringScope = { write_note: 'mcp:write' };
    const signedIn = await signIn(stage, NAME, {
      authorizationServer: { registration: 'none', clients: [CLIENT] },
      server: { toolsRequiringScope },
      broker: { env: { MCP_OAUTH_LOG: 'debug' } },
      connect: CLIENT,
    });
    const { agent, home, grants } = signedIn;
    const pages: Page[] = [];
    const places: Record<string, string | Uint8Array> = {};
    const secrets = collector(signedIn);
    let looks = 0;
    // What is overwritten later counts as well.
    const look = async () => {
      looks += 1;
      const seen = { ...(await filesOf(home.path)), ...(await processesOf()) };
      for (const [place, content] of Object.entries(seen)) places[`${place} (look ${looks})`] = content;
      await secrets.collect((await grants.find(NAME))?.value);
    };

    const leaked = await agent.callTool(NAME, 'leak_token');
    expect(JSON.stringify(leaked.result)).toContain('[redacted]');
    await look();
    await refreshInManyWays(signedIn, look);
    await stepUp(agent, pages);
    await look();
    await storeApiKey(agent, pages);
    await agent.call('list_mcp_servers');
    await look();
    await failWithEchoes(signedIn, pages);
    await look();
    expect(await agent.clear(NAME)).toMatchObject({ status: 'success' });
    await look();

    expect(agent.broker.stderr()).toContain('"level":20');
    Object.assign(places, {
      stdout: agent.broker.stdout(),
      stderr: agent.broker.stderr(),
      ...Object.fromEntries(pages.map((page, index) => [`page ${index}`, page.body])),
    } satisfies Places);
    if (process.platform === 'linux') expect(places).toHaveProperty([`/proc/${agent.broker.pid}/environ (look 1)`]);
    const found = secrets.values();
    for (const [name, values] of Object.entries(found)) expect(values.size, name).toBeGreaterThan(0);
    expect(found['access token']?.size).toBeGreaterThanOrEqual(3);
    expect(found['authorization code']?.size).toBeGreaterThanOrEqual(2);
    expect(findSecrets(found, places)).toEqual([]);
  });
});

/** Gathers every secret that a server has seen or the vault holds. */
function collector({ authorizationServer, server }: SignedIn) {
  const found: Record<string, Set<string>> = {
    'client secret': new Set([CLIENT.clientSecret]),
    'API key': new Set([API_KEY]),
    'access token': new Set(),
    'refresh token': new Set(),
    'authorization code': new Set(),
    'code verifier': new Set(),
  };
  const add = (name: string, value: string | undefined) => value !== undefined && found[name]?.add(value);
  return {
    collect: async (grant: { accessToken: string; refreshToken?: string } | undefined) => {
      add('access token', grant?.accessToken);
      add('refresh token', grant?.refreshToken);
      for (const { parameters } of authorizationServer.requests('token')) {
        add('refresh token', parameters.refresh_token);
        add('authorization code', parameters.code);
        add('code verifier', parameters.code_verifier);
      }
      for (const header of server.authorizationsSeen()) add('access token', header.replace('Bearer ', ''));
    },
    values: () => found,
  };
}

async function refreshInManyWays({ agent, authorizationServer, grants }: SignedIn, look: () => Promise<void>) {
  for (const weather of [
    { respond: { status: 503 } },
    { beforeForward: 'reset' },
    { respond: { status: 200 } },
  ] as const) {
    authorizationServer.bend({ ...REFRESH, ...weather });
    await grants.expire(NAME);
    expect((await agent.callTool(NAME, 'whoami')).payload).toMatchObject({ status: 'error' });
    authorizationServer.straighten();
    await grants.change(NAME, ({ refreshNotBefore: _wait, ...grant }) => grant);
  }
  authorizationServer.dropAccessTokens();
  expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false });
  await look();
}

async function stepUp(agent: Agent, pages: Page[]) {
  const asked = await agent.callTool(NAME, 'write_note', { text: 'x' });
  expect(asked.payload).toMatchObject({ status: 'requires_auth', reason: 'insufficient_scope' });
  pages.push(await visit(String(asked.payload.authUrl)));
  expect(await agent.callTool(NAME, 'write_note', { text: 'x' })).toMatchObject({ isOurs: false });
}

async function storeApiKey(agent: Agent, pages: Page[]) {
  const server = await stage.server();
  const asked = await agent.connect('keyed', { url: server.url, authType: 'api_key' });
  const form = await visit(String(asked.authUrl), { submitForms: false });
  pages.push(form, await submitForm(form, { key: API_KEY }));
  expect(await agent.connect('keyed')).toMatchObject({ status: 'success', authType: 'api_key' });
  expect(server.requests('mcp').some(({ headers }) => headers['x-api-key'] === API_KEY)).toBe(true);
}

/** Servers that quote the secrets which they were sent, in every place where a broker could repeat them. */
async function failWithEchoes({ agent, authorizationServer, grants, server }: SignedIn, pages: Page[]) {
  authorizationServer.bend({
    ...REFRESH,
    times: 1,
    respond: ({ body, parameters }) => ({
      status: 400,
      headers: { 'x-echo': body },
      body: { error: 'invalid_request', error_description: parameters.refresh_token, error_uri: body },
    }),
  });
  await grants.expire(NAME);
  expect((await agent.callTool(NAME, 'whoami')).payload).toMatchObject({ status: 'error' });
  await agent.callTool(NAME, 'whoami');
  server.bend({
    endpoint: 'mcp',
    parameters: { method: 'tools/call' },
    times: 1,
    respond: ({ headers }) => ({ status: 500, body: `You sent ${headers.authorization}` }),
  });
  expect((await agent.callTool(NAME, 'whoami')).payload).toMatchObject({ status: 'error' });
  authorizationServer.dropRefreshTokens();
  await grants.expire(NAME);
  const asked = await agent.callTool(NAME, 'whoami');
  authorizationServer.bend({
    endpoint: 'token',
    times: 1,
    respond: ({ parameters, headers }) => ({
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: `${parameters.code} ${parameters.code_verifier} ${headers.authorization}`,
      },
    }),
  });
  pages.push(await visit(String(asked.payload.authUrl)));
  expect(await agent.connect(NAME)).toMatchObject({ status: 'error', code: 'authorization_failed' });
}
