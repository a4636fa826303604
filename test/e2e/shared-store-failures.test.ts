/**
 * A team's database server that breaks: in the middle of a refresh, for a while, or by falling back to an older copy.
 * Nothing is lost, and what is said meanwhile is `vault_busy`.
 */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Grant } from '../../src/vault/index.js';
import { mintVaultKey } from '../../src/vault/vault-key.js';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { PRIVATE_SERVERS } from '../support/private-stores.js';
import type { ProtectedServerFixture } from '../support/protected-server.js';
import { SHARED_SERVERS, type StoreCorner } from '../support/shared-stores.js';
import { createStage } from '../support/stage.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// The bounds of these stories, shorter than the product's. A store that is away is waited for this long, not 30 s.
vi.mock('../../src/core/limits.js', async (original) => ({
  ...(await original<typeof import('../../src/core/limits.js')>()),
  VAULT_BUSY_TIMEOUT_MS: 3_000,
  COMMIT_RETRY_MS: 10,
  COMMIT_RETRY_TOTAL_MS: 100,
  // Nobody can give it back to a store that is away.
  REFRESH_LEASE_MS: 6_000,
}));

const NAME = 'wiki';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;
const DONE = { kind: 'upstream', result: { structuredContent: { subject: 'alice' } } };
const BUSY = { status: 'error', code: 'vault_busy', retryable: true };
const TIMEOUT_MS = 120_000;

interface Member {
  readonly composed: ComposedBroker;
  call(): Promise<unknown>;
  grant(): Promise<Grant>;
  /** The tokens expired long ago, as every process of this store sees it. */
  expire(): Promise<void>;
}

interface Story {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  /** Who signed in, and a second process of theirs on another machine. */
  readonly members: readonly [Member, Member];
}

const stage = createStage();
afterEach(() => stage.close());

async function member(url: string, env: Readonly<Record<string, string>>): Promise<Member> {
  const home = await stage.home({ mcpServers: { [NAME]: { url } } });
  const composed = stage.keep(await composedBroker({ home, env }));
  const { broker, principal, vault } = composed;
  const id = [principal.team, principal.user, NAME, 'default'];
  return {
    composed,
    call: () => broker.callTool(principal, { serverName: NAME, toolName: 'whoami' }),
    grant: async () => {
      const grant = await (await vault()).grants.get(id);
      if (grant === undefined) throw new Error('There is no grant.');
      return grant.value;
    },
    expire: async () => {
      await (await vault()).grants.update(id, (grant) => grant && { ...grant, expiresAt: 1 });
    },
  };
}

async function begin(store: string): Promise<Story> {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const env = {
    MCP_OAUTH_STORE: store,
    MCP_OAUTH_KEY: mintVaultKey().text.reveal(),
    MCP_OAUTH_TEAM: 'team',
    MCP_OAUTH_USER: 'ada',
  };
  const members = [await member(server.url, env), await member(server.url, env)] as const;
  const { broker, principal } = members[0].composed;
  const asked = await broker.connect(principal, { serverName: NAME });
  await visit('authUrl' in asked ? String(asked.authUrl) : '');
  for (const { call } of members) expect(await call()).toMatchObject(DONE);
  return { authorizationServer, server, members };
}

/** Does `work` once the next refresh token is redeemed, before that process hears of it. */
function whenRedeemed(authorizationServer: AuthorizationServerFixture, work: () => Promise<void>): void {
  let done = (): void => undefined;
  const holdAfter = new Promise<void>((resolve) => {
    done = resolve;
  });
  authorizationServer.bend({ ...REFRESH, times: 1, onForwarded: () => void work().then(done), holdAfter });
}

/** The store is taken away between the authorization server's answer and the commit, and brought back. */
async function breakInRefresh(store: string, takeAway: () => Promise<void>, bringBack: () => Promise<void>) {
  const { authorizationServer, members } = await begin(store);
  const [first, second] = members;
  const before = await first.grant();
  await first.expire();
  whenRedeemed(authorizationServer, takeAway);

  // The new tokens are in memory, where they wait for the store; what their use needs of it waits as well.
  for (const { call } of [first, second, first]) expect(await call()).toMatchObject({ kind: 'outcome', outcome: BUSY });
  expect(authorizationServer.refreshCount()).toBe(1);
  await bringBack();

  await vi.waitFor(async () => expect(await first.call()).toMatchObject(DONE), { timeout: 60_000 });
  const after = await vi.waitFor(() => second.grant(), { timeout: 60_000 });
  expect(after).toMatchObject({ state: 'active' });
  expect(after.refreshToken).not.toBe(before.refreshToken);
  // What was written is what the authorization server believes: another process refreshes with it.
  await second.expire();
  await vi.waitFor(async () => expect(await second.call()).toMatchObject(DONE), { timeout: 60_000 });
  expect(authorizationServer.refreshCount()).toBe(2);
  expect(authorizationServer.requests('authorization')).toHaveLength(1);
}

/** An older copy of the store is put back while nobody is at work. */
async function putBackWhileIdle(store: string, remember: () => Promise<() => Promise<void>>) {
  const { authorizationServer, members } = await begin(store);
  const [first, second] = members;
  await first.expire();
  const putBack = await remember();
  expect(await first.call()).toMatchObject(DONE);
  expect(authorizationServer.refreshCount()).toBe(1);
  await putBack();

  // Its refresh token was redeemed before.
  for (const { call } of [first, second])
    expect(await call()).toMatchObject({ outcome: { status: 'requires_auth', reason: 'grant_rejected' } });
  expect(authorizationServer.refreshCount()).toBe(2);
  expect(await second.grant()).toMatchObject({ state: 'ended' });
}

