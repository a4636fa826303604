/**
 * URLs that an agent gives for a name: what it can never make of what is stored (T57, T59, T60, T62, T67).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { visit } from '../support/browser.js';
import { createStage, writeServersFile } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

async function signIn(agent: Agent, serverName: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const asked = await agent.connect(serverName, args);
  await visit(String(asked.authUrl));
  expect(await agent.connect(serverName)).toMatchObject({ status: 'success', authType: 'oauth2' });
}

const protectedServer = async () => stage.server({ authorizationServer: await stage.authorizationServer() });

describe('T57 a name that stands for one URL', () => {
  it('is server_url_mismatch with another while anything is stored; after clear_mcp_auth it takes the new one', async () => {
    const server = await protectedServer();
    const moved = await protectedServer();
    const agent = await stage.agent();
    await agent.connect('mailbox', { url: server.url });
    const mismatch = {
      status: 'error',
      code: 'server_url_mismatch',
      nextStep: expect.stringContaining('clear_mcp_auth'),
    };

    expect(await agent.connect('mailbox', { url: moved.url })).toMatchObject(mismatch);
    await signIn(agent, 'mailbox');
    expect(await agent.connect('mailbox', { url: moved.url })).toMatchObject(mismatch);
    expect(await agent.connect('mailbox', { url: server.url })).toMatchObject({ status: 'success' });
    expect(moved.requests()).toHaveLength(0);

    await agent.clear('mailbox');
    expect(await agent.connect('mailbox', { url: moved.url })).toMatchObject({ status: 'requires_auth' });
    await signIn(agent, 'mailbox');
    expect(await agent.callTool('mailbox', 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(moved.callCount('whoami')).toBe(1);
    expect(server.authorizationsSeen().some((token) => moved.authorizationsSeen().includes(token))).toBe(false);
  });

  it("is server_url_mismatch where the user's file has changed its URL: nothing stored goes there until it is cleared", async () => {
    const server = await protectedServer();
    const moved = await protectedServer();
    const home = await stage.home({ mcpServers: { mailbox: { url: server.url } } });
    const first = await stage.agent({ home });
    await signIn(first, 'mailbox');
    await first.close();
    await writeServersFile(home, { mcpServers: { mailbox: { url: moved.url } } });
    const agent = await stage.agent({ home });

    expect(await agent.connect('mailbox')).toMatchObject({ code: 'server_url_mismatch' });
    expect((await agent.callTool('mailbox', 'whoami')).payload).toMatchObject({ code: 'server_url_mismatch' });
    expect(moved.requests('mcp').filter(({ headers }) => headers.authorization !== undefined)).toHaveLength(0);
    expect(await agent.clear('mailbox')).toMatchObject({ cleared: { grants: 1 }, revocation: 'revoked' });
    await signIn(agent, 'mailbox');
  });

  it("never takes another one where it is the user's, or of the catalog", async () => {
    const server = await stage.server();
    const other = await stage.server();
    const agent = await stage.agent({ home: await stage.home({ mcpServers: { mine: { url: server.url } } }) });

    for (const serverName of ['mine', 'linear']) {
      expect(await agent.connect(serverName, { url: other.url })).toMatchObject({ code: 'server_url_mismatch' });
    }
    expect(other.requests()).toHaveLength(0);
  });
});

describe('what an agent can give', () => {
  it('T60 is never a command, a header or an environment variable', async () => {
    const server = await stage.server();
    const agent = await stage.agent();

    for (const extra of [{ command: 'touch' }, { args: ['x'] }, { env: { A: 'b' } }, { headers: { 'x-a': 'b' } }]) {
      const { payload } = await agent.call('connect_to_mcp_server', { serverName: 'tool', url: server.url, ...extra });
      expect(payload).toMatchObject({ status: 'error', code: 'invalid_input', serverName: 'tool' });
    }
    expect(await agent.connect('tool')).toMatchObject({ code: 'unknown_server' });
    expect(server.requests()).toHaveLength(0);
  });

  it('T59 is sent as it is: no variable in it is expanded', async () => {
    const server = await stage.server();
    const agent = await stage.agent({ env: { JWT_SECRET: 'the-secret-of-the-environment' } });
    const paths = ['${JWT_SECRET}', '$JWT_SECRET', '%JWT_SECRET%', '{{JWT_SECRET}}'];

    for (const [index, path] of paths.entries()) await agent.connect(`t${index}`, { url: `${server.origin}/${path}` });

    expect(server.requests().length).toBeGreaterThan(0);
    for (const request of server.requests()) expect(JSON.stringify(request)).not.toContain('the-secret-of');
    expect(agent.everythingSaid()).not.toContain('the-secret-of');
  });

  it('T67 sends nothing that is stored to a new origin, and no tool returns it', async () => {
    const server = await protectedServer();
    const stranger = await protectedServer();
    const agent = await stage.agent();
    await signIn(agent, 'mailbox', { url: server.url });
    const [bearer = ''] = server.authorizationsSeen();

    expect(await agent.connect('stranger', { url: stranger.url })).toMatchObject({ status: 'requires_auth' });

    expect(stranger.authorizationsSeen()).toEqual([]);
    await agent.call('list_mcp_servers');
    expect(bearer).toMatch(/^Bearer .{20}/);
    expect(agent.everythingSaid()).not.toContain(bearer.replace('Bearer ', ''));
  });

  it('T62 never reaches another principal’s by an ambiguous key', async () => {
    const server = await protectedServer();
    const agent = await stage.agent({ env: { MCP_OAUTH_TEAM: 'a:b', MCP_OAUTH_USER: 'c' } });
    await signIn(agent, 'mailbox', { url: server.url });

    for (const env of [
      { MCP_OAUTH_TEAM: 'a', MCP_OAUTH_USER: 'b:c' },
      { MCP_OAUTH_TEAM: 'a:b:c', MCP_OAUTH_USER: 'mailbox' },
    ]) {
      const other = await stage.agent({ home: agent.broker.home, env });
      expect(await other.connect('mailbox')).toMatchObject({ code: 'unknown_server' });
      expect(await other.connect('mailbox', { url: server.url })).toMatchObject({ status: 'requires_auth' });
    }
  });
});
