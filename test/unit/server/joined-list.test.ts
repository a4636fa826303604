import { describe, expect, it } from 'vitest';
import type { Broker, ServerList } from '../../../src/broker/index.js';
import { BrokerError } from '../../../src/core/errors.js';
import { createJoinedList, type Listed } from '../../../src/server/joined-list.js';

const principal = { team: 't', user: 'u', agent: 'a' };

/** Servers by name: what each lists, or why it is left out. */
type Servers = Record<string, readonly string[] | string>;

function brokerOf(servers: Servers) {
  const asked: (readonly string[])[] = [];
  const listOf = (serverName: string): ServerList => {
    const listed = servers[serverName] ?? [];
    return typeof listed === 'string'
      ? { serverName, kind: 'left_out', reason: listed }
      : { serverName, kind: 'listed', definitions: listed.map((name) => ({ name })) };
  };
  const broker: Pick<Broker, 'usableServers' | 'listOfEach'> = {
    usableServers: async () => Object.keys(servers),
    listOfEach: async (_principal, _kind, serverNames = Object.keys(servers)) => {
      const known = serverNames.filter((name) => name in servers);
      asked.push(known);
      return known.map(listOf);
    },
  };
  return { broker: async () => broker as Broker, asked };
}

const shown = (listed: readonly Listed[]): readonly string[] =>
  listed.map(({ serverName, definition }) => `${serverName}/${definition.name}`);

describe('the list for a host of before 2026-07-28', () => {
  it('is that of the servers that can be asked now', async () => {
    const servers: Servers = { a: ['x', 'y'] };
    const list = createJoinedList(brokerOf(servers).broker, 'tools', 'legacy');
    expect(shown(await list.read(principal))).toEqual(['a/x', 'a/y']);
    servers['b'] = ['z'];
    servers['a'] = ['y'];
    expect(shown(await list.read(principal))).toEqual(['a/y', 'b/z']);
    delete servers['a'];
    expect(shown(await list.read(principal))).toEqual(['b/z']);
  });

  it('has a server that cannot be reached for the moment as it was, and none that wants a sign-in', async () => {
    const servers: Servers = { a: ['x'], b: ['y'], c: 'upstream_unreachable' };
    const list = createJoinedList(brokerOf(servers).broker, 'tools', 'legacy');
    expect(shown(await list.read(principal))).toEqual(['a/x', 'b/y']);
    servers['a'] = 'upstream_unreachable';
    servers['b'] = 'requires_auth';
    expect(shown(await list.read(principal))).toEqual(['a/x']);
    servers['b'] = 'upstream_unreachable';
    expect(shown(await list.read(principal))).toEqual(['a/x']);
  });
});

describe('the list for a host of 2026-07-28', () => {
  it('is of the servers of the start, each as it was first', async () => {
    const servers: Servers = { a: ['x'] };
    const { broker, asked } = brokerOf(servers);
    const list = createJoinedList(broker, 'tools', 'modern');
    await list.settle(principal);
    servers['b'] = ['y'];
    expect(shown(await list.read(principal))).toEqual(['a/x']);
    servers['a'] = ['z'];
    expect(shown(await list.read(principal))).toEqual(['a/x']);
    delete servers['a'];
    expect(shown(await list.read(principal))).toEqual(['a/x']);
    expect(asked).toEqual([['a']]);
  });

  it('asks one that did not answer again', async () => {
    const servers: Servers = { a: 'upstream_unreachable', b: ['y'] };
    const { broker, asked } = brokerOf(servers);
    const list = createJoinedList(broker, 'tools', 'modern');
    expect(shown(await list.read(principal))).toEqual(['b/y']);
    servers['a'] = ['x'];
    expect(shown(await list.read(principal))).toEqual(['a/x', 'b/y']);
    expect(asked).toEqual([['a', 'b'], ['a']]);
  });

  it('is settled by the first time that the vault can be read', async () => {
    let isLocked = true;
    const { broker } = brokerOf({ a: ['x'] });
    const locked = async (): Promise<Broker> => {
      if (isLocked) throw new BrokerError('vault_unreadable', 'The vault is locked.');
      return broker();
    };
    const list = createJoinedList(locked, 'tools', 'modern');
    await expect(list.settle(principal)).rejects.toMatchObject({ code: 'vault_unreadable' });
    isLocked = false;
    expect(shown(await list.read(principal))).toEqual(['a/x']);
  });
});
