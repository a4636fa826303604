import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/broker.js';
import type { ForeignServer } from '../../../src/cli/index.js';
import { createWorld, failed, jsonLines, run } from './fake-surroundings.js';

function server(serverName: string, value: string): ForeignServer {
  const source = { source: 'user_secret', name: `${serverName}/KEY` };
  const entry = { command: 'server', env: { KEY: source } };
  return {
    serverName,
    path: '/host.json',
    isTaken: false,
    isOfFolder: false,
    imported: { kind: 'entry', entry, secrets: [{ name: source.name, value }], notes: [] },
  };
}

function imported(servers: readonly ForeignServer[], storeSecret: Broker['storeSecret'], world = createWorld()) {
  const dependencies = { foreignServers: async () => ({ files: ['/host.json'], servers }) };
  return run(['import', 'cursor', '--json'], { broker: { storeSecret }, dependencies, world });
}

describe('import', () => {
  it('keeps the secrets of two servers apart whose names become one', async () => {
    const given: string[] = [];
    const { code, out } = await imported([server('acme', 'one'), server('acme', 'two')], async (_principal, secret) => {
      given.push(secret.value);
      return { status: 'success', secret: secret.name, scope: secret.scope };
    });

    expect(code).toBe(0);
    expect(given).toEqual(['one']);
    expect(jsonLines(out)).toMatchObject([
      {
        imported: [{ serverName: 'acme' }],
        skipped: [{ serverName: 'acme', reason: expect.any(String) }],
        plainSecretsIn: ['/host.json'],
      },
    ]);
  });

  it('fails where a server could not be taken, and says which', async () => {
    const world = createWorld();
    const { code, out } = await imported([server('acme', 'one')], async () => failed('vault_busy'), world);

    expect(code).toBe(1);
    expect(world.entries.size).toBe(0);
    expect(jsonLines(out)).toMatchObject([{ imported: [], skipped: [{ serverName: 'acme', hasFailed: true }] }]);
  });

  it('fails where the host has no configuration', async () => {
    const { code, out } = await run(['import', 'cursor', '--json']);

    expect(code).toBe(1);
    expect(jsonLines(out)).toMatchObject([{ status: 'error', code: 'invalid_input' }]);
  });
});
