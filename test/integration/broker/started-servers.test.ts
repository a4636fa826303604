/** Servers of the user's file that are programs, asked through the broker. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childServer, jsonOf, modernChildServer, processGone, startsIn } from '../../support/child-servers.js';
import { composedStage } from '../../support/composed-stage.js';
import { writeServersFile } from '../../support/stage.js';

const at = composedStage();

function serversFile(mcpServers: Readonly<Record<string, unknown>>): Promise<void> {
  return writeServersFile(at.home, { mcpServers });
}

function connect(args: Readonly<Record<string, unknown>>) {
  return at.composed.broker.connect(at.composed.principal, { serverName: 'local', ...args });
}

async function call(toolName: string, args: Readonly<Record<string, unknown>> = {}) {
  const called = await at.composed.broker.callTool(at.composed.principal, {
    serverName: 'local',
    toolName,
    arguments: args,
  });
  if (called.kind === 'input_required') throw new Error('the server asks for something');
  return 'result' in called ? jsonOf(called.result) : called;
}

describe('a server of the file that is a program', () => {
  it('is connected, listed, searched and called like any other', async () => {
    await serversFile({ local: { ...childServer(), env: { GREETING: 'hello' } } });

    const connected = await connect({});
    expect(connected).toMatchObject({
      status: 'success',
      serverName: 'local',
      account: 'default',
      authType: 'none',
      transport: 'stdio',
      protocolVersion: '2025-11-25',
      instructions: 'Be kind.',
      tools: expect.arrayContaining([{ name: 'echo' }]),
    });
    const toolCount = 'toolCount' in connected ? connected.toolCount : undefined;
    expect(await call('environment')).toMatchObject({ GREETING: 'hello' });
    expect(await at.composed.broker.listServers(at.composed.principal, 'local')).toMatchObject({
      servers: [
        {
          serverName: 'local',
          target: process.execPath,
          source: 'user',
          authType: 'none',
          requiresOAuth: false,
          toolCount,
          accounts: [{ account: 'default', state: 'connected' }],
        },
      ],
    });
    expect(await at.composed.broker.searchTools(at.composed.principal, { query: 'echo' })).toMatchObject({
      tools: [{ serverName: 'local', name: 'echo' }],
    });
  });

  it('is called without having been connected, and searched for too', async () => {
    await serversFile({ local: modernChildServer() });

    expect(await at.composed.broker.searchTools(at.composed.principal, { query: 'ping' })).toMatchObject({
      tools: [{ serverName: 'local', name: 'ping' }],
    });
    const called = await at.composed.broker.callTool(at.composed.principal, { serverName: 'local', toolName: 'ping' });
    expect(called).toMatchObject({ kind: 'upstream', result: { content: [{ type: 'text', text: 'pong' }] } });
  });

  it('runs once, however many ask, and once more for each account', async () => {
    const starts = join(at.home.path, 'starts');
    await serversFile({ local: { ...childServer(), env: { STARTS_FILE: starts } } });
    await Promise.all([connect({}), call('echo'), call('echo'), connect({})]);
    expect(await startsIn(starts)).toHaveLength(1);

    await connect({ account: 'second' });

    expect(await startsIn(starts)).toHaveLength(2);
  });

  it('is ended by clearing it, and started with what the file says now', async () => {
    await serversFile({ local: { ...childServer(), env: { GREETING: 'hello' } } });
    const { pid } = (await call('process')) as { pid: number };
    await serversFile({ local: { ...childServer(), env: { GREETING: 'good evening' } } });
    expect(await call('environment')).toMatchObject({ GREETING: 'good evening' });
    await processGone(pid);

    const again = (await call('process')) as { pid: number };
    expect(await at.composed.broker.clearAuth(at.composed.principal, { serverName: 'local' })).toMatchObject({
      status: 'success',
      revocation: 'none',
    });
    await processGone(again.pid);
  });

  it.each([
    ['a URL', { url: 'https://example.com/mcp' }, 'server_url_mismatch'],
    ['another kind of credential', { authType: 'bearer' }, 'invalid_input'],
  ])('T60 takes no %s from an agent', async (_what, args, code) => {
    await serversFile({ local: childServer() });

    expect(await connect(args)).toMatchObject({ status: 'error', code });
  });

  it.each([
    ['that is not installed', { command: 'no-such-program-anywhere' }, 'upstream_unreachable', false],
    ['that ends at once', childServer('ends-at-once'), 'upstream_unreachable', true],
    [
      'whose environment variable is missing',
      { ...childServer(), env: { KEY: { source: 'env', name: 'NO_SUCH_VARIABLE' } } },
      'invalid_input',
      false,
    ],
    [
      'whose file is missing',
      { ...childServer(), env: { KEY: { source: 'file', path: '/no/such/file' } } },
      'invalid_input',
      false,
    ],
  ])('%s says so, and what to do', async (_what, entry, code, retryable) => {
    await serversFile({ local: entry });

    expect(await connect({})).toMatchObject({ status: 'error', serverName: 'local', code, retryable });
  });
});

describe('a credential for a program', () => {
  it('T70 of several lines is passed to none', async () => {
    process.env['KEY_OF_TWO_LINES'] = 'first\nNODE_OPTIONS=--require=/tmp/canary.js';
    try {
      await serversFile({ local: { ...childServer(), env: { KEY: { source: 'env', name: 'KEY_OF_TWO_LINES' } } } });
      const refused = await connect({});

      expect(refused).toMatchObject({ status: 'error', code: 'invalid_input' });
      expect(JSON.stringify(refused)).not.toContain('canary');
    } finally {
      delete process.env['KEY_OF_TWO_LINES'];
    }
  });

  it.each([
    'NODE_OPTIONS',
    'LD_PRELOAD',
    'PATH',
    'DYLD_INSERT_LIBRARIES',
    'PYTHONSTARTUP',
    'BASH_ENV',
    'GIT_SSH_COMMAND',
    'npm_config_script_shell',
  ])('T70 never goes to %s, which loads code', async (name) => {
    await serversFile({ local: { ...childServer(), env: { [name]: { source: 'user_secret', name: 'canary' } } } });

    expect(await connect({})).toMatchObject({ status: 'error', code: 'invalid_input' });
  });

  it('T70 is what is refused there: the user may set any variable to a plain string', async () => {
    await serversFile({ local: { ...childServer(), env: { NODE_OPTIONS: '--no-warnings' } } });

    expect(await call('environment')).toMatchObject({ NODE_OPTIONS: '--no-warnings' });
  });
});
