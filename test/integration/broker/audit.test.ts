/** What the audit log tells of real sign-ins, calls, refreshes and administrators' acts, and that a team cannot act behind its back. */
import { readdir } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AuditEntry, AuditOptions } from '../../../src/broker/index.js';
import { BrokerError } from '../../../src/core/errors.js';
import { AUDIT_REPEAT_INTERVAL_MS } from '../../../src/core/limits.js';
import type { Grant } from '../../../src/vault/index.js';
import { isCallback, visit } from '../../support/browser.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { findSecrets } from '../../support/secret-scan.js';
import { createStage } from '../../support/stage.js';
import type { TemporaryHome } from '../../support/temporary-home.js';

const stage = createStage();
afterEach(() => stage.close());

const WIKI = { serverName: 'wiki' };
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;

async function setting() {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const home = await stage.home({ mcpServers: { wiki: { url: server.url } } });
  return { authorizationServer, server, home };
}

async function person(home: TemporaryHome, user: string, team = 'blue'): Promise<ComposedBroker> {
  const env = { MCP_OAUTH_USER: user, MCP_OAUTH_TEAM: team, MCP_OAUTH_AGENT: 'host' };
  return stage.keep(await composedBroker({ home, env }));
}

async function begin({ broker, principal }: ComposedBroker): Promise<string> {
  const asked = await broker.connect(principal, WIKI);
  return 'authUrl' in asked ? String(asked.authUrl) : '';
}

async function signIn(somebody: ComposedBroker): Promise<void> {
  await visit(await begin(somebody));
  expect(await somebody.broker.connect(somebody.principal, WIKI)).toMatchObject({ status: 'success' });
}

function call({ broker, principal }: ComposedBroker, toolName = 'whoami') {
  return broker.callTool(principal, { ...WIKI, toolName });
}

async function trail(somebody: ComposedBroker, options?: AuditOptions): Promise<readonly AuditEntry[]> {
  const read = await somebody.broker.auditTrail(somebody.principal, options);
  if ('status' in read) throw new Error(read.error);
  expect(read.chain).toEqual({ state: 'unbroken' });
  return read.entries;
}

const eventsOf = async (somebody: ComposedBroker): Promise<readonly string[]> =>
  (await trail(somebody)).map(({ event }) => event);

const idOf = ({ principal }: ComposedBroker) => [principal.team, principal.user, 'wiki', 'default'];

async function grantOf(somebody: ComposedBroker): Promise<Grant | undefined> {
  return (await (await somebody.vault()).grants.get(idOf(somebody)))?.value;
}

async function expire(somebody: ComposedBroker): Promise<void> {
  await (await somebody.vault()).grants.update(idOf(somebody), (grant) =>
    grant === undefined ? grant : { ...grant, expiresAt: grant.obtainedAt - 1 },
  );
}

it('tells of a key that its server refuses, when it is given and later', async () => {
  const server = await stage.server();
  const home = await stage.home({ mcpServers: { wiki: { url: server.url, auth: 'bearer' } } });
  const ada = await person(home, 'ada');
  const store = (value: string) => ada.broker.storeKey(ada.principal, { ...WIKI, value });
  await store('canary-of-ada');
  server.bend({ endpoint: 'mcp', respond: { status: 401 } });
  expect(await call(ada)).toMatchObject({ outcome: { reason: 'key_rejected' } });
  const bob = await person(home, 'bob');
  await bob.broker.storeKey(bob.principal, { ...WIKI, value: 'canary-of-bob' });

  const entries = await trail(ada);
  expect(entries.map(({ user, event }) => [user, event])).toEqual([
    ['ada', 'key_stored'],
    ['ada', 'used'],
    ['ada', 'key_refused'],
    ['bob', 'key_refused'],
  ]);
  expect(entries[2]?.fingerprint).toBe(entries[0]?.fingerprint);
  expect(JSON.stringify(entries)).not.toContain('canary');
});

it('tells of no clearing of a name that never was', async () => {
  const { home } = await setting();
  const ada = await person(home, 'ada');
  await begin(ada);
  expect(await ada.broker.clearAuth(ada.principal, { serverName: 'nowhere' })).toMatchObject({
    code: 'unknown_server',
  });
  await ada.broker.clearAuth(ada.principal, WIKI);
  expect(await trail(ada)).toMatchObject([{ event: 'cleared', serverName: 'wiki' }]);
});

