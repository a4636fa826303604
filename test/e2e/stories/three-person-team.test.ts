/** A team installs a server once, and each of its members authorizes it with an account of their own. */
import { afterEach, describe, expect, it } from 'vitest';
import { SHARED_SERVERS, type StoreCorner } from '../../support/shared-stores.js';
import { createStage } from '../../support/stage.js';
import { type Member, openTeam, STORY_TIMEOUT_MS } from '../../support/team.js';

const BOX = 'team-box-files';
const AUTH_REQUIRED = { status: 'requires_auth', serverName: BOX, authType: 'oauth2', completion: 'callback' };

const stage = createStage();
const corners: StoreCorner[] = [];
afterEach(async () => {
  await stage.close();
  for (const corner of corners.splice(0)) await corner.remove();
});

const STORES = [
  { name: 'SQLite', skipped: undefined, open: () => undefined },
  ...SHARED_SERVERS.map(({ server, skipped }) => ({
    name: server.name,
    skipped,
    open: () => {
      const corner = server.corner();
      corners.push(corner);
      return corner.address;
    },
  })),
];

for (const { name, skipped, open } of STORES) {
  describe.skipIf(skipped !== undefined)(`Three-Person Team with Box MCP, on ${name}`, () => {
    it('Alice installs it; Bob and Carol see Auth Required until they authorize; each has their own Box files', {
      timeout: STORY_TIMEOUT_MS,
    }, async () => {
      const authorizationServer = await stage.authorizationServer();
      const box = await stage.server({ authorizationServer });
      const team = await openTeam(stage, open());

      const alice = await team.member('alice');
      expect((await alice.run(['add', BOX, box.url, '--team'])).exitCode).toBe(0);
      expect(await alice.state(BOX)).toBe('not_connected');
      await alice.signIn(BOX);
      expect(await alice.state(BOX)).toBe('connected');

      const [bob, carol] = await Promise.all([team.member('bob'), team.member('carol')]);
      for (const newcomer of [bob, carol]) {
        expect(await newcomer.status(BOX)).toMatchObject({
          serverName: BOX,
          source: 'team',
          target: box.url,
          credentialMode: 'per_user',
          accounts: [{ account: 'default', state: 'not_connected' }],
        });
        expect((await newcomer.agent.callTool(BOX, 'whoami')).payload).toMatchObject(AUTH_REQUIRED);
        expect(await newcomer.state(BOX)).toBe('auth_required');
      }
      await bob.signIn(BOX);
      expect(await statesOf(alice, bob, carol)).toEqual(['connected', 'connected', 'auth_required']);
      await carol.signIn(BOX);
      expect(await statesOf(alice, bob, carol)).toEqual(['connected', 'connected', 'connected']);

      const everybody = [alice, bob, carol];
      expect(await Promise.all(everybody.map((one) => one.whoAmI(BOX)))).toEqual(['alice', 'bob', 'carol']);
      const tokens = box.authorizationsSeen().map((header) => header.replace('Bearer ', ''));
      const subjects = await Promise.all(tokens.map((token) => authorizationServer.findAccessToken(token)));
      expect(subjects.map((issued) => issued?.subject).sort()).toEqual(['alice', 'bob', 'carol']);

      expect(await bob.agent.clear(BOX)).toMatchObject({ status: 'success', revocation: 'revoked' });
      expect((await bob.agent.callTool(BOX, 'whoami')).payload).toMatchObject(AUTH_REQUIRED);
      expect([await alice.whoAmI(BOX), await carol.whoAmI(BOX)]).toEqual(['alice', 'carol']);
    });
  });
}

const statesOf = (...members: readonly Member[]): Promise<readonly unknown[]> =>
  Promise.all(members.map((member) => member.state(BOX)));
