/**
 * A program takes its user's token: from the failed call, by way of a provider that the administrator registers and an
 * account that each user connects, to the same call that works. And what stands in for it: one token for many.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { AuthorizationServerFixture } from '../../support/authorization-server.js';
import { type CheckedApi, startCheckedApi } from '../../support/checked-api.js';
import { apiChildServer } from '../../support/child-servers.js';
import { createStage } from '../../support/stage.js';
import { openTeam, STORY_TIMEOUT_MS, type Team } from '../../support/team.js';

const APP = { clientId: 'the-oauth-app', clientSecret: 'the-secret-of-the-oauth-app' };
const SHARED_PAT = 'ghp_the-token-that-many-share';
const OAUTH = { source: 'oauth', provider: 'github' };

const stage = createStage();
afterEach(() => stage.close());

interface Workspace {
  readonly github: AuthorizationServerFixture;
  readonly api: CheckedApi;
  readonly team: Team;
  /** A member's file, in which GITHUB_TOKEN comes from `source`. */
  policy(source: object | string): Readonly<Record<string, unknown>>;
}

async function workspace(): Promise<Workspace> {
  const github = await stage.authorizationServer({ registration: 'none', clients: [APP], resourceIndicators: false });
  const subjectOf = async (token: string) =>
    token === SHARED_PAT ? 'the-bot' : (await github.findAccessToken(token))?.subject;
  const api = stage.keep(await startCheckedApi(subjectOf, (login) => ({ login })));
  return {
    github,
    api,
    team: await openTeam(stage),
    policy: (source) => ({
      mcpServers: { 'github-mcp': { ...apiChildServer(), env: { GITHUB_API_URL: api.origin, GITHUB_TOKEN: source } } },
    }),
  };
}

describe('Connect OAuth for MCP tools', () => {
  it('from the failed call to the working one: the admin registers the provider, the user connects, the same call works', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const { github, api, team, policy } = await workspace();
    const [admin, alice, bob] = await Promise.all(
      ['grace', 'alice', 'bob'].map((user) => team.member(user, { serversFile: policy(OAUTH) })),
    );
    if (!admin || !alice || !bob) throw new Error('Somebody is not there.');

    expect((await alice.agent.callTool('github-mcp', 'whoami')).payload).toMatchObject({
      status: 'error',
      code: 'invalid_input',
      error: expect.stringContaining('"github"'),
      nextStep: expect.stringContaining('mcp-oauth-broker provider add'),
    });

    const settings = ['--issuer', github.issuer, '--client-id', APP.clientId, '--scope', 'mcp:tools'];
    const added = await admin.run(
      ['provider', 'add', 'github', ...settings, '--client-secret-stdin'],
      APP.clientSecret,
    );
    expect(added).toMatchObject({ exitCode: 0, payload: { status: 'success' } });
    expect(added.stdout + added.stderr).not.toContain(APP.clientSecret);
    const listed = await alice.run(['provider', 'list']);
    expect(listed.payload).toMatchObject({
      providers: [{ id: 'github', clientId: APP.clientId, secretSource: 'vault' }],
    });

    const failed = (await alice.agent.callTool('github-mcp', 'whoami')).payload;
    expect(failed).toMatchObject({ status: 'requires_auth', serverName: 'github-mcp', authType: 'oauth2' });
    expect(new URL(String(failed.authUrl)).origin).toBe(github.issuer);
    expect(await alice.state('github-mcp')).toBe('auth_required');
    expect(api.calls()).toEqual([]);

    await alice.signIn('github-mcp');
    expect(await alice.whoAmI('github-mcp')).toBe('alice');
    expect(await alice.state('github-mcp')).toBe('connected');
    expect((await bob.agent.callTool('github-mcp', 'whoami')).payload).toMatchObject({ status: 'requires_auth' });
    await bob.signIn('github-mcp');
    expect([await alice.whoAmI('github-mcp'), await bob.whoAmI('github-mcp')]).toEqual(['alice', 'bob']);

    github.revokeAccessOf('bob');
    expect(await bob.run(['clear', 'github-mcp'])).toMatchObject({ exitCode: 0, payload: { cleared: { grants: 1 } } });
    expect((await bob.agent.callTool('github-mcp', 'whoami')).payload).toMatchObject({ status: 'requires_auth' });
    expect(await alice.whoAmI('github-mcp')).toBe('alice');
    expect(api.calls().every(({ subject }) => subject !== undefined)).toBe(true);
  });

  it('if everything is static, OAuth connection won’t help until policy changes', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const { team, policy } = await workspace();
    const alice = await team.member('alice', { serversFile: policy(SHARED_PAT) });

    expect(await alice.agent.connect('github-mcp')).toMatchObject({ status: 'success', authType: 'none' });
    expect(await alice.whoAmI('github-mcp')).toBe('the-bot');
  });
});

describe('Shared PAT fallback', () => {
  it.each([
    ['org_secret', '--org', { colleague: true, otherTeam: true }],
    ['team_secret', '--team', { colleague: true, otherTeam: false }],
    ['user_secret', '--user', { colleague: false, otherTeam: false }],
  ] as const)(
    '%s still works, for whom it is meant',
    { timeout: STORY_TIMEOUT_MS },
    async (source, option, reaches) => {
      const { api, team, policy } = await workspace();
      const serversFile = policy({ source, name: 'github-pat' });
      const [owner, colleague, otherTeam] = await Promise.all([
        team.member('alice', { serversFile }),
        team.member('bob', { serversFile }),
        team.member('alice', { serversFile, team: 'marketing' }),
      ]);
      expect((await owner.agent.callTool('github-mcp', 'whoami')).payload).toMatchObject({
        status: 'requires_auth',
        authType: 'api_key',
        reason: 'secret_missing',
        nextStep: expect.stringContaining('mcp-oauth-broker secret set github-pat'),
      });

      expect((await owner.run(['secret', 'set', 'github-pat', option], SHARED_PAT)).exitCode).toBe(0);

      expect(await owner.whoAmI('github-mcp')).toBe('the-bot');
      for (const [member, isReached] of [
        [colleague, reaches.colleague],
        [otherTeam, reaches.otherTeam],
      ] as const) {
        const { payload } = await member.agent.callTool('github-mcp', 'whoami');
        expect(payload).toMatchObject(isReached ? { subject: 'the-bot' } : { reason: 'secret_missing' });
      }
      expect(api.calls().every(({ token }) => token === SHARED_PAT)).toBe(true);
    },
  );
});