describe('the audit log', () => {
  it('joins a sign-in, its use, its refresh and its end by the fingerprint, and holds no token', async () => {
    const { home } = await setting();
    const ada = await person(home, 'ada');
    await signIn(ada);
    const first = await grantOf(ada);
    expect(await call(ada)).toMatchObject({ kind: 'upstream' });
    await expire(ada);
    expect(await call(ada)).toMatchObject({ kind: 'upstream' });
    const second = await grantOf(ada);
    await ada.broker.clearAuth(ada.principal, WIKI);

    const entries = await trail(ada);
    const about = { team: 'blue', user: 'ada', agent: 'host', serverName: 'wiki', account: 'default' };
    const [connected, used, refreshed, cleared] = entries;
    expect(entries).toMatchObject([
      { ...about, event: 'connected', sequence: 1 },
      { ...about, event: 'used', detail: 'tools/list' },
      { ...about, event: 'refreshed' },
      { ...about, event: 'cleared' },
    ]);
    expect(connected?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(used?.fingerprint).toBe(connected?.fingerprint);
    expect(refreshed?.detail).toBe(`instead of ${connected?.fingerprint}`);
    expect(refreshed?.fingerprint).not.toBe(connected?.fingerprint);
    expect(cleared?.fingerprint).toBe(refreshed?.fingerprint);
    const secrets = {
      accessTokens: [first?.accessToken ?? '', second?.accessToken ?? ''],
      refreshTokens: [first?.refreshToken ?? '', second?.refreshToken ?? ''],
    };
    expect(second?.accessToken).not.toBe(first?.accessToken);
    expect(findSecrets(secrets, { log: JSON.stringify(entries) })).toEqual([]);
  });

  it('tells of a use once an hour, by whichever tool it is', async () => {
    const { home } = await setting();
    const ada = await person(home, 'ada');
    await signIn(ada);
    for (let count = 0; count < 3; count += 1) await call(ada);
    expect(await eventsOf(ada)).toEqual(['connected', 'used']);
    ada.advance(AUDIT_REPEAT_INTERVAL_MS);
    await call(ada);
    expect((await trail(ada)).at(-1)).toMatchObject({ event: 'used', detail: 'tools/call whoami' });
  });

  it('tells of a sign-in that was refused, and of a refresh that failed, with the code', async () => {
    const { home, authorizationServer } = await setting();
    const ada = await person(home, 'ada');
    await visit(await begin(ada), { deny: true });
    await ada.broker.connect(ada.principal, WIKI);
    await signIn(ada);
    authorizationServer.bend({ ...REFRESH, respond: { status: 503, body: {} } });
    await expire(ada);
    for (let count = 0; count < 2; count += 1) await call(ada);
    authorizationServer.straighten();
    authorizationServer.bend({ ...REFRESH, respond: { status: 400, body: { error: 'invalid_grant' } } });
    await call(ada);

    expect((await trail(ada)).map(({ event, code }) => [event, code])).toEqual([
      ['sign_in_failed', 'authorization_denied'],
      ['connected', undefined],
      ['used', undefined],
      ['refresh_failed', 'token_request_failed'],
      ['refresh_failed', 'grant_rejected'],
    ]);
  });

  it('T31 tells of a state of somebody else that is pasted, in the log of whoever pasted it', async () => {
    const { home } = await setting();
    const [ada, eve] = [await person(home, 'ada'), await person(home, 'eve')];
    const { finalUrl } = await visit(await begin(ada), { stopBefore: isCallback });
    await begin(eve);
    expect(await eve.broker.connect(eve.principal, { ...WIKI, callbackUrl: finalUrl })).toMatchObject({
      code: 'state_invalid',
    });
    expect(await trail(eve)).toMatchObject([{ event: 'foreign_state', user: 'eve', serverName: 'wiki' }]);
  });

  it("tells of every act of an administrator, in the team's log, and of nothing that came to nothing", async () => {
    const { home, server } = await setting();
    const ada = await person(home, 'ada');
    const { principal } = ada;
    const { administration, storeSecret } = ada.broker;
    await administration.addTeamServer(principal, { serverName: 'tracker', url: `${server.url}?key=canary-in-query` });
    await administration.addTeamServer(principal, { serverName: 'tracker', url: server.url });
    await administration.removeTeamServer(principal, 'tracker');
    await administration.removeTeamServer(principal, 'tracker');
    await administration.removeMember(principal, { user: 'bob' });
    await administration.addMember(principal, { user: 'bob' });
    await administration.addMember(principal, { user: 'bob' });
    await administration.resetServer(principal, 'wiki');
    await storeSecret(principal, { scope: 'team', name: 'github', value: 'canary-of-the-team' });

    const entries = await trail(ada);
    expect(entries.map(({ event, serverName, detail }) => [event, serverName, detail])).toEqual([
      ['server_added', 'tracker', new URL(server.url).origin],
      ['server_removed', 'tracker', undefined],
      ['member_removed', undefined, 'bob'],
      ['member_added', undefined, 'bob'],
      ['reset', 'wiki', undefined],
      ['secret_stored', undefined, 'team_secret github'],
    ]);
    expect(JSON.stringify(entries)).not.toContain('canary');
  });

  it('tells of a key, a choice of tools and a provider, and of a token that nobody signed in for', async () => {
    const authorizationServer = await stage.authorizationServer({
      clients: [{ clientId: 'robot', clientSecret: 'canary-of-robot', grantTypes: ['client_credentials'] }],
    });
    const [plain, guarded] = [await stage.server(), await stage.server({ authorizationServer })];
    const oauth = { grantType: 'client_credentials', clientId: 'robot', clientSecret: 'canary-of-robot' };
    const home = await stage.home({
      mcpServers: { keyed: { url: plain.url, auth: 'bearer' }, robotic: { url: guarded.url, oauth } },
    });
    const ada = await person(home, 'ada');
    const { broker, principal } = ada;
    const { issuer } = authorizationServer;
    for (const done of [
      await broker.storeKey(principal, { serverName: 'keyed', value: 'canary-of-keyed' }),
      await broker.chooseTools(principal, { serverName: 'keyed', choice: 'all' }),
      await broker.administration.addProvider(principal, { id: 'acme', issuer, clientId: 'c' }),
      await broker.connect(principal, { serverName: 'robotic' }),
    ])
      expect(done).toMatchObject({ status: 'success' });
    await broker.administration.removeProvider(principal, 'acme');

    const entries = await trail(ada);
    expect(entries.map(({ event, serverName, provider }) => [event, serverName ?? provider])).toEqual([
      ['key_stored', 'keyed'],
      ['used', 'keyed'],
      ['tools_chosen', 'keyed'],
      ['provider_added', 'acme'],
      ['connected', 'robotic'],
      ['used', 'robotic'],
      ['provider_removed', 'acme'],
    ]);
    expect(entries[1]?.fingerprint).toBe(entries[0]?.fingerprint);
    expect(JSON.stringify(entries)).not.toContain('canary');
  });

  it('is of the team alone, and of one user alone where that is asked for', async () => {
    const { home } = await setting();
    const [ada, bob, other] = [await person(home, 'ada'), await person(home, 'bob'), await person(home, 'ada', 'red')];
    for (const { broker, principal } of [ada, bob, other])
      await broker.storeSecret(principal, { scope: 'user', name: 'a', value: 'some-secret' });
    expect((await trail(ada)).map(({ user }) => user)).toEqual(['ada', 'bob']);
    expect((await trail(ada, { ownOnly: true, limit: 10 })).map(({ user }) => user)).toEqual(['ada']);
    expect(await trail(other)).toHaveLength(1);
  });

  it('makes no vault', async () => {
    const { home } = await setting();
    const ada = await person(home, 'ada');
    expect(await trail(ada)).toEqual([]);
    expect(await ada.broker.clearAuth(ada.principal, WIKI)).toMatchObject({ status: 'success' });
    expect(await ada.broker.administration.resetServer(ada.principal, 'wiki')).toMatchObject({ status: 'success' });
    ada.broker.noteEchoedSecret(ada.principal, WIKI);
    await ada.broker.close();
    expect(await trail(ada)).toEqual([]);
    expect(await readdir(home.path)).toEqual(['servers.json']);
  });
});

describe('an entry that cannot be written', () => {
  const busy = new BrokerError('vault_busy', 'Busy.', { retryable: true });

  async function breakLog(somebody: ComposedBroker): Promise<() => void> {
    const broken = vi.spyOn((await somebody.vault()).audit, 'append').mockRejectedValue(busy);
    return () => broken.mockRestore();
  }

  it('ends a call, a clearing and an administrative act in a team, before anything is done', async () => {
    const { home, server } = await setting();
    const ada = await person(home, 'ada');
    await signIn(ada);
    const later = await person(home, 'ada');
    const { administration, clearAuth } = later.broker;
    const mend = await breakLog(later);
    const callsBefore = server.authorizationsSeen().length;
    expect(await call(later)).toMatchObject({ outcome: { status: 'error', code: 'vault_busy', retryable: true } });
    expect(server.authorizationsSeen()).toHaveLength(callsBefore);
    expect(await clearAuth(later.principal, WIKI)).toMatchObject({ code: 'vault_busy' });
    expect(await grantOf(ada)).toBeDefined();
    expect(await administration.removeMember(later.principal, { user: 'bob' })).toMatchObject({ code: 'vault_busy' });
    mend();
    expect(await call(later)).toMatchObject({ kind: 'upstream' });
    expect(await eventsOf(ada)).toEqual(['connected', 'used', 'used']);
  });

  it('loses no grant in a team: what was signed in and refreshed is there, and used by the next call', async () => {
    const { home, authorizationServer } = await setting();
    const ada = await person(home, 'ada');
    const authUrl = await begin(ada);
    const mend = await breakLog(ada);
    await visit(authUrl);
    const first = await grantOf(ada);
    expect(first).toMatchObject({ state: 'active' });
    await expire(ada);
    expect(await call(ada)).toMatchObject({ outcome: { code: 'vault_busy' } });
    const second = await grantOf(ada);
    expect(second?.accessToken).not.toBe(first?.accessToken);
    mend();
    expect(await call(ada)).toMatchObject({ kind: 'upstream' });
    expect(authorizationServer.refreshCount()).toBe(1);
  });

  it('is no reason to refuse anything to somebody who is alone', async () => {
    const { home } = await setting();
    const ada = await person(home, 'ada', 'personal');
    await begin(ada);
    await breakLog(ada);
    await signIn(ada);
    expect(await call(ada)).toMatchObject({ kind: 'upstream' });
    await expire(ada);
    expect(await call(ada)).toMatchObject({ kind: 'upstream' });
    expect(await ada.broker.clearAuth(ada.principal, WIKI)).toMatchObject({ cleared: { grants: 1 } });
    expect(await trail(ada)).toEqual([]);
  });
});
