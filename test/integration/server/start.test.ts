import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtBroker } from '../../support/built-broker.js';
import { startProcess } from './stdio-process.js';

let main: string;
let home: string;
let blackHole: Server;

beforeAll(async () => {
  main = await builtBroker();
  home = await mkdtemp(join(tmpdir(), 'broker-start-'));
  blackHole = createServer(() => {});
  await new Promise<void>((resolve) => blackHole.listen(0, '127.0.0.1', resolve));
  const address = blackHole.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await writeFile(
    join(home, 'servers.json'),
    JSON.stringify({ mcpServers: { hole: { url: `http://127.0.0.1:${port}/mcp` } } }),
  );
});

afterAll(async () => {
  blackHole.close();
  await rm(home, { recursive: true, force: true });
});

async function ended(args: readonly string[], env: NodeJS.ProcessEnv) {
  await using child = startProcess([main, ...args], { MCP_OAUTH_HOME: home, ...env });
  child.child.stdin.end();
  const { code } = await child.exited;
  return { code, stderr: child.stderr(), stdout: child.lines };
}

describe('the process refuses to start, with exit code 2', () => {
  it.each([[['serve']], [['list']], [[]]])('T15 with certificate checks switched off: %j', async (args) => {
    const { code, stderr, stdout } = await ended(args, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(code).toBe(2);
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS');
    expect(stdout).toEqual([]);
  });

  it.each([
    ['MCP_OAUTH_CALLBACK_PORT', '65536'],
    ['MCP_OAUTH_STORE', 'mysql://localhost/x'],
    ['MCP_OAUTH_KEY', 'dG9vIHNob3J0'],
  ])('for a bad %s, which it names without its value', async (variable, value) => {
    const { code, stderr } = await ended(['serve'], { [variable]: value });
    expect(code).toBe(2);
    expect(stderr).toContain(variable);
    expect(stderr).not.toContain(value);
  });

  it('for a shared store without a user and a team', async () => {
    const { code, stderr } = await ended(['serve'], { MCP_OAUTH_STORE: 'redis://127.0.0.1:1', MCP_OAUTH_USER: 'ada' });
    expect(code).toBe(2);
    expect(stderr).toContain('MCP_OAUTH_TEAM');
  });
});

describe('the process starts', () => {
  it('R30 with a server in the file that never answers: initialize and the other servers do not wait for it', async () => {
    await using host = startProcess([main], { MCP_OAUTH_HOME: home });
    const startedAt = Date.now();
    await host.initialize();
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    void host
      .request('tools/call', { name: 'call_mcp_tool', arguments: { serverName: 'hole', toolName: 'x' } })
      .catch(() => {});
    const { result } = await host.request('tools/call', { name: 'list_mcp_servers', arguments: {} });
    const listed = result?.['structuredContent'] as { servers: readonly { serverName: string }[] } | undefined;
    expect(listed?.servers.map(({ serverName }) => serverName)).toContain('hole');

    const endedAt = Date.now();
    host.child.stdin.end();
    const exit = await host.exited;
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.at - endedAt).toBeLessThan(3_500);
  });

  it('and answers a host of any older revision in that revision', async () => {
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      await using host = startProcess([main], { MCP_OAUTH_HOME: home });
      const { result } = await host.initialize(revision);
      expect(result?.['protocolVersion']).toBe(revision);
    }
  });

  it('prints help and the version, and explains a command that does not exist', async () => {
    expect(await ended(['--version'], {})).toMatchObject({ code: 0, stdout: ['0.1.0'] });
    const help = await ended(['--help'], {});
    expect(help.code).toBe(0);
    expect(help.stdout.join('\n')).toContain('connect');
    expect((await ended(['conect'], {})).code).toBe(2);
  });
});
