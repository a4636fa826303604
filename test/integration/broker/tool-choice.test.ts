/** What the user allows an agent of a server's tools: seen and called as chosen, by that agent, in every process. */
import { afterEach, describe, expect, it } from 'vitest';
import type { NewToolChoice } from '../../../src/broker/index.js';
import { childServer } from '../../support/child-servers.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { createStage, writeServersFile } from '../../support/stage.js';
import { damageRow } from '../../support/stored-grants.js';
import type { TemporaryHome } from '../../support/temporary-home.js';

const stage = createStage();
afterEach(() => stage.close());

async function agent(home: TemporaryHome, name: string, user = 'ada'): Promise<ComposedBroker> {
  const env = { MCP_OAUTH_TEAM: 'blue', MCP_OAUTH_USER: user, MCP_OAUTH_AGENT: name };
  return stage.keep(await composedBroker({ home, env }));
}

/** A server that needs no sign-in, that `a` is connected to. */
async function begin(entry: Readonly<Record<string, unknown>> = {}) {
  const server = await stage.server();
  const home = await stage.home({ mcpServers: { notes: { url: server.url, ...entry } } });
  const a = await agent(home, 'a');
  expect(await a.broker.connect(a.principal, { serverName: 'notes' })).toMatchObject({ status: 'success' });
  return { server, home, a };
}

function choose({ broker, principal }: ComposedBroker, choice: NewToolChoice, serverName = 'notes') {
  return broker.chooseTools(principal, { serverName, choice });
}

function echo({ broker, principal }: ComposedBroker, serverName = 'notes') {
  return broker.callTool(principal, { serverName, toolName: 'echo', arguments: { text: 'hi' } });
}

async function seen({ broker, principal }: ComposedBroker, serverName = 'notes') {
  const connected = await broker.connect(principal, { serverName });
  const found = await broker.searchTools(principal, { serverName });
  const everywhere = await broker.searchTools(principal, {});
  const [listed] = await broker.listOfEach(principal, 'tools', [serverName]);
  if (connected.status !== 'success' || 'status' in found || 'status' in everywhere || listed?.kind !== 'listed')
    throw new Error(JSON.stringify({ connected, found, everywhere, listed }));
  const names = connected.tools.map(({ name }) => name).sort();
  expect(connected.toolCount).toBe(names.length);
  const itsOwn = everywhere.tools.filter((tool) => tool.serverName === serverName);
  for (const others of [found.tools, itsOwn, listed.definitions])
    expect(others.map(({ name }) => name).sort()).toEqual(names);
  return names;
}

const NOT_FOUND = { kind: 'outcome', outcome: { status: 'error', code: 'tool_not_found' } };
const ANSWERED = { kind: 'upstream', result: { content: [{ text: 'hi' }] } };

describe('a tool that the user does not allow an agent', () => {
  it('is gone from its lists and cannot be called; another agent of the user still has it', async () => {
    const { home, server, a } = await begin();
    const b = await agent(home, 'b');
    expect(await seen(b)).toContain('echo');
    expect(await choose(a, { allowed: [], refused: ['echo'] })).toEqual({ status: 'success', serverName: 'notes' });
    expect(await seen(a)).not.toContain('echo');
    expect(await seen(a)).toContain('whoami');
    expect(await echo(a)).toMatchObject(NOT_FOUND);
    expect(server.callCount('echo')).toBe(0);
    expect(await seen(b)).toContain('echo');
    expect(await echo(b)).toMatchObject(ANSWERED);
  });

  it('is refused by a process that is already running, at its next call', async () => {
    const { home, a } = await begin();
    const running = await agent(home, 'a');
    expect(await echo(running)).toMatchObject(ANSWERED);
    await choose(a, 'none');
    expect(await echo(running)).toMatchObject(NOT_FOUND);
    expect(await seen(running)).toEqual([]);
    await choose(a, 'anything');
    expect(await echo(running)).toMatchObject(ANSWERED);
  });

  it('stays so for what the server adds later: that is new, and not allowed until it is chosen', async () => {
    const { home, server, a } = await begin();
    await choose(a, 'all');
    await server.close();
    await stage.server({ port: Number(new URL(server.url).port), extraTools: 1 });
    const later = await agent(home, 'a');
    expect(await seen(later)).not.toContain('extra_0');
    const offered = await later.broker.toolsToChoose(later.principal, 'notes');
    expect('tools' in offered && offered.tools.filter(({ isNew }) => isNew).map(({ name }) => name)).toEqual([
      'extra_0',
    ]);
    await choose(later, { allowed: ['extra_0'], refused: [] });
    expect(await seen(later)).toContain('extra_0');
    expect(await seen(later)).toContain('echo');
  });

  it('is not brought back by what the entry allows, nor the other way round', async () => {
    const { a } = await begin({ tools: { allow: ['e*', 'whoami'] } });
    const offered = await a.broker.toolsToChoose(a.principal, 'notes');
    expect('tools' in offered && offered.tools.map(({ name }) => name)).toEqual(['echo', 'whoami']);
    await choose(a, { allowed: ['write_note'], refused: ['whoami'] });
    expect(await seen(a)).toEqual(['echo']);
  });
});

