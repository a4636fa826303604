/** A published server that is a program, and takes a provider's token: the API behind it sees a good one in every call. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { visit } from '../support/browser.js';
import { type CheckedApi, startCheckedApi } from '../support/checked-api.js';
import { jsonOf, processGone } from '../support/child-servers.js';
import { descendantsOf, showsProcesses } from '../support/process-tree.js';
import { createStage } from '../support/stage.js';
import { openStoredGrants, type StoredGrants } from '../support/stored-grants.js';

const PROGRAM = fileURLToPath(import.meta.resolve('@zereight/mcp-gitlab/build/index.js'));
const CLIENT = { clientId: 'by-hand', clientSecret: 'a-secret-of-the-client' };
const RECORD = 'provider:acme';
const TIMEOUT_MS = 180_000;

const stage = createStage();
afterEach(() => stage.close());

interface Story {
  readonly acme: AuthorizationServerFixture;
  readonly api: CheckedApi;
  readonly agent: Agent;
  readonly grants: StoredGrants;
}

/** Alice is signed in at the provider whose token the program takes. */
async function signedIn(): Promise<Story> {
  const acme = await stage.authorizationServer({ clients: [CLIENT], registration: 'none', resourceIndicators: false });
  const api = stage.keep(await startCheckedApi(async (token) => (await acme.findAccessToken(token))?.subject, userOf));
  const env = {
    GITLAB_API_URL: `${api.origin}/api/v4`,
    GITLAB_PERSONAL_ACCESS_TOKEN: { source: 'oauth', provider: 'acme' },
    GITLAB_DISABLE_VERSION_CHECK: 'true',
  };
  const home = await stage.home({
    mcpServers: { gitlab: { command: process.execPath, args: [PROGRAM], env } },
    oauthProviders: { acme: { issuer: acme.issuer, ...CLIENT, scope: 'mcp:tools' } },
  });
  const agent = await stage.agent({ home });
  const asked = await agent.connect('gitlab');
  expect(asked).toMatchObject({ status: 'requires_auth', authType: 'oauth2' });
  await visit(String(asked.authUrl));
  expect(await agent.connect('gitlab')).toMatchObject({ status: 'success', authType: 'oauth2', transport: 'stdio' });
  return { acme, api, agent, grants: stage.keep(await openStoredGrants(home)) };
}

async function whoAmI(agent: Agent): Promise<unknown> {
  const { result, isOurs } = await agent.callTool('gitlab', 'whoami');
  if (isOurs || result.isError === true) throw new Error(`No user: ${JSON.stringify(result)}`);
  return jsonOf(result)['username'];
}

/** The one program that the broker runs now. */
async function programOf(agent: Agent): Promise<number> {
  const [program, ...others] = await descendantsOf(agent.broker.pid);
  expect(others).toEqual([]);
  return program?.pid ?? 0;
}

describe('a published program with a provider’s token', () => {
  it('serves the user whose token it is, before and after a refresh, and never sends the old one again', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { acme, api, agent, grants } = await signedIn();
    expect(await whoAmI(agent)).toBe('alice');
    const before = showsProcesses ? await programOf(agent) : undefined;
    const [first] = api.calls();

    acme.dropAccessTokens();
    await grants.expire(RECORD);

    expect(await whoAmI(agent)).toBe('alice');
    expect(acme.refreshCount()).toBe(1);
    expect(api.calls().map(({ subject }) => subject)).toEqual(['alice', 'alice']);
    expect(api.calls()[1]?.token).not.toBe(first?.token);
    if (before === undefined) return;
    await processGone(before);
    expect(await programOf(agent)).not.toBe(before);
  });

  it('finishes what it does when its token is refreshed, and is started anew when it is idle', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { api, agent, grants } = await signedIn();
    let release = (): void => {};
    api.holdNext(new Promise<void>((resolve) => (release = resolve)));
    const working = whoAmI(agent);
    await expect.poll(() => api.calls().length, { timeout: 30_000 }).toBe(1);
    const before = showsProcesses ? await programOf(agent) : undefined;

    await grants.expire(RECORD);
    expect(await whoAmI(agent)).toBe('alice');
    release();
    expect(await working).toBe('alice');

    expect(await whoAmI(agent)).toBe('alice');
    const [atWork, meanwhile, after] = api.calls();
    expect(meanwhile?.token).toBe(atWork?.token);
    expect(after?.token).not.toBe(atWork?.token);
    expect(api.calls().every(({ subject }) => subject === 'alice')).toBe(true);
    if (before !== undefined) await processGone(before);
  });

  it('is told to ask its user where the provider no longer renews, and the API sees no dead token', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { acme, api, agent, grants } = await signedIn();
    expect(await whoAmI(agent)).toBe('alice');

    acme.dropAccessTokens();
    acme.dropRefreshTokens();
    await grants.expire(RECORD);

    expect((await agent.callTool('gitlab', 'whoami')).payload).toMatchObject({
      status: 'requires_auth',
      serverName: 'gitlab',
      reason: 'grant_rejected',
    });
    expect(api.calls()).toHaveLength(1);
  });
});

/** As GitLab describes the user of a token. */
function userOf(username: string): Readonly<Record<string, unknown>> {
  const unsaid = [
    'avatar_url',
    'bio',
    'location',
    'public_email',
    'website_url',
    'organization',
    'job_title',
    'email',
    'last_sign_in_at',
    'confirmed_at',
    'last_activity_on',
  ];
  return {
    id: 1,
    username,
    name: username,
    state: 'active',
    web_url: `https://gitlab.example/${username}`,
    created_at: '2026-01-01T00:00:00Z',
    ...Object.fromEntries(unsaid.map((field) => [field, null])),
  };
}
