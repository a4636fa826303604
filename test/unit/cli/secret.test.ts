import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.js';
import { failed, run } from './fake-surroundings.js';

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
