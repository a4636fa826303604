/** Whose a credential is does not depend on its kind: of each agent, or of all; and what commonly fails on the way does not. */
import { afterEach, describe, expect, it } from 'vitest';
import { createStage } from '../../support/stage.js';
import { openTeam, STORY_TIMEOUT_MS } from '../../support/team.js';

const stage = createStage();
afterEach(() => stage.close());

async function agentsOf(mode: 'per_agent' | 'shared', entry: Readonly<Record<string, unknown>>) {
  const serversFile = { mcpServers: { linear: { ...entry, credentialMode: mode } } };
  const team = await openTeam(stage);
  const [writer, reviewer] = await Promise.all(
    ['writer', 'reviewer'].map((agent) => team.member('dana', { serversFile, agent })),
  );
  if (!writer || !reviewer) throw new Error('An agent is not there.');
  return { writer, reviewer };
}

describe('per_agent: each agent has its own credential', () => {
  it('OAuth: two agents of one user have different accounts at one provider', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const { writer, reviewer } = await agentsOf('per_agent', { url: server.url });

    expect(await writer.signIn('linear', 'dana-writes')).toMatchObject({ toolCount: expect.any(Number) });
    expect(await reviewer.state('linear')).toBe('not_connected');
    expect((await reviewer.agent.callTool('linear', 'whoami')).payload).toMatchObject({ status: 'requires_auth' });
    await reviewer.signIn('linear', 'dana-reviews');
    expect([await writer.whoAmI('linear'), await reviewer.whoAmI('linear')]).toEqual(['dana-writes', 'dana-reviews']);

    expect(await writer.agent.clear('linear')).toMatchObject({ cleared: { grants: 1 }, revocation: 'revoked' });
    expect(await reviewer.whoAmI('linear')).toBe('dana-reviews');
  });

  it.each([
    ['bearer', 'authorization', 'Bearer '],
    ['api_key', 'x-api-key', ''],
  ])(
    '%s: each agent sends the key that was entered for it',
    { timeout: STORY_TIMEOUT_MS },
    async (auth, header, prefix) => {
      const server = await stage.server();
      const { writer, reviewer } = await agentsOf('per_agent', { url: server.url, auth });
      const sent = () => new Set(server.requests('mcp').map(({ headers }) => headers[header]));

      expect((await writer.run(['key', 'set', 'linear'], 'key-of-the-writer')).exitCode).toBe(0);
      expect(await reviewer.agent.connect('linear')).toMatchObject({ status: 'requires_auth', completion: 'form' });
      const byOption = ['key', 'set', 'linear', '--agent', 'reviewer'];
      expect((await writer.run(byOption, 'key-of-the-reviewer')).exitCode).toBe(0);

      for (const [agent, key] of [
        [writer, 'key-of-the-writer'],
        [reviewer, 'key-of-the-reviewer'],
      ] as const) {
        server.forgetRequests();
        await agent.agent.callTool('linear', 'echo', { text: 'hello' });
        expect(sent()).toEqual(new Set([prefix + key]));
      }
    },
  );
});

describe('shared: one credential, all agents use it', () => {
  it('OAuth: whoever connects first signs in for all', { timeout: STORY_TIMEOUT_MS }, async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const { writer, reviewer } = await agentsOf('shared', { url: server.url });

    await writer.signIn('linear', 'the-admin');
    expect([await writer.whoAmI('linear'), await reviewer.whoAmI('linear')]).toEqual(['the-admin', 'the-admin']);
    expect(server.authorizationsSeen()).toHaveLength(1);
    expect(authorizationServer.requests('token')).toHaveLength(1);
  });
});

describe('Common Failure Modes', () => {
  it('406, "Mcp-Session-Id required" and a missing code_verifier do not come up; tools are there on the first agent’s connection', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, era: 'legacy' });
    const { writer } = await agentsOf('per_agent', { url: server.url });
    const { tools } = await writer.signIn('linear');

    expect(tools).toContainEqual(expect.objectContaining({ name: 'whoami' }));
    const posts = server.requests('mcp').filter(({ method }) => method === 'POST');
    expect(new Set(posts.map(({ headers }) => headers.accept))).toEqual(
      new Set(['application/json, text/event-stream']),
    );
    const listings = server.requests('mcp', { method: 'tools/list' });
    expect(listings.length).toBeGreaterThan(0);
    for (const { headers } of listings) expect(headers['mcp-session-id']).toEqual(expect.any(String));
    const [exchange] = authorizationServer.requests('token');
    expect(exchange?.parameters).toMatchObject({ code_verifier: expect.stringMatching(/^[\w.~-]{43,128}$/u) });
    const [asked] = authorizationServer.requests('authorization');
    expect(asked?.parameters).toMatchObject({ code_challenge_method: 'S256', state: expect.any(String) });
  });

  it('an OAuth discovery of 404 leads to a bearer token or key, entered on a form of ours', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, metadataAt: 'none', challenge: 'bare' });
    const { writer } = await agentsOf('per_agent', { url: server.url });

    expect(await writer.agent.connect('linear')).toMatchObject({
      status: 'requires_auth',
      authType: 'oauth2-bearer',
      authUrl: null,
      configUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/connect\//u),
    });
  });
});
