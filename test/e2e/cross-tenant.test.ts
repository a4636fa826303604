/** T78, T31, T56: on one shared store, whoever is not the owner of a credential cannot see, use, clear or finish it. */
import { afterEach, describe, expect, it } from 'vitest';
import { isCallback, visit } from '../support/browser.js';
import { type ComposedBroker, composedBroker } from '../support/composed-broker.js';
import { createStage, type Stage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const SERVER_NAME = 'shared-name';

interface Person {
  readonly composed: ComposedBroker;
  connect(args?: object): Promise<Readonly<Record<string, unknown>>>;
  call(): Promise<Readonly<Record<string, unknown>>>;
  state(): Promise<unknown>;
}

async function person(
  home: Awaited<ReturnType<Stage['home']>>,
  env: Readonly<Record<string, string>>,
): Promise<Person> {
  const composed = stage.keep(await composedBroker({ home, env }));
  const { broker, principal } = composed;
  return {
    composed,
    connect: async (args = {}) => ({ ...(await broker.connect(principal, { serverName: SERVER_NAME, ...args })) }),
    call: async () => {
      const called = await broker.callTool(principal, { serverName: SERVER_NAME, toolName: 'whoami' });
      if (called.kind === 'input_required') throw new Error('nobody was to be asked');
      return called.kind === 'outcome' ? { ...called.outcome } : { ...called.result };
    },
    state: async () => {
      const listed = await broker.listServers(principal, SERVER_NAME);
      return 'servers' in listed ? listed.servers[0]?.accounts : listed;
    },
  };
}

async function signedIn(mode = 'per_user') {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const home = await stage.home({ mcpServers: { [SERVER_NAME]: { url: server.url, credentialMode: mode } } });
  const owner = await person(home, { MCP_OAUTH_TEAM: 'red', MCP_OAUTH_USER: 'alice', MCP_OAUTH_AGENT: 'one' });
  const begun = await owner.connect();
  await visit(String(begun['authUrl']));
  expect(await owner.connect()).toMatchObject({ status: 'success' });
  return { authorizationServer, server, home, owner };
}

const OTHERS: readonly [string, string, Readonly<Record<string, string>>][] = [
  ['a colleague', 'per_user', { MCP_OAUTH_TEAM: 'red', MCP_OAUTH_USER: 'bob', MCP_OAUTH_AGENT: 'one' }],
  [
    'the same person in another team',
    'per_user',
    { MCP_OAUTH_TEAM: 'blue', MCP_OAUTH_USER: 'alice', MCP_OAUTH_AGENT: 'one' },
  ],
  [
    'another agent of the same person',
    'per_agent',
    { MCP_OAUTH_TEAM: 'red', MCP_OAUTH_USER: 'alice', MCP_OAUTH_AGENT: 'two' },
  ],
  [
    'somebody of another team, where the team shares it',
    'shared',
    { MCP_OAUTH_TEAM: 'blue', MCP_OAUTH_USER: 'bob', MCP_OAUTH_AGENT: 'one' },
  ],
];

describe.each(OTHERS)('%s', (_, mode, env) => {
  it('sees no account, calls with no token of the owner, and searches without the server', async () => {
    const { server, home } = await signedIn(mode);
    const other = await person(home, env);
    const seen = server.authorizationsSeen().length;
    const { broker, principal } = other.composed;

    expect(await other.state()).toEqual([{ account: 'default', state: 'not_connected' }]);
    expect(await other.call()).toMatchObject({ status: 'requires_auth' });
    expect(await broker.readResource(principal, { serverName: SERVER_NAME })).toMatchObject({
      outcome: { status: 'requires_auth' },
    });
    expect(await broker.searchTools(principal, { serverName: SERVER_NAME })).toMatchObject({ status: 'requires_auth' });
    expect(await broker.searchTools(principal, {})).toMatchObject({ tools: [] });
    expect(server.authorizationsSeen()).toHaveLength(seen);
  });

  it('clears nothing of the owner’s, on the command line neither, and the owner goes on', async () => {
    const { authorizationServer, home, owner } = await signedIn(mode);
    const other = await person(home, env);
    const { broker, principal } = other.composed;

    const cleared = await broker.clearAuth(principal, { serverName: SERVER_NAME }, { allowShared: true });

    expect(cleared).toMatchObject({ status: 'success', cleared: { grants: 0, secrets: 0, clients: 0, pending: 0 } });
    expect(authorizationServer.requests('revocation')).toEqual([]);
    expect(await owner.call()).toMatchObject({ content: expect.anything() });
  });

  it('has a sign-in of their own, and finishes nobody else’s by pasting its answer', async () => {
    const { home, owner } = await signedIn(mode);
    const other = await person(home, env);
    await owner.composed.broker.clearAuth(owner.composed.principal, { serverName: SERVER_NAME }, { allowShared: true });
    const [ofOwner, ofOther] = [await owner.connect(), await other.connect()];
    expect(ofOther['authUrl']).not.toBe(ofOwner['authUrl']);
    const answer = (await visit(String(ofOwner['authUrl']), { stopBefore: isCallback })).finalUrl;

    expect(await other.connect({ callbackUrl: answer })).toMatchObject({ status: 'error', code: 'state_invalid' });

    expect(await other.call()).toMatchObject({ status: 'requires_auth' });
    expect(await owner.connect({ callbackUrl: answer })).toMatchObject({ status: 'success' });
  });
});

it('a colleague uses what the team shares, and a tool cannot clear it', async () => {
  const { home } = await signedIn('shared');
  const colleague = await person(home, { MCP_OAUTH_TEAM: 'red', MCP_OAUTH_USER: 'bob', MCP_OAUTH_AGENT: 'two' });
  const { broker, principal } = colleague.composed;

  expect(await colleague.connect()).toMatchObject({ status: 'success' });
  expect(await broker.clearAuth(principal, { serverName: SERVER_NAME })).toMatchObject({ code: 'invalid_input' });
  expect(await colleague.call()).toMatchObject({ content: expect.anything() });
});
