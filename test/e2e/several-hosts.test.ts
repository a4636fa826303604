/**
 * Several hosts and processes of one user, several accounts, and whose a sign-in is (`credentialMode`).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { visit } from '../support/browser.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

async function protectedServer() {
  const authorizationServer = await stage.authorizationServer();
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

/** A home whose servers.json has `mail`, for whoever `credentialMode` says. */
function homeWithMail(url: string, credentialMode: 'per_user' | 'per_agent' | 'shared') {
  return stage.home({ mcpServers: { mail: { url, credentialMode } } });
}

const subjectOf = async (agent: Agent, account?: string): Promise<unknown> =>
  (
    await agent.call('call_mcp_tool', {
      serverName: 'mail',
      toolName: 'whoami',
      ...(account !== undefined && { account }),
    })
  ).payload.subject;

describe('two hosts of one user', () => {
  it('get the same authUrl, also when they ask at the same time, and share what comes of it', async () => {
    const { authorizationServer, server } = await protectedServer();
    const home = await homeWithMail(server.url, 'per_user');
    const claude = await stage.agent({ home, clientName: 'claude-code' });
    const cursor = await stage.agent({ home, clientName: 'cursor', sdk: 'v1' });

    const [one, two] = await Promise.all([claude.connect('mail'), cursor.connect('mail')]);

    expect(one).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    expect([two.authUrl, two.launchUrl]).toEqual([one.authUrl, one.launchUrl]);
    expect(authorizationServer.requests('registration')).toHaveLength(1);
    await visit(String(two.authUrl));
    expect(await claude.connect('mail')).toMatchObject({ status: 'success' });
    expect(await cursor.connect('mail')).toMatchObject({ status: 'success' });
    expect([await subjectOf(claude), await subjectOf(cursor)]).toEqual(['alice', 'alice']);
    expect(authorizationServer.requests('token')).toHaveLength(1);
  });

  it('share a server that one of them added, and clear it for both', async () => {
    const { server } = await protectedServer();
    const home = await stage.home();
    const claude = await stage.agent({ home, clientName: 'claude-code' });
    const cursor = await stage.agent({ home, clientName: 'cursor' });
    await visit(String((await claude.connect('mail', { url: server.url })).authUrl));
    expect(await cursor.connect('mail')).toMatchObject({ status: 'success' });

    expect(await cursor.clear('mail')).toMatchObject({ cleared: { grants: 1, clients: 1 }, revocation: 'revoked' });

    expect(await claude.connect('mail')).toMatchObject({ status: 'requires_auth' });
  });
});

describe('credentialMode', () => {
  it('per_agent: what one host signed in to is not the other’s', async () => {
    const { server } = await protectedServer();
    const home = await homeWithMail(server.url, 'per_agent');
    const claude = await stage.agent({ home, clientName: 'claude-code' });
    const cursor = await stage.agent({ home, clientName: 'cursor' });
    const mine = await claude.connect('mail');
    await visit(String(mine.authUrl));

    const theirs = await cursor.connect('mail');

    expect(theirs).toMatchObject({ status: 'requires_auth' });
    expect(theirs.authUrl).not.toBe(mine.authUrl);
    expect((await cursor.callTool('mail', 'whoami')).payload).toMatchObject({ status: 'requires_auth' });
    await visit(String(theirs.authUrl), { user: 'bob' });
    expect([await subjectOf(claude), await subjectOf(cursor)]).toEqual(['alice', 'bob']);
    await cursor.clear('mail');
    expect(await subjectOf(claude)).toBe('alice');
    const sameAgain = await stage.agent({ home, clientName: 'claude-code' });
    expect(await subjectOf(sameAgain)).toBe('alice');
  });

  it('shared: whoever connects first signs in for the team, and no tool clears it', async () => {
    const { server } = await protectedServer();
    const home = await homeWithMail(server.url, 'shared');
    const alice = await stage.agent({ home, env: { MCP_OAUTH_USER: 'alice' } });
    const bob = await stage.agent({ home, env: { MCP_OAUTH_USER: 'bob' } });
    const outsider = await stage.agent({ home, env: { MCP_OAUTH_USER: 'bob', MCP_OAUTH_TEAM: 'others' } });

    const begun = await alice.connect('mail');
    expect((await bob.connect('mail')).authUrl).toBe(begun.authUrl);
    await visit(String(begun.authUrl));

    expect([await subjectOf(alice), await subjectOf(bob)]).toEqual(['alice', 'alice']);
    expect(await bob.clear('mail')).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(await subjectOf(alice)).toBe('alice');
    expect(await outsider.connect('mail')).toMatchObject({ status: 'requires_auth' });
  });

  it('per_user: two users of one vault are two, and neither gets the other’s answers', async () => {
    const { server } = await protectedServer();
    const home = await homeWithMail(server.url, 'per_user');
    const users = ['alice', 'bob'];
    const agents = await Promise.all(users.map((user) => stage.agent({ home, env: { MCP_OAUTH_USER: user } })));
    for (const [index, agent] of agents.entries()) {
      const { authUrl } = await agent.connect('mail');
      await visit(String(authUrl), { user: users[index] ?? '' });
    }

    const rounds = Array.from({ length: 5 }, () => Promise.all(agents.map((agent) => subjectOf(agent))));

    for (const subjects of await Promise.all(rounds)) expect(subjects).toEqual(users);
  });
});

describe('two accounts of one server', () => {
  it('T56 are two sign-ins and two connections in one process, and are cleared one by one', async () => {
    const { server } = await protectedServer();
    const home = await homeWithMail(server.url, 'per_user');
    const agent = await stage.agent({ home });
    const work = await agent.connect('mail', { account: 'work' });
    const home2 = await agent.connect('mail', { account: 'home' });
    expect(work.authUrl).not.toBe(home2.authUrl);
    await visit(String(work.authUrl), { user: 'alice' });
    await visit(String(home2.authUrl), { user: 'bob' });

    expect(await agent.connect('mail', { account: 'work' })).toMatchObject({ status: 'success', account: 'work' });
    const asked = Array.from({ length: 10 }, (_, index) => subjectOf(agent, index % 2 === 0 ? 'work' : 'home'));
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'alice' : 'bob')));

    await agent.clear('mail', { account: 'work' });
    expect(await agent.connect('mail', { account: 'work' })).toMatchObject({ status: 'requires_auth' });
    expect(await subjectOf(agent, 'home')).toBe('bob');
    const sessions = server.requests('mcp').flatMap(({ headers }) => headers['mcp-session-id'] ?? []);
    expect(new Set(sessions).size).toBeGreaterThanOrEqual(2);
  });
});
