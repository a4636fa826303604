/** What an administrator sets up for a team: every member's broker finds it in the vault, and no other team's does. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Provider } from '../../../src/vault/index.js';
import { visit } from '../../support/browser.js';
import { childServer } from '../../support/child-servers.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { createStage, writeServersFile } from '../../support/stage.js';
import type { TemporaryHome } from '../../support/temporary-home.js';

const stage = createStage();
afterEach(() => stage.close());

const CLIENT = { clientId: 'team-client', clientSecret: 'a-secret-of-the-team' };

async function member(home: TemporaryHome, user: string, team = 'blue'): Promise<ComposedBroker> {
  return stage.keep(await composedBroker({ home, env: { MCP_OAUTH_USER: user, MCP_OAUTH_TEAM: team } }));
}

async function acmeProvider() {
  return stage.authorizationServer({ clients: [CLIENT], registration: 'none', resourceIndicators: false });
}

describe("a team's provider", () => {
  it('gives each member a token of their own, and its secret to nobody', async () => {
    const acme = await acmeProvider();
    const home = await stage.home({
      mcpServers: { local: { ...childServer(), env: { ACME_TOKEN: { source: 'oauth', provider: 'acme' } } } },
    });
    const admin = await member(home, 'grace');
    const { administration } = admin.broker;
    const added = await administration.addProvider(admin.principal, {
      id: 'acme',
      issuer: acme.issuer,
      scope: 'mcp:tools',
      ...CLIENT,
    });
    const expected = {
      id: 'acme',
      target: acme.issuer,
      clientId: CLIENT.clientId,
      scope: 'mcp:tools',
      secretSource: 'vault',
    };
    expect(added).toEqual({ status: 'success', provider: expected });
    expect(await administration.listProviders(admin.principal)).toEqual({ providers: [expected] });

    const ada = await member(home, 'ada');
    const asked = await ada.broker.connect(ada.principal, { serverName: 'local' });
    await visit('authUrl' in asked ? String(asked.authUrl) : '');
    expect(await ada.broker.connect(ada.principal, { serverName: 'local' })).toMatchObject({ status: 'success' });
    expect(await admin.broker.connect(admin.principal, { serverName: 'local' })).toMatchObject({
      status: 'requires_auth',
    });

    const other = await member(home, 'ada', 'red');
    expect(await other.broker.administration.listProviders(other.principal)).toEqual({ providers: [] });
    expect(await other.broker.connect(other.principal, { serverName: 'local' })).toMatchObject({
      status: 'error',
      code: 'invalid_input',
      error: expect.stringContaining('"acme"'),
      nextStep: expect.stringContaining('provider add'),
    });
  });

  it('is not stored where its issuer has no metadata, or where it cannot be told where to sign in', async () => {
    const server = await stage.server();
    const admin = await member(await stage.home(), 'grace');
    const { administration } = admin.broker;

    const wrong = { id: 'wrong', issuer: new URL(server.url).origin, clientId: 'c' };
    expect(await administration.addProvider(admin.principal, wrong)).toMatchObject({ status: 'error' });
    expect(await administration.addProvider(admin.principal, { id: 'nobody', clientId: 'c' })).toMatchObject({
      code: 'invalid_input',
    });
    const half = { id: 'half', tokenEndpoint: 'https://as.example/token' };
    expect(await administration.addProvider(admin.principal, half)).toMatchObject({ code: 'invalid_input' });
    const metadataService = {
      id: 'bad',
      authorizationEndpoint: 'https://169.254.169.254/a',
      tokenEndpoint: 'https://169.254.169.254/t',
    };
    expect(await administration.addProvider(admin.principal, metadataService)).toMatchObject({
      code: 'url_not_allowed',
    });
    expect(await administration.listProviders(admin.principal)).toEqual({ providers: [] });
  });

  it.each([
    ['github', 'https://github.com/login/oauth/authorize'],
    ['google', 'https://accounts.google.com/o/oauth2/v2/auth'],
    ['slack', 'https://slack.com/oauth/v2_user/authorize'],
    ['box', 'https://account.box.com/api/oauth2/authorize'],
    ['notion', 'https://api.notion.com/v1/oauth/authorize'],
  ])('called %s needs no endpoints', async (id, target) => {
    const admin = await member(await stage.home(), 'grace');
    const secret = { clientSecret: { source: 'org_secret', name: id } } as const;
    expect(await admin.broker.administration.addProvider(admin.principal, { id, clientId: 'c', ...secret })).toEqual({
      status: 'success',
      provider: { id, target, clientId: 'c', secretSource: `org_secret:${id}` },
    });
  });

  it.each([
    { source: 'file', path: '/home/bob/.ssh/id_rsa' },
    { source: 'env', name: 'AWS_SECRET_ACCESS_KEY' },
  ])('takes no secret from a member’s machine, whatever a colleague has written: $source', async (clientSecret) => {
    const admin = await member(await stage.home(), 'grace');
    const planted = { id: 'github', clientId: 'c', clientSecret, addedAt: 1 } as unknown as Provider;
    await (await admin.vault()).providers.update([admin.principal.team, 'github'], () => planted);
    expect(await admin.broker.administration.listProviders(admin.principal)).toMatchObject({
      providers: [{ id: 'github', secretSource: 'none' }],
    });
  });

  it('stands behind one of the same name in the user’s own file, and can be removed', async () => {
    const [ofTeam, ofFile] = [await acmeProvider(), await acmeProvider()];
    const local = { ...childServer(), env: { ACME_TOKEN: { source: 'oauth', provider: 'acme' } } };
    const home = await stage.home({ mcpServers: { local } });
    const ada = await member(home, 'ada');
    const { administration } = ada.broker;
    await administration.addProvider(ada.principal, { id: 'acme', issuer: ofTeam.issuer, ...CLIENT });
    await writeServersFile(home, {
      mcpServers: { local },
      oauthProviders: { acme: { issuer: ofFile.issuer, ...CLIENT } },
    });

    const asked = await ada.broker.connect(ada.principal, { serverName: 'local' });
    expect('authUrl' in asked && String(asked.authUrl)).toContain(ofFile.issuer);
    expect(await administration.removeProvider(ada.principal, 'acme')).toBe(true);
    expect(await administration.removeProvider(ada.principal, 'acme')).toBe(false);
  });
});

describe("a team's server", () => {
  it('is there for every member, signed in by each for themselves, and for no other team', async () => {
    const authorizationServer = await stage.authorizationServer();
    const { url } = await stage.server({ authorizationServer });
    const home = await stage.home();
    const [grace, ada, stranger] = [
      await member(home, 'grace'),
      await member(home, 'ada'),
      await member(home, 'eve', 'red'),
    ];
    const team = { serverName: 'wiki', url };
    expect(await grace.broker.administration.addTeamServer(grace.principal, team)).toEqual({
      status: 'success',
      serverName: 'wiki',
    });
    expect(await grace.broker.administration.addTeamServer(grace.principal, team)).toMatchObject({
      code: 'invalid_input',
    });

    const asked = await ada.broker.connect(ada.principal, { serverName: 'wiki' });
    await visit('authUrl' in asked ? String(asked.authUrl) : '');
    expect(await ada.broker.connect(ada.principal, { serverName: 'wiki' })).toMatchObject({ status: 'success' });
    expect(await grace.broker.listServers(grace.principal, 'wiki')).toMatchObject({
      servers: [{ serverName: 'wiki', source: 'team', accounts: [{ state: 'not_connected' }] }],
    });
    expect(await stranger.broker.listServers(stranger.principal, 'wiki')).toMatchObject({ code: 'unknown_server' });
  });

  it('stands behind the servers of a member’s agents and before the catalog, and never takes another URL from a call', async () => {
    const [first, second] = [await stage.server(), await stage.server()];
    const home = await stage.home();
    const [grace, ada] = [await member(home, 'grace'), await member(home, 'ada')];
    await ada.broker.connect(ada.principal, { serverName: 'wiki', url: first.url });
    for (const serverName of ['wiki', 'linear'])
      await grace.broker.administration.addTeamServer(grace.principal, { serverName, url: second.url });

    const sourceOf = async ({ broker, principal }: ComposedBroker, serverName: string) => {
      const listed = await broker.listServers(principal, serverName);
      return 'servers' in listed ? listed.servers[0]?.source : listed.code;
    };
    expect(await sourceOf(ada, 'wiki')).toBe('agent');
    expect(await sourceOf(grace, 'wiki')).toBe('team');
    expect(await sourceOf(ada, 'linear')).toBe('team');
    expect(await grace.broker.connect(grace.principal, { serverName: 'wiki', url: first.url })).toMatchObject({
      code: 'server_url_mismatch',
    });

    expect(await grace.broker.administration.removeTeamServer(grace.principal, 'wiki')).toBe(true);
    expect(await sourceOf(grace, 'wiki')).toBe('unknown_server');
    expect(await sourceOf(ada, 'wiki')).toBe('agent');
  });
});
