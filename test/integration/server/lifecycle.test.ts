import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STAND_IN_COMMAND, startStandIn } from './stdio-process.js';

/** Two seconds, and what a busy machine takes to schedule it. */
const LEAVES_WITHIN_MS = 2_000 + 1_500;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'broker-lifecycle-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function initialized(env: NodeJS.ProcessEnv = {}) {
  const host = startStandIn(env);
  await host.initialize();
  return host;
}

describe('the process leaves within 2 seconds, by itself', () => {
  it('R31 when standard input ends', async () => {
    await using host = await initialized();
    const endedAt = Date.now();
    host.child.stdin.end();
    const exit = await host.exited;
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.at - endedAt).toBeLessThan(LEAVES_WITHIN_MS);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('R31 at %s', async (signal) => {
    await using host = await initialized();
    const endedAt = Date.now();
    host.child.kill(signal);
    const exit = await host.exited;
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.at - endedAt).toBeLessThan(LEAVES_WITHIN_MS);
  });

  it('R31 when a wrapper that started it dies, while its input stays open', async () => {
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } },
    };
    const hostScript = `console.log(${JSON.stringify(JSON.stringify(initialize))}); setInterval(() => {}, 60_000);`;
    const wrapperScript = `
      const { spawn } = require('node:child_process');
      const child = spawn(${JSON.stringify(STAND_IN_COMMAND.command)}, ${JSON.stringify(STAND_IN_COMMAND.args)}, { stdio: 'inherit' });
      console.error('PID ' + child.pid);`;
    const host = spawn(process.execPath, ['-e', hostScript], { stdio: ['ignore', 'pipe', 'ignore'] });
    const wrapper = spawn(process.execPath, ['-e', wrapperScript], { stdio: [host.stdout, 'pipe', 'pipe'] });
    try {
      let stderr = '';
      wrapper.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      if (wrapper.stdout !== null) await once(wrapper.stdout, 'data');
      const pid = Number(/PID (\d+)/u.exec(stderr)?.[1]);
      expect(isRunning(pid)).toBe(true);
      const killedAt = Date.now();
      wrapper.kill('SIGKILL');
      // The wrapper's streams close when the server, which has inherited them, is gone as well.
      await once(wrapper, 'close');
      expect(Date.now() - killedAt).toBeLessThan(LEAVES_WITHIN_MS);
    } finally {
      host.kill('SIGKILL');
    }
  });

  it('R32 when standard output is gone', async () => {
    await using host = await initialized();
    host.child.stdout.destroy();
    const endedAt = Date.now();
    host.send({ id: 9, method: 'tools/list' });
    const exit = await host.exited;
    expect(exit.signal).toBeNull();
    expect(exit.at - endedAt).toBeLessThan(LEAVES_WITHIN_MS);
    expect(host.stderr().length).toBeLessThan(20_000);
  });

  it('R33 but a commit in flight ends first', async () => {
    const marker = join(directory, 'committed');
    await using host = await initialized({ STAND_IN_COMMIT_MARKER: marker, STAND_IN_COMMIT_MS: '600' });
    const endedAt = Date.now();
    host.child.kill('SIGTERM');
    const exit = await host.exited;
    expect(await readFile(marker, 'utf8')).toBe('committed');
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.at - endedAt).toBeLessThan(LEAVES_WITHIN_MS);
  });

  it('R33 and one that never ends does not keep it', async () => {
    const marker = join(directory, 'never');
    await using host = await initialized({ STAND_IN_COMMIT_MARKER: marker, STAND_IN_COMMIT_MS: '60000' });
    const endedAt = Date.now();
    host.child.kill('SIGTERM');
    const exit = await host.exited;
    expect(existsSync(marker)).toBe(false);
    expect(exit.at - endedAt).toBeLessThan(LEAVES_WITHIN_MS);
  });
});

describe('the process goes on', () => {
  it('R32 when standard error is gone: it answers, and does not spin', async () => {
    await using host = await initialized();
    host.child.stderr.destroy();
    for (let round = 0; round < 20; round++) {
      const { result } = await host.request('tools/call', {
        name: 'connect_to_mcp_server',
        arguments: { serverName: 'throws' },
      });
      expect(result).toMatchObject({ isError: true, structuredContent: { code: 'internal_error' } });
    }
    const { result } = await host.request('tools/call', {
      name: 'connect_to_mcp_server',
      arguments: { serverName: 'chatty' },
    });
    expect(result).toMatchObject({ structuredContent: { status: 'success' } });
  });

  it('R30 initialize and the tool list are answered while the broker is still being built', async () => {
    const startedAt = Date.now();
    await using host = await initialized({ STAND_IN_BROKER_NEVER: '1' });
    host.send({
      id: 'stuck',
      method: 'tools/call',
      params: { name: 'connect_to_mcp_server', arguments: { serverName: 'open' } },
    });
    const { result } = await host.request('tools/list');
    expect(result?.['tools']).toHaveLength(7);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(host.lines.some((line) => line.includes('"stuck"'))).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
