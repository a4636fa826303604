/** A key that the server refuses when it is given, and secrets by name: what is said, and what stays as it is. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

async function brokerOf(mcpServers: Readonly<Record<string, unknown>>, user = 'ada'): Promise<ComposedBroker> {
  const home = await stage.home({ mcpServers });
  return stage.keep(await composedBroker({ home, env: { MCP_OAUTH_USER: user, MCP_OAUTH_TEAM: 'blue' } }));
}

const stateOf = async ({ broker, principal }: ComposedBroker, serverName: string) => {
  const listed = await broker.listServers(principal, serverName);
  return 'servers' in listed ? listed.servers[0]?.accounts : listed;
};

describe('a new key that the server refuses', () => {
  it('leaves the stored one and the state of the server as they are', async () => {
    const server = await stage.server();
    const composed = await brokerOf({ keyed: { url: server.url, auth: 'bearer' } });
    const { broker, principal } = composed;
    expect(await broker.storeKey(principal, { serverName: 'keyed', value: 'a-good-key' })).toMatchObject({
      status: 'success',
    });
    const before = await stateOf(composed, 'keyed');
    expect(before).toMatchObject([{ state: 'connected' }]);

    server.bend({ endpoint: 'mcp', respond: { status: 401 } });
    expect(await broker.storeKey(principal, { serverName: 'keyed', value: 'a-bad-key' })).toMatchObject({
      status: 'requires_auth',
      authType: 'bearer',
      reason: 'key_rejected',
    });

    expect(await stateOf(composed, 'keyed')).toEqual(before);
    const kept = await (await composed.vault()).secrets.get(['blue', 'ada', 'keyed', 'default']);
    expect(kept?.value).toMatchObject({ value: 'a-good-key', state: 'active' });
  });

  it('is told that a sign-in is taken, where the server says so', async () => {
    const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
    const composed = await brokerOf({
      found: { url: server.url },
      keyed: { url: server.url, auth: 'bearer' },
    });
    const { broker, principal } = composed;
    const kinds = [];
    for (const serverName of ['found', 'keyed']) {
      const refused = await broker.storeKey(principal, { serverName, value: 'a-bad-key' });
      expect(refused).toMatchObject({ status: 'requires_auth', reason: 'key_rejected' });
      kinds.push('authType' in refused && refused.authType);
      expect(await stateOf(composed, serverName)).toMatchObject([{ state: 'not_connected' }]);
    }
    expect(kinds).toEqual(['oauth2', 'bearer']);
  });
});

describe('secrets by name', () => {
  it('are listed without their values, each for whom they are, and removed from there alone', async () => {
    const { broker, principal } = await brokerOf({});
    for (const [scope, name] of [
      ['org', 'everybody'],
      ['user', 'maps'],
      ['team', 'maps'],
      ['user', 'acme'],
    ] as const)
      await broker.storeSecret(principal, { scope, name, value: 'canary-4711' });

    const listed = await broker.listSecrets(principal);
    expect(listed).toMatchObject({
      secrets: [
        { secret: 'acme', scope: 'user' },
        { secret: 'maps', scope: 'user' },
        { secret: 'maps', scope: 'team' },
        { secret: 'everybody', scope: 'org' },
      ],
    });
    expect(JSON.stringify(listed)).not.toContain('canary');
    const colleague = { ...principal, user: 'bob' };
    expect(await broker.listSecrets(colleague)).toMatchObject({
      secrets: [{ scope: 'team' }, { scope: 'org' }],
    });
    expect(await broker.listSecrets({ ...colleague, team: 'red' })).toMatchObject({ secrets: [{ scope: 'org' }] });

    expect(await broker.removeSecret(colleague, { scope: 'user', name: 'maps' })).toMatchObject({ wasStored: false });
    expect(await broker.removeSecret(principal, { scope: 'user', name: 'maps' })).toMatchObject({ wasStored: true });
    expect(await broker.listSecrets(principal)).toMatchObject({
      secrets: [{ secret: 'acme' }, { secret: 'maps', scope: 'team' }, { secret: 'everybody' }],
    });
  });
});

describe('the members of a team', () => {
  it('are those who stored something, and those who were removed', async () => {
    const { broker, principal } = await brokerOf({});
    const server = await stage.server();
    await broker.connect(principal, { serverName: 'open', url: server.url });
    const { administration } = broker;

    expect(await administration.removeMember(principal, { user: 'bbo' })).toMatchObject({ wasKnown: false });
    expect(await administration.listMembers(principal)).toEqual({
      team: 'blue',
      members: [
        { user: 'ada', isRemoved: false },
        { user: 'bbo', isRemoved: true, removedAt: expect.any(String) },
      ],
    });
    expect(await administration.listMembers(principal, 'red')).toEqual({ team: 'red', members: [] });
    expect(await administration.removeMember(principal, { user: 'ada' })).toMatchObject({ wasKnown: true });
  });
});