describe('what was chosen', () => {
  it('outlives clear_mcp_auth, and a server that cannot be asked', async () => {
    const { home, server, a } = await begin();
    await choose(a, { allowed: [], refused: ['echo'] });
    await a.broker.clearAuth(a.principal, { serverName: 'notes' });
    expect(await seen(a)).not.toContain('echo');
    await server.close();
    const later = await agent(home, 'a');
    const offered = await later.broker.toolsToChoose(later.principal, 'notes');
    expect(offered).toMatchObject({ isChosen: true, reason: 'upstream_unreachable' });
    expect('tools' in offered && offered.tools.filter((tool) => !tool.isAllowed)).toEqual([
      { name: 'echo', isAllowed: false, isNew: false },
    ]);
  });

  it('ends with the server that an agent added, for all agents of the user', async () => {
    const { home, server, a } = await begin();
    const b = await agent(home, 'b');
    for (const one of [a, b]) {
      await one.broker.connect(one.principal, { serverName: 'added', url: server.url });
      await choose(one, 'none', 'added');
    }
    expect(await echo(b, 'added')).toMatchObject(NOT_FOUND);
    expect(await a.broker.removeAddedServer(a.principal, 'added')).toBe(true);
    await b.broker.connect(b.principal, { serverName: 'added', url: server.url });
    expect(await echo(b, 'added')).toMatchObject(ANSWERED);
  });

  it('is not for another server that takes the name', async () => {
    const { server, a } = await begin();
    const other = await stage.server();
    await a.broker.connect(a.principal, { serverName: 'moved', url: server.url });
    await choose(a, { allowed: ['echo'], refused: ['whoami'] }, 'moved');
    await a.broker.clearAuth(a.principal, { serverName: 'moved' });
    await a.broker.connect(a.principal, { serverName: 'moved', url: other.url });
    expect(await seen(a, 'moved')).toContain('whoami');
  });

  it('holds for another spelling of the same URL, and for another version of the same program', async () => {
    const { home, server, a } = await begin();
    await choose(a, 'none');
    await writeServersFile(home, { mcpServers: { notes: { url: server.url.replace('http:', 'HTTP:') } } });
    expect(await seen(await agent(home, 'a'))).toEqual([]);
    const { command, args } = childServer();
    const program = (version: string) => ({ mcpServers: { program: { command, args: [...args, version] } } });
    await writeServersFile(home, program('1'));
    const one = await agent(home, 'a');
    await one.broker.connect(one.principal, { serverName: 'program' });
    await choose(one, 'none', 'program');
    await one.close();
    await writeServersFile(home, program('2'));
    expect(await seen(await agent(home, 'a'), 'program')).toEqual([]);
  });

  it('allows nothing where its record is damaged, until it is chosen again', async () => {
    const { home, a } = await begin();
    await choose(a, 'all');
    const { toolChoices } = await a.vault();
    const rewrite = async () => {
      await toolChoices.update(['blue', 'ada', 'a', 'notes'], (choice) => choice && { ...choice });
    };
    await damageRow(home, rewrite);
    const later = await agent(home, 'a');
    expect(await echo(later)).toMatchObject(NOT_FOUND);
    expect(await choose(later, 'all')).toMatchObject({ status: 'success' });
    expect(await echo(later)).toMatchObject(ANSWERED);
  });

  it('goes with a member who is removed', async () => {
    const { home, a } = await begin();
    await choose(a, 'none');
    const admin = await agent(home, 'cli', 'grace');
    await admin.broker.administration.removeMember(admin.principal, { user: 'ada' });
    await admin.broker.administration.addMember(admin.principal, { user: 'ada' });
    const back = await agent(home, 'a');
    expect(await seen(back)).toContain('echo');
  });

  it('of an agent is nobody else’s: not of a user of the same agent, nor of another team', async () => {
    const { home, a } = await begin();
    await choose(a, 'none');
    expect(await seen(await agent(home, 'a', 'grace'))).toContain('echo');
  });
});

describe('the agents of a user', () => {
  it('are those that have called something, and nobody else’s', async () => {
    const { home, a } = await begin();
    for (const [name, user] of [
      ['b', 'ada'],
      ['other', 'grace'],
    ] as const)
      await seen(await agent(home, name, user));
    await expect.poll(() => a.broker.agents(a.principal), { timeout: 30_000 }).toEqual(['a', 'b']);
    const stranger = await agent(home, 'x', 'linus');
    expect(await stranger.broker.agents(stranger.principal)).toEqual(['x']);
  });
});
