/**
 * The official inspector, as a person at a terminal would run it, lists and calls our tools.
 * Skipped, with the reason, where the registry that it comes from cannot be reached.
 */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerEnvironment } from '../support/broker-process.js';
import { builtBroker } from '../support/built-broker.js';
import { createStage } from '../support/stage.js';
import type { TemporaryHome } from '../support/temporary-home.js';

const INSPECTOR = '@modelcontextprotocol/inspector@0.15.0';
/** The first run fetches it. */
const RUN_TIMEOUT_MS = 240_000;

const stage = createStage();
let home: TemporaryHome;
let unreachable: string | undefined;

beforeAll(async () => {
  home = await stage.home();
  const probe = await run('npm', ['view', INSPECTOR, 'version', '--fetch-retries=0', '--fetch-timeout=15000']);
  if (probe.code !== 0) unreachable = `the registry does not give ${INSPECTOR}`;
});
afterAll(() => stage.close());

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: home.path, timeout: RUN_TIMEOUT_MS }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** What the inspector prints for one method, parsed. */
async function inspect(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { PATH: _path, HOME: _home, ...own } = brokerEnvironment(home);
  const environment = Object.entries(own).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const broker = [process.execPath, await builtBroker()];
  const { code, stdout, stderr } = await run('npx', ['-y', INSPECTOR, '--cli', ...environment, ...broker, ...args]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('the inspector', () => {
  it('lists our seven tools and calls one', { timeout: 2 * RUN_TIMEOUT_MS }, async (context) => {
    if (unreachable !== undefined) return context.skip(unreachable);
    const server = await stage.server();

    const listed = await inspect('--method', 'tools/list');
    const called = await inspect(
      ...['--method', 'tools/call', '--tool-name', 'connect_to_mcp_server'],
      ...['--tool-arg', 'serverName=open', '--tool-arg', `url=${server.url}`],
    );

    expect((listed.tools as { name: string }[]).map(({ name }) => name)).toContain('connect_to_mcp_server');
    expect(listed.tools).toHaveLength(7);
    expect(called.structuredContent).toMatchObject({ status: 'success', serverName: 'open', authType: 'none' });
  });
});
