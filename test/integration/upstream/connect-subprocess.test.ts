/** Servers that are programs, well-behaved and not: what is started, asked, bounded and ended. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.js';
import type { Log } from '../../../src/core/log.js';
import { silentLog } from '../../../src/core/log.js';
import {
  connectSubprocess,
  createStartLimit,
  type SubprocessTarget,
  type UpstreamConnection,
} from '../../../src/upstream/index.js';
import {
  type ChildServer,
  childServer,
  isRunning,
  jsonOf,
  modernChildServer,
  processGone,
  startsIn,
} from '../../support/child-servers.js';
import { type TemporaryHome, temporaryHome } from '../../support/temporary-home.js';
import { connectOptions } from '../../support/upstream-target.js';

let home: TemporaryHome;
let startsFile: string;
const opened: UpstreamConnection[] = [];

beforeEach(async () => {
  home = await temporaryHome();
  startsFile = join(home.path, 'starts');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
  await home.remove();
});

function target(server: ChildServer, parts: Partial<SubprocessTarget> = {}): SubprocessTarget {
  const environment = async () => ({ STARTS_FILE: startsFile });
  return { ...server, environment, starts: createStartLimit(systemClock), ...parts };
}

async function connect(to: SubprocessTarget, options = {}): Promise<UpstreamConnection> {
  const connection = await connectSubprocess(to, { ...connectOptions, timeoutMs: 30_000, ...options });
  opened.push(connection);
  return connection;
}

/** A log that keeps what it is given. */
function keptLog(): { readonly log: Log; readonly entries: unknown[] } {
  const entries: unknown[] = [];
  const keep = (fields: unknown, message: string): void => void entries.push([fields, message]);
  return { log: { error: keep, warn: keep, info: keep, debug: keep }, entries };
}

describe('a server that is a program', () => {
  it('is heard out: progress that comes in one piece with the result counts', async () => {
    const heard: unknown[] = [];
    const connection = await connect(target(childServer()));

    await connection.callTool('report', {}, { onProgress: (progress) => void heard.push(progress) });

    expect(heard).toEqual([{ progress: 1, total: 1 }]);
  });

  it.each([
    ['of the older era', childServer(), '2025-11-25', 'legacy'],
    ['of both eras', modernChildServer(), '2026-07-28', 'modern'],
    ['of the newer era alone', modernChildServer('modern-only'), '2026-07-28', 'modern'],
    ['that leaves at a question before initialize', childServer('ends-before-initialize'), '2025-11-25', 'legacy'],
    ['behind a wrapper', childServer('behind-a-wrapper'), '2025-11-25', 'legacy'],
    ['that greets on standard output', childServer('greets'), '2025-11-25', 'legacy'],
  ] as const)('%s is connected to', async (_what, server, protocolVersion, era) => {
    const connection = await connect(target(server));

    expect(connection).toMatchObject({ transport: 'stdio', protocolVersion, era, instructions: 'Be kind.' });
    expect((await connection.listTools()).tools.length).toBeGreaterThan(0);
  });

  it('that keeps silent about what it does not know is asked in its own era in time', async () => {
    const connection = await connect(target(childServer('silent-before-initialize')), { timeoutMs: 8_000 });

    expect(connection.era).toBe('legacy');
  });

  it('is called, and gives large results whole', async () => {
    const connection = await connect(target(childServer()));
    const text = 'ä'.repeat(1_500_000);

    expect(jsonOf(await connection.callTool('echo', { text }))).toEqual({ text });
  });

  it('runs where its entry says, with the arguments as they are', async () => {
    const server = childServer();
    const args = [...server.args, '$(touch canary)', '; exit', '"', 'two words', '*'];
    const connection = await connect(target({ ...server, args }, { cwd: home.path }));

    expect(jsonOf(await connection.callTool('process', {}))).toMatchObject({
      cwd: home.path,
      argv: ['$(touch canary)', '; exit', '"', 'two words', '*'],
    });
  });

  it('T71 sees of our environment what programs need, and what its entry names', async () => {
    process.env['MCP_OAUTH_CANARY'] = 'canary-of-ours';
    process.env['CANARY_API_KEY'] = 'canary-of-the-host';
    try {
      const environment = async () => ({ GREETING: 'hello', LANG: 'tlh' });
      const connection = await connect(target(childServer(), { environment }));
      const seen = jsonOf(await connection.callTool('environment', {}));

      expect(seen).toMatchObject({ GREETING: 'hello', LANG: 'tlh', PATH: process.env['PATH'] });
      expect(JSON.stringify(seen)).not.toContain('canary');
    } finally {
      delete process.env['MCP_OAUTH_CANARY'];
      delete process.env['CANARY_API_KEY'];
    }
  });

  it('says into our log what it says on standard error', async () => {
    const { log, entries } = keptLog();
    await connect(target(childServer('greets'), { environment: async () => ({ TOKEN: 'not-a-secret' }) }), { log });
    await expect.poll(() => JSON.stringify(entries)).toContain('started with not-a-secret');

    const skipped = entries.filter((entry) => JSON.stringify(entry).includes('that are no messages'));
    expect(skipped).toHaveLength(1);
  });
});

