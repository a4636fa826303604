/** Access of a member over time: in two teams, after leaving, after a refusal, and when a token ends. */
import { afterEach, describe, expect, it } from 'vitest';
import type { AuthorizationServerOptions } from '../../support/authorization-server.js';
import { visit } from '../../support/browser.js';
import { createStage } from '../../support/stage.js';
import { openTeam, STORY_TIMEOUT_MS } from '../../support/team.js';

const DRIVE = 'google-drive';
const AUTH_REQUIRED = { status: 'requires_auth', serverName: DRIVE };

const stage = createStage();
afterEach(() => stage.close());

async function googleDrive(options: AuthorizationServerOptions = {}) {
  const google = await stage.authorizationServer(options);
  const drive = await stage.server({ authorizationServer: google });
  const isValid = async (header: string) => (await google.findAccessToken(header.replace('Bearer ', ''))) !== undefined;
  return { google, drive, isValid, team: await openTeam(stage) };
}

describe('User Switches Teams', () => {
  it('the same account in the Engineering Team and the Marketing Team is a separate authorization', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const { drive, isValid, team } = await googleDrive();
    const engineering = await team.member('alice', { team: 'engineering' });
    const marketing = await team.member('alice', { team: 'marketing' });
    for (const admin of [engineering, marketing])
      expect((await admin.run(['add', DRIVE, drive.url, '--team'])).exitCode).toBe(0);

    await engineering.signIn(DRIVE);
    expect(await marketing.state(DRIVE)).toBe('not_connected');
    expect((await marketing.agent.callTool(DRIVE, 'whoami')).payload).toMatchObject(AUTH_REQUIRED);
    await marketing.signIn(DRIVE);
    expect([await engineering.whoAmI(DRIVE), await marketing.whoAmI(DRIVE)]).toEqual(['alice', 'alice']);
    expect(drive.authorizationsSeen()).toHaveLength(2);

    const [ofEngineering = '', ofMarketing = ''] = drive.authorizationsSeen();
    expect(await marketing.agent.clear(DRIVE)).toMatchObject({ cleared: { grants: 1 }, revocation: 'revoked' });
    expect([await isValid(ofEngineering), await isValid(ofMarketing)]).toEqual([true, false]);
    expect(await engineering.whoAmI(DRIVE)).toBe('alice');
  });
});

describe('Do I need to re-authorize if I leave and rejoin the team?', () => {
  it('Yes: the tokens of the one who leaves are revoked and deleted, and rejoining restores nothing', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const { drive, isValid, team } = await googleDrive();
    const alice = await team.member('alice');
    await alice.run(['add', DRIVE, drive.url, '--team']);
    const bob = await team.member('bob');
    await alice.signIn(DRIVE);
    await bob.signIn(DRIVE);
    const [ofAlice = '', ofBob = ''] = drive.authorizationsSeen();

    expect(await alice.run(['member', 'remove', 'bob'])).toMatchObject({
      exitCode: 0,
      payload: { status: 'success', cleared: { grants: 1 }, revocation: 'revoked' },
    });
    expect([await isValid(ofAlice), await isValid(ofBob)]).toEqual([true, false]);
    expect((await bob.agent.callTool(DRIVE, 'whoami')).isOurs).toBe(true);
    const gone = await team.member('bob', { home: bob.home });
    for (const { payload } of [await gone.agent.callTool(DRIVE, 'whoami'), await gone.agent.call('list_mcp_servers')])
      expect(payload).toMatchObject({ status: 'error', code: 'not_a_member' });
    expect(await gone.run(['list'])).toMatchObject({ exitCode: 1, payload: { code: 'not_a_member' } });

    expect(await alice.run(['member', 'add', 'bob'])).toMatchObject({ exitCode: 0, payload: { wasRemoved: true } });
    const rejoined = await team.member('bob', { home: bob.home });
    expect(await rejoined.state(DRIVE)).toBe('not_connected');
    expect((await rejoined.agent.callTool(DRIVE, 'whoami')).payload).toMatchObject(AUTH_REQUIRED);
    await rejoined.signIn(DRIVE);
    expect([await alice.whoAmI(DRIVE), await rejoined.whoAmI(DRIVE)]).toEqual(['alice', 'bob']);
  });
});

describe('Automatic Token Management', () => {
  it('an expired token is refreshed while the user works: No user action required', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const { google, drive, isValid, team } = await googleDrive({ accessTokenTtlSeconds: 4 });
    const alice = await team.member('alice', { serversFile: { mcpServers: { [DRIVE]: { url: drive.url } } } });
    await alice.signIn(DRIVE);
    const [first = ''] = drive.authorizationsSeen();
    await expect.poll(() => isValid(first), { timeout: 30_000 }).toBe(false);
    drive.forgetRequests();

    expect(await alice.whoAmI(DRIVE)).toBe('alice');
    expect(drive.authorizationsSeen().at(-1)).not.toBe(first);
    expect(google.refreshCount()).toBeGreaterThanOrEqual(1);
    expect(google.requests('token', { grant_type: 'authorization_code' })).toHaveLength(1);
    expect(await alice.status(DRIVE)).toMatchObject({
      accounts: [{ state: 'connected', lastRefreshedAt: expect.any(String) }],
    });
  });

  it('access that Alice revokes at the provider is Auth Required, and Reconnect brings it back; Bob’s goes on', {
    timeout: STORY_TIMEOUT_MS,
  }, async () => {
    const { google, drive, team } = await googleDrive();
    const serversFile = { mcpServers: { [DRIVE]: { url: drive.url } } };
    const [alice, bob] = await Promise.all([
      team.member('alice', { serversFile }),
      team.member('bob', { serversFile }),
    ]);
    await alice.signIn(DRIVE);
    await bob.signIn(DRIVE);

    expect(google.revokeAccessOf('alice')).toBe(2);
    expect((await alice.agent.callTool(DRIVE, 'whoami')).payload).toMatchObject({
      ...AUTH_REQUIRED,
      reason: 'grant_rejected',
    });
    expect([await alice.state(DRIVE), await bob.state(DRIVE)]).toEqual(['auth_required', 'connected']);
    await alice.signIn(DRIVE);
    expect(await alice.state(DRIVE)).toBe('connected');
    expect([await alice.whoAmI(DRIVE), await bob.whoAmI(DRIVE)]).toEqual(['alice', 'bob']);
  });
});

describe('What if I don’t want to authorize?', () => {
  it('Bob refuses: the server stays unusable for him, and for nobody else', { timeout: STORY_TIMEOUT_MS }, async () => {
    const { drive, team } = await googleDrive();
    const alice = await team.member('alice');
    await alice.run(['add', DRIVE, drive.url, '--team']);
    const bob = await team.member('bob');
    await alice.signIn(DRIVE);
    const asked = await bob.agent.connect(DRIVE);
    await visit(String(asked.authUrl), { user: 'bob', deny: true });

    expect(await bob.agent.connect(DRIVE)).toMatchObject({ status: 'error', code: 'authorization_denied' });
    expect((await bob.agent.callTool(DRIVE, 'whoami')).payload).toMatchObject(AUTH_REQUIRED);
    expect(await bob.state(DRIVE)).toBe('auth_required');
    expect(await alice.whoAmI(DRIVE)).toBe('alice');
  });
});