it('T80 a file that is put back to an older copy: one refresh is tried, then the user signs in', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { path } = await stage.home();
  const [file, copy] = [join(path, 'vault.sqlite'), join(path, 'copy.sqlite')];
  await putBackWhileIdle(`sqlite:${file}`, async () => {
    await copyFile(file, copy);
    return () => copyFile(copy, file);
  });
});

for (const { server: database, skipped } of SHARED_SERVERS) {
  describe.skipIf(skipped !== undefined)(
    `a team's vault on ${database.name}${skipped === undefined ? '' : ` (${skipped})`}`,
    () => {
      async function behindProxy(): Promise<{ readonly corner: StoreCorner; readonly proxy: TcpProxy }> {
        const corner = database.corner();
        const proxy = await startTcpProxy(database.port);
        stage.keep({ close: corner.remove });
        stage.keep(proxy);
        return { corner, proxy };
      }

      it('R38 loses nothing when every connection is cut in the middle of a refresh', {
        timeout: TIMEOUT_MS,
      }, async () => {
        const { corner, proxy } = await behindProxy();
        await breakInRefresh(
          corner.addressAt(proxy.port),
          async () => proxy.refuse(),
          async () => proxy.admit(),
        );
      });

      it('R38 falls back to an older copy in the middle of a refresh: the newest token survives', {
        timeout: TIMEOUT_MS,
      }, async () => {
        const { corner, proxy } = await behindProxy();
        const { authorizationServer, members } = await begin(corner.addressAt(proxy.port));
        const [first, second] = members;
        const fallBack = await corner.remember();
        await first.expire();
        expect(await first.call()).toMatchObject(DONE);
        await first.expire();
        whenRedeemed(authorizationServer, async () => {
          proxy.refuse();
          await fallBack();
          proxy.admit();
        });

        expect(await first.call()).toMatchObject(DONE);

        expect(authorizationServer.refreshCount()).toBe(2);
        await second.expire();
        await vi.waitFor(async () => expect(await second.call()).toMatchObject(DONE), { timeout: 60_000 });
        expect(authorizationServer.refreshCount()).toBe(3);
        expect(await second.grant()).toMatchObject({ state: 'active' });
      });

      it('T80 is put back to an older copy: one refresh is tried, then the user signs in', {
        timeout: TIMEOUT_MS,
      }, async () => {
        const { corner } = await behindProxy();
        await putBackWhileIdle(corner.address, corner.remember);
      });

      it('takes a lease back that was given back while it was away, long before that runs out', {
        timeout: TIMEOUT_MS,
      }, async () => {
        const { corner, proxy } = await behindProxy();
        const env = {
          MCP_OAUTH_STORE: corner.addressAt(proxy.port),
          MCP_OAUTH_KEY: mintVaultKey().text.reveal(),
          MCP_OAUTH_TEAM: 'team',
          MCP_OAUTH_USER: 'ada',
        };
        const [here, there] = [
          await member('https://wiki.example/mcp', env),
          await member('https://wiki.example/mcp', env),
        ];
        const lease = await (await here.composed.vault()).acquireLease(['l'], 3_600_000, 0);
        const elsewhere = await there.composed.vault();
        proxy.refuse();
        await expect(lease?.release()).rejects.toMatchObject({ code: 'vault_busy' });
        proxy.admit();

        const taken = () => elsewhere.acquireLease(['l'], 60_000, 0);
        await vi.waitFor(async () => expect(await taken()).toBeDefined(), { timeout: 60_000 });
      });

      it('is busy while it is away, whatever is asked, and loses nothing', { timeout: TIMEOUT_MS }, async () => {
        const { corner, proxy } = await behindProxy();
        const { authorizationServer, server, members } = await begin(corner.addressAt(proxy.port));
        const [{ composed, call, expire }] = members;
        const { broker, principal } = composed;
        const asked = authorizationServer.requests().length;
        await expire();
        server.forgetRequests();
        proxy.refuse();

        const one = { serverName: NAME };
        expect(await call()).toMatchObject({ outcome: BUSY });
        for (const answer of [
          await broker.connect(principal, one),
          await broker.clearAuth(principal, one),
          await broker.listServers(principal, NAME),
          await broker.searchTools(principal, one),
        ])
          expect(answer).toMatchObject(BUSY);
        expect(await broker.readResource(principal, one)).toMatchObject({ outcome: BUSY });
        expect(authorizationServer.requests()).toHaveLength(asked);
        expect(server.authorizationsSeen()).toEqual([]);
        proxy.admit();

        await vi.waitFor(async () => expect(await call()).toMatchObject(DONE), { timeout: 60_000 });
        expect(authorizationServer.refreshCount()).toBe(1);
        expect(authorizationServer.requests('authorization')).toHaveLength(1);
      });
    },
  );
}

for (const { name, skipped, start } of PRIVATE_SERVERS) {
  it.skipIf(skipped !== undefined)(
    `R38 a ${name} server that is killed in the middle of a refresh has what it confirmed, and takes the rest later${skipped === undefined ? '' : ` (${skipped})`}`,
    { timeout: TIMEOUT_MS },
    async () => {
      const database = stage.keep(await start());
      await breakInRefresh(database.address, database.kill, database.start);
    },
  );
}