describe('a server that does not come up', () => {
  it.each([
    ['a program that is not there', { command: 'no-such-program-anywhere', args: [] }, {}],
    ['a path that is not there', { command: '/no/such/program', args: [] }, {}],
    ['a relative path', { command: './server', args: [] }, {}],
    ['a folder', { command: '/', args: [] }, {}],
    ['a working folder that is not there', childServer(), { cwd: '/no/such/folder' }],
    ['a relative working folder', childServer(), { cwd: '.' }],
  ])('for %s says what to do, and that trying again is pointless', async (_what, server, parts) => {
    await expect(connect(target(server, parts))).rejects.toMatchObject({
      code: 'upstream_unreachable',
      retryable: false,
      nextStep: expect.stringContaining('servers.json'),
    });
  });

  it('because it keeps silent is given up in time, and ended', async () => {
    await expect(connect(target(childServer('keeps-silent')), { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'upstream_unreachable',
      retryable: true,
    });

    const [pid] = await startsIn(startsFile);
    await processGone(pid ?? 0);
  });

  it('because the caller goes is ended', async () => {
    const caller = new AbortController();
    const connecting = connect(target(childServer('keeps-silent')), { signal: caller.signal });
    const cancelled = expect(connecting).rejects.toThrow('enough');
    await expect.poll(() => startsIn(startsFile)).toHaveLength(1);
    caller.abort(new Error('enough'));
    await cancelled;

    const [pid] = await startsIn(startsFile);
    await processGone(pid ?? 0);
  });

  it('R34 is started five times a minute at most, and then says when and what to do', async () => {
    let now = 1_000_000;
    const clock = { now: () => now };
    const ending = target(childServer('ends-at-once'), { starts: createStartLimit(clock) });
    const attempts = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      attempts.push(await connect(ending).catch((error: unknown) => error));
      now += 1_000;
    }

    expect(await startsIn(startsFile)).toHaveLength(5);
    expect(attempts[0]).toMatchObject({ code: 'upstream_unreachable', retryable: true });
    expect(attempts[0]).toMatchObject({ message: expect.stringContaining('exit code 3') });
    expect(attempts[7]).toMatchObject({
      code: 'upstream_unreachable',
      retryAfterSeconds: expect.any(Number),
      nextStep: expect.stringContaining('terminal'),
    });
    now += 60_000;
    await connect(ending).catch(() => {});
    expect((await startsIn(startsFile)).length).toBeGreaterThan(5);
  });
});

describe('a process that ends during a call', () => {
  it('fails the call with how it ended, and is started anew by the next', async () => {
    const connection = await connect(target(childServer()));
    await expect(connection.callTool('end', {})).rejects.toMatchObject({
      code: 'upstream_unreachable',
      retryable: true,
      message: expect.stringContaining('exit code 4'),
    });

    expect(jsonOf(await connection.callTool('echo', { again: true }))).toEqual({ again: true });
    expect(await startsIn(startsFile)).toHaveLength(2);
  });

  it('after its answer has answered', async () => {
    const connection = await connect(target(childServer()));

    expect(jsonOf(await connection.callTool('answer-and-end', {}))).toEqual({ said: 'goodbye' });
  });

  it('T87 because its line has no end is ended at the cap', async () => {
    const connection = await connect(target(childServer()));
    await expect(connection.callTool('flood', {})).rejects.toMatchObject({ code: 'upstream_protocol_error' });

    const [pid] = await startsIn(startsFile);
    await processGone(pid ?? 0);
  });
});

describe('a connection that is closed', () => {
  it.each([
    ['a server that leaves by itself', childServer()],
    ['one that goes on after the end of its input', childServer('ignores-the-end')],
    ['one that ignores signals as well', childServer('ignores-the-end', 'ignores-signals')],
    ['one behind a wrapper', childServer('behind-a-wrapper', 'ignores-the-end', 'ignores-signals')],
  ])('R31 ends %s, with everything that it started', async (_what, server) => {
    const connection = await connect(target(server));
    const { pid } = jsonOf(await connection.callTool('process', {}));

    await connection.close();

    await processGone(pid as number);
  });

  it('takes its starts back: a server that is restarted on purpose is no server that crashes', async () => {
    const starts = createStartLimit(systemClock);
    for (let round = 0; round < 7; round += 1) {
      const connection = await connectSubprocess(target(childServer(), { starts }), {
        ...connectOptions,
        log: silentLog,
      });
      await connection.close();
    }
    expect(await startsIn(startsFile)).toHaveLength(7);
  });

  it('leaves no process of a call that hangs', async () => {
    const connection = await connect(target(childServer('ignores-the-end')));
    const hanging = expect(connection.callTool('hang', {})).rejects.toMatchObject({ code: 'upstream_unreachable' });
    const { pid } = jsonOf(await connection.callTool('process', {}));
    await connection.close();
    await hanging;

    await processGone(pid as number);
    expect(await isRunning(pid as number)).toBe(false);
  });
});
