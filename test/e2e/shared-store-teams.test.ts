/**
 * What an administrator does for a team takes effect in a colleague's broker, which runs on another machine and goes on
 * running: they share nothing but a database server.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MEMBERSHIP_RECHECK_MS } from '../../src/core/limits.js';
import { mintVaultKey } from '../../src/vault/vault-key.js';
import { visit } from '../support/browser.js';
import { childServer, jsonOf } from '../support/child-servers.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { SHARED_SERVERS, type StoreCorner } from '../support/shared-stores.js';
import { createStage } from '../support/stage.js';

const TIMEOUT_MS = 120_000;
const CLIENT = { clientId: 'team-client', clientSecret: 'a-secret-of-the-team' };

const stage = createStage();
afterEach(() => stage.close());

for (const { server: database, skipped } of SHARED_SERVERS) {
  describe.skipIf(skipped !== undefined)(
    `a team on ${database.name}${skipped === undefined ? '' : ` (${skipped})`}`,
    { timeout: TIMEOUT_MS },
    () => {
      let corner: StoreCorner;
      let key: string;

      beforeEach(() => {
        corner = database.corner();
        stage.keep({ close: corner.remove });
        key = mintVaultKey().text.reveal();
      });

      /** At a machine of their own, where a broker runs. */
      async function member(user: string, mcpServers: Readonly<Record<string, unknown>> = {}) {
        const home = await stage.home({ mcpServers });
        const env = {
          MCP_OAUTH_STORE: corner.address,
          MCP_OAUTH_KEY: key,
          MCP_OAUTH_TEAM: 'blue',
          MCP_OAUTH_USER: user,
        };
        return stage.keep(await composedBroker({ home, env }));
      }

      it('T79 uses the server that was added for it until it is reset, and leaves as one is removed', async () => {
        const authorizationServer = await stage.authorizationServer();
        const { url } = await stage.server({ authorizationServer });
        const [grace, ada] = [await member('grace'), await member('ada')];
        expect(await stateOf(ada, 'wiki')).toBe('unknown_server');
        const { administration } = grace.broker;

        await administration.addTeamServer(grace.principal, { serverName: 'wiki', url });
        for (const one of [grace, ada]) await signIn(one, 'wiki');
        expect(await administration.resetServer(grace.principal, 'wiki')).toMatchObject({
          cleared: { grants: 2 },
          revocation: 'revoked',
        });
        expect(await stateOf(ada, 'wiki')).toBe('not_connected');
        expect(await call(ada, 'wiki')).toMatchObject({ outcome: { status: 'requires_auth' } });

        for (const one of [grace, ada]) await signIn(one, 'wiki');
        expect(await administration.removeMember(grace.principal, { user: 'ada' })).toMatchObject({
          cleared: { grants: 1 },
          revocation: 'revoked',
        });
        expect(MEMBERSHIP_RECHECK_MS).toBeLessThanOrEqual(60_000);
        ada.advance(MEMBERSHIP_RECHECK_MS);
        expect(await call(ada, 'wiki')).toMatchObject({ outcome: { code: 'not_a_member' } });
        expect(await call(grace, 'wiki')).toMatchObject({ kind: 'upstream' });

        expect(await administration.addMember(grace.principal, { user: 'ada' })).toBe(true);
        ada.advance(MEMBERSHIP_RECHECK_MS);
        expect(await stateOf(ada, 'wiki')).toBe('not_connected');
        expect(await administration.removeTeamServer(grace.principal, 'wiki')).toBe(true);
        expect(await stateOf(ada, 'wiki')).toBe('unknown_server');
      });

      it('gets its secrets and a provider’s tokens at the next call, and a change of them', async () => {
        const acme = await stage.authorizationServer({
          clients: [CLIENT],
          registration: 'none',
          resourceIndicators: false,
        });
        const local = {
          ...childServer(),
          env: {
            OF_TEAM: { source: 'team_secret', name: 'pin' },
            OF_ALL: { source: 'org_secret', name: 'pin' },
            ACME_TOKEN: { source: 'oauth', provider: 'acme' },
          },
        };
        const [grace, ada] = [await member('grace'), await member('ada', { local })];
        const { administration } = grace.broker;
        expect(await ada.broker.connect(ada.principal, { serverName: 'local' })).toMatchObject({
          reason: 'secret_missing',
        });

        await administration.addProvider(grace.principal, { id: 'acme', issuer: acme.issuer, ...CLIENT });
        for (const scope of ['team', 'org'] as const)
          await grace.broker.storeSecret(grace.principal, { scope, name: 'pin', value: `the-first-of-the-${scope}` });
        await signIn(ada, 'local');
        const given = async () => {
          const called = await ada.broker.callTool(ada.principal, { serverName: 'local', toolName: 'environment' });
          return called.kind === 'upstream' ? jsonOf(called.result) : called;
        };
        const first = { OF_TEAM: 'the-first-of-the-team', OF_ALL: 'the-first-of-the-org' };
        expect(await given()).toMatchObject({ ...first, ACME_TOKEN: expect.stringMatching(/./u) });
        await grace.broker.storeSecret(grace.principal, {
          scope: 'team',
          name: 'pin',
          value: 'the-second-of-the-team',
        });
        expect(await given()).toMatchObject({ ...first, OF_TEAM: 'the-second-of-the-team' });

        expect(await administration.removeProvider(grace.principal, 'acme')).toBe(true);
        expect(await ada.broker.connect(ada.principal, { serverName: 'local' })).toMatchObject({
          status: 'error',
          nextStep: expect.stringContaining('provider add'),
        });
      });
    },
  );
}

async function signIn({ broker, principal }: ComposedBroker, serverName: string): Promise<void> {
  const asked = await broker.connect(principal, { serverName });
  if (asked.status === 'requires_auth') await visit(String(asked.authUrl));
  expect(await broker.connect(principal, { serverName })).toMatchObject({ status: 'success' });
}

function call({ broker, principal }: ComposedBroker, serverName: string) {
  return broker.callTool(principal, { serverName, toolName: 'whoami' });
}

async function stateOf({ broker, principal }: ComposedBroker, serverName: string): Promise<unknown> {
  const listed = await broker.listServers(principal, serverName);
  return 'servers' in listed ? listed.servers[0]?.accounts[0]?.state : listed.code;
}
