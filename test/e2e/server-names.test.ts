/**
 * Names and URLs of new servers that an agent gives: what is refused, and that nothing comes of it (T06, T07, T61, T63, T67).
 */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import type { ProtectedServerFixture } from '../support/protected-server.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
let agent: Agent;
let server: ProtectedServerFixture;

beforeAll(async () => {
  agent = await stage.agent();
  server = await stage.server();
});
afterAll(() => stage.close());

describe('a new server', () => {
  it.each([
    { case: 'T67 a private address', url: 'https://192.168.1.1/mcp', code: 'url_not_allowed' },
    { case: 'T67 a private address on http', url: 'http://10.0.0.1/mcp', code: /^(url_not_allowed|insecure_url)$/ },
    { case: 'T06 the metadata service', url: 'https://169.254.169.254/latest', code: 'url_not_allowed' },
    { case: 'T06 a mapped address', url: 'https://[::ffff:a9fe:a9fe]/mcp', code: 'url_not_allowed' },
    { case: 'T06 the unspecified address', url: 'http://0/mcp', code: /^(url_not_allowed|insecure_url)$/ },
    { case: 'http that is not loopback', url: 'http://mcp.example.com/mcp', code: 'insecure_url' },
    { case: 'T07 file:', url: 'file:///etc/passwd', code: 'url_not_allowed' },
    { case: 'T07 userinfo', url: 'https://good.example@evil.example/mcp', code: 'url_not_allowed' },
    { case: 'T07 a fragment', url: 'https://good.example/mcp#x', code: 'url_not_allowed' },
    { case: 'no URL at all', url: 'mcp', code: /^(url_not_allowed|invalid_input)$/ },
  ])('is refused as a URL, and nothing is added: $case', async ({ url, code }) => {
    const payload = await agent.connect('refused', { url });

    expect(payload).toMatchObject({ status: 'error', retryable: false });
    expect(payload.code).toMatch(code);
    expect(await agent.connect('refused')).toMatchObject({ code: 'unknown_server' });
  });

  it.each([
    '__proto__',
    'constructor/..',
    '../../x',
    'a\u0000b',
    '',
    '-x',
    '.x',
    'x'.repeat(65),
    'x'.repeat(10_000),
    'pаypal',
    'a b',
    'lin\u202eear',
    'x\u{e0041}',
  ])('T61, T63 is refused as a name: %j', async (serverName) => {
    const payload = await agent.connect(serverName, { url: server.url });

    expect(payload).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(String(payload.serverName).length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(payload)).not.toMatch(/\\u0000|\u202e|\u{e0041}/u);
    expect(await agent.clear(serverName)).toMatchObject({ code: 'invalid_input' });
    expect(server.requests()).toHaveLength(0);
    const files = await readdir(agent.broker.home.path);
    expect(files.filter((file) => !file.startsWith('vault'))).toEqual([]);
  });

  it('T61 is a name like any other where JavaScript has a property of that name', async () => {
    const open = await stage.server();
    for (const serverName of ['constructor', 'toString', 'hasOwnProperty']) {
      expect(await agent.connect(serverName)).toMatchObject({ code: 'unknown_server' });
      expect(await agent.connect(serverName, { url: open.url })).toMatchObject({ status: 'success', serverName });
    }
  });
});
