/**
 * `clear_mcp_auth`: what it counts, what it revokes, and whose it clears (contract, section 3).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import type { AuthorizationServerOptions } from '../support/authorization-server.js';
import { isCallback, visit } from '../support/browser.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { createStage, writeServersFile } from '../support/stage.js';
import { openStoredGrants } from '../support/stored-grants.js';

const stage = createStage();
afterEach(() => stage.close());

async function signIn(agent: Agent, serverName: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const asked = await agent.connect(serverName, args);
  const { account, ...rest } = args;
  expect(asked, JSON.stringify(rest)).toMatchObject({ status: 'requires_auth' });
  await visit(String(asked.authUrl));
  const again = account === undefined ? {} : { account };
  expect(await agent.connect(serverName, again)).toMatchObject({ status: 'success' });
}

async function protectedPair(options: AuthorizationServerOptions = {}) {
  const authorizationServer = await stage.authorizationServer(options);
  return { authorizationServer, server: await stage.server({ authorizationServer }) };
}

const NOTHING = { grants: 0, secrets: 0, clients: 0, pending: 0 };

describe('clear_mcp_auth', () => {
  it('revokes the tokens, forgets grant and registration, and cancels; then everything begins from the start', async () => {
    const { authorizationServer, server } = await protectedPair();
    const agent = await stage.agent();
    await signIn(agent, 'mailbox', { url: server.url });
    const [token = ''] = server.authorizationsSeen().map((value) => value.replace('Bearer ', ''));

    expect(await agent.clear('mailbox')).toEqual({
      status: 'success',
      serverName: 'mailbox',
      cleared: { ...NOTHING, grants: 1, clients: 1 },
      revocation: 'revoked',
    });
    expect(authorizationServer.requests('revocation')[0]?.parameters.token_type_hint).toBe('refresh_token');
    expect(await authorizationServer.findAccessToken(token)).toBeUndefined();
    expect(await agent.clear('mailbox')).toMatchObject({ cleared: NOTHING, revocation: 'none' });
    expect((await agent.callTool('mailbox', 'whoami')).payload).toMatchObject({ status: 'requires_auth' });
    expect(server.callCount('whoami')).toBe(0);
    expect(authorizationServer.requests('registration', {}).filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  it('deletes the client that we registered at the authorization server, unless another server uses it', async () => {
    const { authorizationServer, server } = await protectedPair();
    const other = await stage.server({ authorizationServer });
    const agent = await stage.agent();
    await signIn(agent, 'mailbox', { url: server.url });
    await signIn(agent, 'calendar', { url: other.url });
    const deletions = () => authorizationServer.requests('registration').filter(({ method }) => method === 'DELETE');

    await agent.clear('mailbox');
    expect(deletions()).toHaveLength(0);
    expect(await agent.connect('calendar')).toMatchObject({ status: 'success' });
    expect(await agent.clear('calendar')).toMatchObject({ cleared: { clients: 1 }, revocation: 'revoked' });
    expect(deletions()).toHaveLength(1);
    expect(agent.everythingSaid()).not.toContain(deletions()[0]?.headers.authorization?.replace('Bearer ', '') ?? '');
  });

  it.each<{ revocation: string; options: AuthorizationServerOptions; fails?: true }>([
    { revocation: 'unsupported', options: { revocation: false } },
    { revocation: 'failed', options: {}, fails: true },
  ])(
    'says that revocation was $revocation, and forgets locally all the same',
    async ({ revocation, options, fails }) => {
      const { authorizationServer, server } = await protectedPair(options);
      const agent = await stage.agent();
      await signIn(agent, 'mailbox', { url: server.url });
      if (fails) authorizationServer.bend({ endpoint: 'revocation', respond: { status: 503 } });

      expect(await agent.clear('mailbox')).toMatchObject({ cleared: { grants: 1 }, revocation });
      expect(await agent.connect('mailbox')).toMatchObject({ status: 'requires_auth' });
    },
  );

  it('counts a stored token, a client by hand and a sign-in that waits', async () => {
    const { server } = await incidentManager(stage);
    const agent = await stage.agent();
    await agent.connect('waiting', { url: server.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });

    expect(await agent.clear('waiting')).toMatchObject({
      cleared: { ...NOTHING, clients: 1, pending: 1 },
      revocation: 'none',
    });
  });

  it('clears one account, or all with the client and the registration', async () => {
    const { server } = await protectedPair();
    const agent = await stage.agent();
    await signIn(agent, 'mailbox', { url: server.url });
    await signIn(agent, 'mailbox', { account: 'work' });

    expect(await agent.clear('mailbox', { account: 'work' })).toMatchObject({ cleared: { ...NOTHING, grants: 1 } });
    expect(await agent.connect('mailbox')).toMatchObject({ status: 'success', account: 'default' });
    expect(await agent.connect('mailbox', { account: 'work' })).toMatchObject({ status: 'requires_auth' });
    expect(await agent.clear('mailbox')).toMatchObject({
      cleared: { ...NOTHING, grants: 1, clients: 1, pending: 1 },
      revocation: 'revoked',
    });
    expect(await agent.connect('mailbox')).toMatchObject({ status: 'requires_auth' });
  });

  it('clears what this user owns, and nobody else’s', async () => {
    const { server } = await protectedPair();
    const agent = await stage.agent();
    const bob = await stage.agent({ home: agent.broker.home, env: { MCP_OAUTH_USER: 'bob' } });
    await signIn(agent, 'mailbox', { url: server.url });
    await signIn(bob, 'mailbox', { url: server.url });

    expect(await bob.clear('mailbox')).toMatchObject({ cleared: { grants: 1 } });
    expect(await agent.connect('mailbox')).toMatchObject({ status: 'success' });
    expect(await bob.connect('mailbox')).toMatchObject({ status: 'requires_auth' });
  });

  it('clears tokens that cannot be read any more, and counts them; then everything begins from the start', async () => {
    const { server } = await protectedPair();
    const agent = await stage.agent();
    await signIn(agent, 'mailbox', { url: server.url });
    await stage.keep(await openStoredGrants(agent.broker.home)).damage('mailbox');
    expect(await agent.connect('mailbox')).toMatchObject({ status: 'error', code: 'vault_unreadable' });

    expect(await agent.clear('mailbox')).toMatchObject({ cleared: { grants: 1 }, revocation: 'none' });
    await signIn(agent, 'mailbox');
  });

  it('ends a sign-in that is under way: its answer connects nobody', async () => {
    const { authorizationServer, server } = await protectedPair();
    const agent = await stage.agent();
    const asked = await agent.connect('mailbox', { url: server.url });
    const { finalUrl } = await visit(String(asked.authUrl), { stopBefore: isCallback });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    authorizationServer.bend({ endpoint: 'token', holdAfter: held });

    const answering = fetch(finalUrl);
    await expect.poll(() => authorizationServer.requests('token').length).toBe(1);
    expect(await agent.clear('mailbox')).toMatchObject({ cleared: { pending: 1 } });
    release();

    expect((await answering).status).toBe(400);
    expect(await agent.connect('mailbox')).toMatchObject({ status: 'requires_auth' });
  });
});

describe('which names can be cleared', () => {
  it('is success with zeros for a known name, unknown_server for one that never was', async () => {
    const { server } = await protectedPair();
    const home = await stage.home({ mcpServers: { filed: { url: server.url } } });
    const agent = await stage.agent({ home });

    for (const known of ['filed', 'linear']) {
      expect(await agent.clear(known)).toMatchObject({ status: 'success', cleared: NOTHING, revocation: 'none' });
    }
    expect(await agent.clear('never-was')).toMatchObject({ status: 'error', code: 'unknown_server' });
    expect(await agent.connect('never-was')).toMatchObject({ status: 'error', code: 'unknown_server' });
  });

  it('is also a name that vanished from the configuration', async () => {
    const { server } = await protectedPair();
    const home = await stage.home({ mcpServers: { filed: { url: server.url } } });
    const first = await stage.agent({ home });
    await signIn(first, 'filed');
    await first.close();
    await writeServersFile(home, { mcpServers: {} });
    const agent = await stage.agent({ home });

    expect(await agent.connect('filed')).toMatchObject({ code: 'unknown_server' });
    expect(await agent.clear('filed')).toMatchObject({ cleared: { grants: 1, clients: 1 }, revocation: 'revoked' });
  });

  it('is not a shared one: that is for the command line', async () => {
    const { server } = await protectedPair();
    const home = await stage.home({ mcpServers: { ours: { url: server.url, credentialMode: 'shared' } } });
    const agent = await stage.agent({ home });
    const bob = await stage.agent({ home, env: { MCP_OAUTH_USER: 'bob' } });
    await signIn(agent, 'ours');

    expect(await bob.connect('ours')).toMatchObject({ status: 'success' });
    expect(await bob.clear('ours')).toMatchObject({
      status: 'error',
      code: 'invalid_input',
      nextStep: expect.stringContaining('mcp-oauth-broker clear ours'),
    });
    expect(await bob.connect('ours')).toMatchObject({ status: 'success' });
  });
});
