/** Leaving and rejoining a team, and what an administrator ends: of whom it is meant, wholly, and of nobody else. */
import { afterEach, describe, expect, it } from 'vitest';
import { MEMBERSHIP_RECHECK_MS } from '../../../src/core/limits.js';
import { visit } from '../../support/browser.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { createStage } from '../../support/stage.js';
import type { TemporaryHome } from '../../support/temporary-home.js';

const stage = createStage();
afterEach(() => stage.close());

async function member(home: TemporaryHome, user: string, agent = 'host', team = 'blue'): Promise<ComposedBroker> {
  const env = { MCP_OAUTH_USER: user, MCP_OAUTH_TEAM: team, MCP_OAUTH_AGENT: agent };
  return stage.keep(await composedBroker({ home, env }));
}

async function signIn({ broker, principal }: ComposedBroker, serverName: string): Promise<void> {
  const asked = await broker.connect(principal, { serverName });
  await visit('authUrl' in asked ? String(asked.authUrl) : '');
  expect(await broker.connect(principal, { serverName })).toMatchObject({ status: 'success' });
}

function call({ broker, principal }: ComposedBroker, serverName: string) {
  return broker.callTool(principal, { serverName, toolName: 'whoami' });
}

/** A team's wiki that each member signs in to, with the authorization server behind it. */
async function wiki(credentialMode: 'per_user' | 'per_agent' | 'shared' = 'per_user') {
  const authorizationServer = await stage.authorizationServer();
  const { url } = await stage.server({ authorizationServer });
  const home = await stage.home({ mcpServers: { wiki: { url, credentialMode } } });
  const revocations = () => authorizationServer.requests().filter(({ endpoint }) => endpoint === 'revocation').length;
  return { home, url, revocations };
}

const STATE_OF_WIKI = async ({ broker, principal }: ComposedBroker): Promise<unknown> => {
  const listed = await broker.listServers(principal, 'wiki');
  return 'servers' in listed ? listed.servers[0]?.accounts[0]?.state : listed.code;
};

const REFUSED = { status: 'error', code: 'not_a_member', retryable: false };

describe('T79 a member who is removed', () => {
  it('is refused by every process within a minute, in every call; the others go on', async () => {
    const { home } = await wiki();
    const [ada, elsewhere, grace] = [await member(home, 'ada'), await member(home, 'ada'), await member(home, 'grace')];
    await signIn(ada, 'wiki');
    await signIn(grace, 'wiki');
    expect(await elsewhere.broker.connect(elsewhere.principal, { serverName: 'wiki' })).toMatchObject({
      status: 'success',
    });

    expect(await grace.broker.administration.removeMember(grace.principal, { user: 'ada' })).toMatchObject({
      status: 'success',
      user: 'ada',
      team: 'blue',
      cleared: { grants: 1 },
      revocation: 'revoked',
    });
    expect(MEMBERSHIP_RECHECK_MS).toBeLessThanOrEqual(60_000);
    for (const { broker, principal, advance } of [ada, elsewhere]) {
      advance(MEMBERSHIP_RECHECK_MS);
      const wikiOnly = { serverName: 'wiki' };
      for (const answer of [
        await broker.connect(principal, wikiOnly),
        await broker.clearAuth(principal, wikiOnly),
        await broker.listServers(principal),
        await broker.searchTools(principal, {}),
        await broker.storeKey(principal, { serverName: 'wiki', value: 'a-key-of-some-length' }),
        await broker.storeSecret(principal, { scope: 'user', name: 'a', value: 'b' }),
      ])
        expect(answer).toMatchObject(REFUSED);
      const request = { ...wikiOnly, toolName: 'whoami', promptName: 'p', params: {} };
      for (const proxied of [
        await broker.callTool(principal, request),
        await broker.readResource(principal, wikiOnly),
        await broker.getPrompt(principal, request),
        await broker.complete(principal, request),
      ])
        expect(proxied).toMatchObject({ kind: 'outcome', outcome: REFUSED });
      expect(await broker.usableServers(principal)).toEqual([]);
      expect(await broker.listOfEach(principal, 'tools')).toEqual([]);
      expect(await broker.diagnose(principal, 'wiki')).toMatchObject([{ ok: false, code: 'not_a_member' }]);
      expect(await broker.removeAddedServer(principal, 'wiki')).toBe(false);
    }
    expect(await call(grace, 'wiki')).toMatchObject({ kind: 'upstream' });
  });

  it('loses the grants of all their agents, their secrets and what their agents added, and gets nothing back', async () => {
    const { home, url, revocations } = await wiki('per_agent');
    const [editor, terminal] = [await member(home, 'ada', 'editor'), await member(home, 'ada', 'terminal')];
    const [grace, otherTeam] = [await member(home, 'grace'), await member(home, 'ada', 'editor', 'red')];
    for (const one of [editor, terminal, grace, otherTeam]) await signIn(one, 'wiki');
    await editor.broker.connect(editor.principal, { serverName: 'mine', url });
    await editor.broker.storeSecret(editor.principal, { scope: 'user', name: 'pin', value: 'a-secret-value' });

    const { administration } = grace.broker;
    const removed = await administration.removeMember(grace.principal, { user: 'ada' });
    expect(removed).toMatchObject({ cleared: { grants: 2, secrets: 1 }, revocation: 'revoked' });
    expect(revocations()).toBeGreaterThanOrEqual(2);
    expect(await call(otherTeam, 'wiki')).toMatchObject({ kind: 'upstream' });
    expect(await call(grace, 'wiki')).toMatchObject({ kind: 'upstream' });

    // A process that has not noticed yet stores something meanwhile.
    await terminal.broker.storeSecret(terminal.principal, { scope: 'user', name: 'late', value: 'a-late-secret' });
    expect(await administration.addMember(grace.principal, { user: 'ada' })).toBe(true);
    expect(await administration.addMember(grace.principal, { user: 'ada' })).toBe(false);
    const vault = await grace.vault();
    expect(await vault.namedSecrets.list(['user', 'blue', 'ada'])).toEqual([]);
    for (const again of [editor, terminal]) {
      again.advance(MEMBERSHIP_RECHECK_MS);
      expect(await STATE_OF_WIKI(again)).toBe('not_connected');
      expect(await again.broker.listServers(again.principal, 'mine')).toMatchObject({ code: 'unknown_server' });
    }
    await signIn(editor, 'wiki');
  });

  it('leaves what the team shares', async () => {
    const { home, revocations } = await wiki('shared');
    const [ada, grace] = [await member(home, 'ada'), await member(home, 'grace')];
    await signIn(ada, 'wiki');

    const removed = await grace.broker.administration.removeMember(grace.principal, { user: 'ada', team: 'blue' });
    expect(removed).toMatchObject({ cleared: { grants: 0 }, revocation: 'none' });
    expect(revocations()).toBe(0);
    expect(await call(grace, 'wiki')).toMatchObject({ kind: 'upstream' });
  });
});

