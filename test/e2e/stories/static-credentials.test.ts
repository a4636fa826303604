/** What an administrator gives for everybody: a client that was made by hand, its rotation, a key for all, or nothing. */
import { afterEach, describe, expect, it } from 'vitest';
import { createStage } from '../../support/stage.js';
import { openTeam, STORY_TIMEOUT_MS } from '../../support/team.js';

const WAREHOUSE = 'bigquery';
const CLIENT = { clientId: 'made-in-the-dashboard', clientSecret: 'the-first-secret-of-the-client' };
const ROTATED = { ...CLIENT, clientSecret: 'the-second-secret-of-the-client' };
const KEY = 'the-key-of-the-whole-workspace';

const stage = createStage();
afterEach(() => stage.close());

describe('Static OAuth credentials', () => {
  it('an admin enters them, users connect; the admin rotates them and resets the server; everyone reconnects', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const authorizationServer = await stage.authorizationServer({ registration: 'none' });
    await authorizationServer.putClient(CLIENT);
    const { url } = await stage.server({ authorizationServer });
    const clientSecret = { source: 'team_secret', name: 'bigquery-client' };
    const serversFile = { mcpServers: { [WAREHOUSE]: { url, oauth: { clientId: CLIENT.clientId, clientSecret } } } };
    const team = await openTeam(stage);
    const [admin, user] = await Promise.all([
      team.member('alice', { serversFile }),
      team.member('bob', { serversFile }),
    ]);
    const enterSecret = async (secret: string) =>
      expect((await admin.run(['secret', 'set', 'bigquery-client', '--team'], `${secret}\n`)).exitCode).toBe(0);
    const readAll = async () => [await admin.whoAmI(WAREHOUSE), await user.whoAmI(WAREHOUSE)];

    expect(await user.agent.connect(WAREHOUSE)).toMatchObject({
      status: 'requires_auth',
      reason: 'secret_missing',
      nextStep: expect.stringContaining('mcp-oauth-broker secret set bigquery-client --team'),
    });
    await enterSecret(CLIENT.clientSecret);
    await admin.signIn(WAREHOUSE);
    await user.signIn(WAREHOUSE);
    expect(await readAll()).toEqual(['alice', 'bob']);

    await authorizationServer.putClient(ROTATED);
    authorizationServer.dropAccessTokens();
    expect((await user.agent.callTool(WAREHOUSE, 'whoami')).payload).toMatchObject({
      status: 'error',
      code: 'client_rejected',
    });

    await enterSecret(ROTATED.clientSecret);
    expect(await admin.run(['reset', WAREHOUSE, '--all-users'])).toMatchObject({
      exitCode: 0,
      payload: { status: 'success', serverName: WAREHOUSE, cleared: { grants: 2 }, revocation: 'revoked' },
    });
    for (const member of [admin, user]) {
      expect(await member.state(WAREHOUSE)).toBe('not_connected');
      await member.signIn(WAREHOUSE);
    }
    expect(await readAll()).toEqual(['alice', 'bob']);
    const [last] = authorizationServer.requests('token', { grant_type: 'authorization_code' }).slice(-1);
    const basic = Buffer.from(`${ROTATED.clientId}:${ROTATED.clientSecret}`).toString('base64');
    expect(last?.headers.authorization).toBe(`Basic ${basic}`);
  });

  it('a rotated secret that only the vault lacks loses nobody’s sign-in: entering it is enough', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const authorizationServer = await stage.authorizationServer({ registration: 'none' });
    await authorizationServer.putClient(CLIENT);
    const { url } = await stage.server({ authorizationServer });
    const clientSecret = { source: 'org_secret', name: 'bigquery-client' };
    const serversFile = { mcpServers: { [WAREHOUSE]: { url, oauth: { clientId: CLIENT.clientId, clientSecret } } } };
    const user = await (await openTeam(stage)).member('bob', { serversFile });
    await user.run(['secret', 'set', 'bigquery-client', '--org'], CLIENT.clientSecret);
    await user.signIn(WAREHOUSE);

    await authorizationServer.putClient(ROTATED);
    authorizationServer.dropAccessTokens();
    expect((await user.agent.callTool(WAREHOUSE, 'whoami')).isOurs).toBe(true);
    await user.run(['secret', 'set', 'bigquery-client', '--org'], ROTATED.clientSecret);

    expect(await user.whoAmI(WAREHOUSE)).toBe('bob');
    expect(authorizationServer.requests('token', { grant_type: 'authorization_code' })).toHaveLength(1);
  });
});

describe('Bearer Token (API Key)', () => {
  it.each([
    ['a credential that the team shares', ['key', 'set', 'render'], {}],
    ['a secret of the team', ['secret', 'set', 'render', '--team'], { source: 'team_secret', name: 'render' }],
  ])(
    'the key is shared across all users of the workspace, as %s',
    { timeout: STORY_TIMEOUT_MS },
    async (_as, command, value) => {
      const server = await stage.server();
      const entry = {
        url: server.url,
        auth: 'bearer',
        ...('source' in value ? { value } : { credentialMode: 'shared' }),
      };
      const serversFile = { mcpServers: { render: entry } };
      const team = await openTeam(stage);
      const [admin, user, stranger] = await Promise.all([
        team.member('alice', { serversFile }),
        team.member('bob', { serversFile }),
        team.member('eve', { serversFile, team: 'another' }),
      ]);

      expect(await user.agent.connect('render')).toMatchObject({ status: 'requires_auth' });
      expect((await admin.run(command, `${KEY}\n`)).exitCode).toBe(0);

      server.forgetRequests();
      expect(await user.agent.connect('render')).toMatchObject({ status: 'success', authType: 'bearer' });
      expect(server.authorizationsSeen()).toEqual([`Bearer ${KEY}`]);
      expect(await stranger.agent.connect('render')).toMatchObject({ status: 'requires_auth' });
      expect(user.agent.everythingSaid()).not.toContain(KEY);
    },
  );
});

describe('None', () => {
  it('some MCP servers don’t require credentials: they are connected at once, and sent none', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const server = await stage.server();
    const user = await (await openTeam(stage)).member('bob');
    await user.run(['add', 'deepwiki', server.url, '--team']);

    expect(await user.agent.connect('deepwiki')).toMatchObject({ status: 'success', authType: 'none' });
    expect(server.authorizationsSeen()).toEqual([]);
    expect(await user.status('deepwiki')).toMatchObject({ authType: 'none', requiresOAuth: false });
  });
});
