import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.js';
import { failed, jsonLines, run } from './fake-surroundings.js';

describe('secret set', () => {
  it.each([
    [[], 'user'],
    [['--user'], 'user'],
    [['--team'], 'team'],
    [['--org'], 'org'],
  ])('stores a secret by name with %j, and shows it nowhere', async (options, scope) => {
    const given: unknown[] = [];
    const storeSecret: Broker['storeSecret'] = async (_principal, secret) => {
      given.push(secret);
      return { status: 'success', secret: secret.name, scope: secret.scope };
    };
    const argv = ['secret', 'set', 'acme-key', ...options];
    const { code, out, err } = await run(argv, { broker: { storeSecret }, stdin: 'canary-secret-1\n' });

    expect(code).toBe(0);
    expect(given).toEqual([{ scope, name: 'acme-key', value: 'canary-secret-1' }]);
    expect(out + err).not.toContain('canary');
  });

  it.each([
    [['secret', 'set', 'acme-key', '--team', '--org'], 'canary-secret-1'],
    [['secret', 'set', 'acme-key'], ''],
    [['secret', 'set'], 'canary-secret-1'],
  ])('refuses %j', async (argv, stdin) => {
    expect((await run(argv, { stdin })).code).toBe(2);
  });
});

describe('clear --provider', () => {
  it('clears one provider', async () => {
    const asked: unknown[] = [];
    const clearAuth: Broker['clearAuth'] = async (_principal, args, options) => {
      asked.push({ ...args, ...options });
      return failed('unknown_server');
    };
    await run(['clear', 'local', '--provider', 'acme'], { broker: { clearAuth } });

    expect(asked).toMatchObject([{ serverName: 'local', provider: 'acme', allowShared: true }]);
  });
});

describe('secret list and remove', () => {
  it('names each with whose it is and since when', async () => {
    const listSecrets: Broker['listSecrets'] = async () => ({
      secrets: [{ secret: 'maps', scope: 'team', storedAt: '2026-11-21T12:00:00.000Z' }],
    });
    expect((await run(['secret', 'list'], { broker: { listSecrets } })).out).toBe(
      'maps  team  stored 2026-11-21T12:00:00.000Z\n',
    );
    const none = await run(['secret', 'list'], { broker: { listSecrets: async () => ({ secrets: [] }) } });
    expect(none.out).toContain('mcp-oauth-broker secret set SECRET');
  });

  it('removes what is of that scope, and says where there is none', async () => {
    const asked: unknown[] = [];
    const removeSecret: Broker['removeSecret'] = async (_principal, args) => {
      asked.push(args);
      return { status: 'success', secret: args.name, scope: args.scope, wasStored: args.scope === 'team' };
    };
    const removed = await run(['secret', 'remove', 'maps', '--team'], { broker: { removeSecret } });
    expect(removed).toMatchObject({ code: 0, out: expect.stringContaining('secret set maps --team') });
    const none = await run(['secret', 'remove', 'maps', '--json'], { broker: { removeSecret } });
    expect(none.code).toBe(1);
    expect(jsonLines(none.out)).toMatchObject([
      { code: 'invalid_input', nextStep: expect.stringContaining('mcp-oauth-broker secret list') },
    ]);
    expect(asked).toEqual([
      { scope: 'team', name: 'maps' },
      { scope: 'user', name: 'maps' },
    ]);
  });
});

describe('key set', () => {
  it('asks for no key of a server that nobody knows', async () => {
    const { code, err, world } = await run(['key', 'set', 'nosuch'], {
      broker: { listServers: async () => failed('unknown_server', { serverName: 'nosuch' }) },
      stdin: 'a-key-of-some-length',
    });
    expect(code).toBe(1);
    expect(err).toContain('mcp-oauth-broker list');
    expect(err).not.toContain('not shown');
    expect(world.stored.size).toBe(0);
  });
});
