/** Real processes of one vault on one port: one dies without a word, another serves on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { send, until } from './requests.js';

const PROGRAM = fileURLToPath(new URL('./listener-process.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(async () => {
  const running = children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<{ kind: string; port?: number }> {
  if (child.stdout === null) throw new TypeError('stdout is a pipe');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return JSON.parse(line);
}

describe('two processes of one vault', () => {
  it('R37 the second serves on when the first is killed', async () => {
    const first = start('serve', '0', 'from-the-first');
    const { port = 0 } = await firstLine(first);
    const second = start('watch', String(port), 'from-the-second');
    expect(await firstLine(second)).toEqual({ kind: 'watching' });
    expect((await send({ port, path: '/oauth/callback?state=state-1' })).body).toContain('connected to from-the-first');

    first.kill('SIGKILL');
    await once(first, 'exit');
    await until(async () => (await send({ port, path: '/' }).catch(() => undefined)) !== undefined);
    expect((await send({ port, path: '/oauth/callback?state=state-1' })).body).toContain(
      'connected to from-the-second',
    );
  });

  it('share a port that both ask for', async () => {
    const { port = 0 } = await firstLine(start('serve', '0', 'a'));
    expect(await firstLine(start('serve', String(port), 'b'))).toEqual({ kind: 'serving', port });
  });
});

it('a process that has nothing else to do is not kept alive by its port', async () => {
  const [code] = (await once(start('alone'), 'exit')) as [number];
  expect(code).toBe(0);
});