describe('T79 a sign-in for the whole team that was open', () => {
  it('when who began it is removed is theirs no more, and another member begins one', async () => {
    const { home } = await wiki('shared');
    const [ada, grace] = [await member(home, 'ada'), await member(home, 'grace')];
    const asked = await ada.broker.connect(ada.principal, { serverName: 'wiki' });
    const begun = 'authUrl' in asked ? String(asked.authUrl) : '';
    await grace.broker.administration.removeMember(grace.principal, { user: 'ada' });

    // Nobody may listen for it any more.
    await visit(begun).catch(() => undefined);
    expect(await STATE_OF_WIKI(grace)).toBe('auth_required');
    await signIn(grace, 'wiki');
  });

  it('goes on when another member is removed', async () => {
    const { home } = await wiki('shared');
    const ada = await member(home, 'ada');
    const asked = await ada.broker.connect(ada.principal, { serverName: 'wiki' });
    await ada.broker.administration.removeMember(ada.principal, { user: 'grace' });

    await visit('authUrl' in asked ? String(asked.authUrl) : '');
    expect(await ada.broker.connect(ada.principal, { serverName: 'wiki' })).toMatchObject({ status: 'success' });
  });
});

describe('reset', () => {
  it.each(['per_user', 'per_agent', 'shared'] as const)(
    'ends everybody’s %s credentials of one server, and those of no other team',
    async (credentialMode) => {
      const { home } = await wiki(credentialMode);
      const [ada, grace] = [await member(home, 'ada'), await member(home, 'grace')];
      const stranger = await member(home, 'ada', 'host', 'red');
      for (const one of credentialMode === 'shared' ? [ada, stranger] : [ada, grace, stranger])
        await signIn(one, 'wiki');

      expect(await grace.broker.administration.resetServer(grace.principal, 'wiki')).toMatchObject({
        status: 'success',
        serverName: 'wiki',
        cleared: { grants: credentialMode === 'shared' ? 1 : 2 },
        revocation: 'revoked',
      });
      for (const one of [ada, grace]) expect(await STATE_OF_WIKI(one)).toBe('not_connected');
      expect(await call(stranger, 'wiki')).toMatchObject({ kind: 'upstream' });
    },
  );

  it('of a name that never was says so', async () => {
    const grace = await member(await stage.home(), 'grace');
    expect(await grace.broker.administration.resetServer(grace.principal, 'nothing')).toMatchObject({
      code: 'unknown_server',
    });
  });
});
