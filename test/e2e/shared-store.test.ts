/** Brokers with homes of their own, as on different machines, share one vault on a database server. */
import { afterEach, describe, expect, it } from 'vitest';
import { mintVaultKey } from '../../src/vault/vault-key.js';
import { visit } from '../support/browser.js';
import { SHARED_SERVERS, type StoreCorner } from '../support/shared-stores.js';
import { createStage } from '../support/stage.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

const PROCESSES = 8;
const STALLING = 2;
const EXPIRIES = 3;
const NAME = 'shared';

const stage = createStage();
const corners: StoreCorner[] = [];
afterEach(async () => {
  await stage.close();
  for (const corner of corners.splice(0)) await corner.remove();
});

for (const { server: store, skipped } of SHARED_SERVERS) {
  describe.skipIf(skipped !== undefined)(
    `brokers on one ${store.name} store${skipped === undefined ? '' : ` (${skipped})`}`,
    () => {
      it('R05 finish a sign-in that another began, and refresh once for all of them, also where two of them stall', async () => {
        const corner = store.corner();
        corners.push(corner);
        const proxy = stage.keep(await startTcpProxy(store.port));
        const env = {
          MCP_OAUTH_STORE: corner.address,
          MCP_OAUTH_KEY: mintVaultKey().text.reveal(),
          MCP_OAUTH_TEAM: 'team',
          MCP_OAUTH_USER: 'ada',
        };
        const authorizationServer = await stage.authorizationServer();
        const server = await stage.server({ authorizationServer });
        const slow = { ...env, MCP_OAUTH_STORE: corner.addressAt(proxy.port) };
        const agents = await Promise.all(
          Array.from({ length: PROCESSES }, (_, index) => stage.agent({ env: index < STALLING ? slow : env })),
        );
        const [first, second] = agents;
        const begun = await first?.connect(NAME, { url: server.url });
        expect(await second?.connect(NAME)).toMatchObject({ status: 'requires_auth', authUrl: begun?.authUrl });
        await visit(String(begun?.authUrl));
        expect(await second?.connect(NAME)).toMatchObject({ status: 'success', authType: 'oauth2' });

        for (let expiry = 1; expiry <= EXPIRIES; expiry += 1) {
          authorizationServer.dropAccessTokens();
          const letThrough = expiry === EXPIRIES ? proxy.stall() : () => undefined;
          const called = await Promise.all(agents.map((agent) => agent.callTool(NAME, 'whoami')));
          letThrough();
          for (const answer of called) expect(answer).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
          expect(authorizationServer.refreshCount()).toBe(expiry);
        }
        expect(authorizationServer.requests('token')).toHaveLength(1 + EXPIRIES);
      }, 180_000);
    },
  );
}
