import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY } from './stand-in.constants.js';
import { type StdioProcess, startStandIn } from './stdio-process.js';

let directory: string;
let host: StdioProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'broker-server-'));
  const skills = join(directory, 'skills');
  await mkdir(join(skills, 'sign-in', 'references'), { recursive: true });
  await writeFile(
    join(skills, 'sign-in', 'SKILL.md'),
    '---\nname: Sign in\ndescription: >\n  How to\n  sign in.\n---\n# Sign in\n',
  );
  await writeFile(join(skills, 'sign-in', 'references', 'x.md'), '# X\n');
  await writeFile(join(skills, 'sign-in', 'check.js'), 'export {};\n');
  await writeFile(join(directory, 'outside.md'), 'OUTSIDE');
  await symlink(join(directory, 'outside.md'), join(skills, 'sign-in', 'link.md'));
  host = startStandIn({ STAND_IN_SKILLS: skills });
  await host.initialize();
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function call(name: string, args: unknown): Promise<Record<string, unknown>> {
  const { result } = await host.request('tools/call', { name, arguments: args });
  return { ...result };
}

const payloadOf = (result: Record<string, unknown>) => result['structuredContent'] as Record<string, unknown>;

describe('what tools/list costs', () => {
  it('is at most 6,000 characters of JSON for all seven definitions', async () => {
    const { result } = await host.request('tools/list');
    const tools = result?.['tools'] as readonly unknown[];
    expect(tools).toHaveLength(7);
    expect(JSON.stringify(tools).length).toBeLessThanOrEqual(6_000);
  });

  it('names what every payload has where the result is one, and nothing where it may be anything', async () => {
    const { result } = await host.request('tools/list');
    const tools = result?.['tools'] as readonly {
      name: string;
      title?: string;
      annotations?: object;
      outputSchema?: { type: string; required: string[] };
    }[];
    const withPayload = tools.filter((tool) => tool.outputSchema !== undefined);
    expect(withPayload.map((tool) => tool.name)).toEqual(['connect_to_mcp_server', 'clear_mcp_auth']);
    for (const { outputSchema } of withPayload)
      expect(outputSchema).toMatchObject({ type: 'object', required: ['status', 'serverName'] });
    for (const tool of tools)
      expect(tool).toMatchObject({ title: expect.any(String), annotations: expect.any(Object) });
  });
});

describe('bad arguments', () => {
  it.each([
    ['connect_to_mcp_server', {}, '"serverName" is missing', ''],
    [
      'connect_to_mcp_server',
      { serverName: 'a', waitSeconds: 301 },
      '"waitSeconds" must be a whole number from 0 to 300',
      'a',
    ],
    [
      'connect_to_mcp_server',
      { serverName: 'a', flow: 'popup' },
      '"flow" must be one of browser, paste_back, device',
      'a',
    ],
    ['connect_to_mcp_server', { serverName: 7 }, '"serverName" must be a string that matches', ''],
    ['clear_mcp_auth', { serverName: 'a', account: ' ' }, '"account" must be a string that matches', 'a'],
    ['list_mcp_servers', { serverName: '' }, '"serverName" must be a string that matches', ''],
    ['search_mcp_tools', { limit: 0 }, '"limit" must be a whole number from 1 to 100', ''],
    ['call_mcp_tool', { serverName: 'a' }, '"toolName" is missing', 'a'],
    ['call_mcp_tool', { serverName: 'a', toolName: 'x', arguments: [] }, '"arguments" must be an object', 'a'],
    ['read_mcp_resource', { serverName: 'a', uri: 1 }, '"uri" must be a string of 1 to 8192 characters', 'a'],
    ['get_skill', { id: '' }, '"id" must be a string of 1 to 200 characters', ''],
    ['get_skill', 'a string', 'the arguments must be an object', ''],
    ['list_mcp_servers', [], 'the arguments must be an object', ''],
  ])('%s %j is an invalid_input payload in words of ours', async (tool, args, problem, serverName) => {
    const result = await call(tool, args);
    expect(result).toMatchObject({ isError: true, _meta: { 'mcp-oauth-broker/payload': true } });
    const payload = payloadOf(result);
    expect(payload).toMatchObject({ status: 'error', code: 'invalid_input', retryable: false, serverName });
    expect(payload['error']).toContain(problem);
    expect(payload['nextStep']).toEqual(expect.any(String));
  });

  it('T60 a command, a header or an environment variable is refused by its name, not ignored', async () => {
    for (const smuggled of ['command', 'args', 'env', 'headers']) {
      const payload = payloadOf(await call('connect_to_mcp_server', { serverName: 'open', [smuggled]: ['sh'] }));
      expect(payload).toMatchObject({ status: 'error', code: 'invalid_input' });
      expect(payload['error']).toContain(`"${smuggled}" is not an argument of this tool`);
    }
  });

  it.each([
    '__proto__',
    'constructor',
    '../../x',
    'a/b',
    'a\u0000b',
    '-a',
    'x'.repeat(10_000),
    'pa\u0443pal',
    'a\u202eb',
  ])('T61 T63 the serverName %j is refused or is a plain name, for every tool that takes one', async (serverName) => {
    const isPlain = serverName === 'constructor';
    for (const tool of ['connect_to_mcp_server', 'clear_mcp_auth', 'list_mcp_servers', 'search_mcp_tools']) {
      const payload = payloadOf(await call(tool, { serverName }));
      if (isPlain) expect(payload['code']).toBeUndefined();
      else expect(payload).toMatchObject({ status: 'error', code: 'invalid_input' });
      const shown = payload['serverName'] ?? '';
      expect(String(shown).length).toBeLessThanOrEqual(64);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('T61 arguments with a key __proto__ are refused', async () => {
    host.child.stdin.write(
      '{"jsonrpc":"2.0","id":"proto","method":"tools/call","params":{"name":"connect_to_mcp_server","arguments":{"serverName":"open","__proto__":{"command":"sh"}}}}\n',
    );
    const { result } = await host.message((message) => message.id === 'proto');
    expect(result).toMatchObject({ isError: true, structuredContent: { code: 'invalid_input' } });
  });

  it("an unknown tool is the protocol's own error, and its name is shown only as text", async () => {
    const { error, result } = await host.request('tools/call', { name: 'run\u001b[2Jcommand', arguments: {} });
    expect(result).toBeUndefined();
    expect(error?.code).toBe(-32_602);
    expect(error?.message).not.toContain('\u001b');
    expect((await host.request('tools/unknown')).error?.code).toBe(-32_601);
  });
});

describe('secrets', () => {
  it('T24 a client secret that was given is in no answer and no log line, even where an argument is wrong', async () => {
    const clientSecret = 'client-secret-given-77aa';
    const answers = [
      await call('connect_to_mcp_server', { serverName: 'throws', clientSecret }),
      await call('connect_to_mcp_server', { serverName: clientSecret, clientSecret, extra: 1 }),
      await call('connect_to_mcp_server', { serverName: 'a', [clientSecret]: 1, clientSecret }),
      await call('call_mcp_tool', { serverName: 'a', toolName: 'x', clientSecret }),
    ];
    expect(JSON.stringify(answers)).not.toContain(clientSecret);
    expect(host.stderr()).not.toContain(clientSecret);
    expect(host.stderr()).toContain('a tool call failed unexpectedly');
  });

  it('a given secret that is a word of ours leaves our payloads readable, and one with half a character is answered', async () => {
    for (const clientSecret of ['requires_auth', 'authorize?client_id', 'half-\ud83d-of-a-pair']) {
      expect(payloadOf(await call('connect_to_mcp_server', { serverName: 'protected', clientSecret }))).toMatchObject({
        status: 'requires_auth',
        authUrl: 'https://as.example/authorize?client_id=x',
        nextStep: 'Show authUrl to the user.',
      });
    }
  });

  it('a secret that was refused with its call is forgotten', async () => {
    await call('connect_to_mcp_server', { serverName: 'open', clientSecret: 'example.com/trace', extra: 1 });
    const { _meta } = await call('call_mcp_tool', { serverName: 'plain', toolName: 'x' });
    expect(_meta).toEqual({ 'example.com/trace': 'abc' });
  });

  it('T68 an upstream that echoes a token of ours delivers [redacted]', async () => {
    const result = await call('call_mcp_tool', { serverName: 'leaky', toolName: 'x' });
    expect(result).toMatchObject({
      content: [{ text: 'your token is [redacted]' }],
      structuredContent: { token: '[redacted]' },
    });
  });
});

describe("an upstream's result", () => {
  it('keeps what the SDK does not know', async () => {
    expect(await call('call_mcp_tool', { serverName: 'plain', toolName: 'x' })).toEqual({
      content: [{ type: 'text', text: 'hello', annotations: { priority: 0.5 }, 'x-unknown': { a: [1] } }],
      structuredContent: { n: 1 },
      _meta: { 'example.com/trace': 'abc' },
      'x-future-field': true,
    });
  });

  it('loses a forged mark at every place, and a result type of its own, and nothing else', async () => {
    expect(await call('call_mcp_tool', { serverName: 'forged', toolName: 'x' })).toEqual({
      content: [
        { type: 'text', text: '{"status":"success"}', _meta: { kept: 1 } },
        { type: 'resource', resource: { uri: 'a:b', text: 'x', _meta: {} } },
      ],
      _meta: { 'example.com/kept': 1 },
    });
  });

  it('T86 that is nested too deeply to be written is an error payload, and the next call is answered', async () => {
    const result = await call('call_mcp_tool', { serverName: 'plain', toolName: 'deep' });
    expect(payloadOf(result)).toMatchObject({ status: 'error', code: 'limit_exceeded', serverName: 'plain' });
    expect(payloadOf(await call('connect_to_mcp_server', { serverName: 'open' }))).toMatchObject({ status: 'success' });
  });
});

describe('what is unforeseen', () => {
  it('an exception is internal_error with an id that the log has too, without its text, and the process lives', async () => {
    const payload = payloadOf(await call('connect_to_mcp_server', { serverName: 'throws' }));
    expect(payload).toMatchObject({ status: 'error', code: 'internal_error', serverName: 'throws' });
    const id = /[0-9a-f]{8}-[0-9a-f-]{27}/u.exec(String(payload['error']))?.[0];
    expect(id).toBeDefined();
    expect(payload['error']).not.toContain('unforeseen');
    await expect.poll(() => host.stderr()).toContain(id);
    expect(host.stderr()).not.toContain(CANARY);
    expect(payloadOf(await call('connect_to_mcp_server', { serverName: 'open' }))).toMatchObject({ status: 'success' });
  });

  it('a BrokerError keeps its code and its retry', async () => {
    const payload = payloadOf(await call('connect_to_mcp_server', { serverName: 'throws-broker-error' }));
    expect(payload).toMatchObject({ status: 'error', code: 'vault_busy', retryable: true, retryAfterSeconds: 3 });
  });

  it('progress carries the token that the host gave, in order', async () => {
    const params = {
      name: 'connect_to_mcp_server',
      arguments: { serverName: 'progress' },
      _meta: { progressToken: 'p1' },
    };
    const answer = host.request('tools/call', params);
    await host.message((message) => message.params?.['progress'] === 2);
    await call('connect_to_mcp_server', { serverName: 'release' });
    expect((await answer).result).toMatchObject({ structuredContent: { account: 'token' } });
    const notified = host.lines
      .map((line) => JSON.parse(line) as { params?: unknown })
      .filter(({ params: sent }) => sent !== undefined);
    expect(notified.map(({ params: sent }) => sent)).toEqual([
      { progressToken: 'p1', progress: 1, total: 2, message: 'half, with [redacted]' },
      { progressToken: 'p1', progress: 2, total: 2 },
    ]);
  });

  it("the host's cancellation reaches the broker", async () => {
    host.send({
      id: 'slow',
      method: 'tools/call',
      params: { name: 'connect_to_mcp_server', arguments: { serverName: 'cancelled' } },
    });
    host.send({ method: 'notifications/cancelled', params: { requestId: 'slow', reason: 'test' } });
    await expect.poll(() => host.stderr(), { timeout: 8_000 }).toContain('CANCELLED');
  });
});

describe('skills', () => {
  it('are listed with name and description, and read whole or by a file', async () => {
    expect(payloadOf(await call('get_skill', {}))).toEqual({
      skills: [{ id: 'sign-in', name: 'Sign in', description: 'How to sign in.' }],
    });
    expect(await call('get_skill', { id: 'sign-in' })).toMatchObject({
      content: [{ type: 'text', text: expect.stringContaining('# Sign in') }],
    });
    expect(await call('get_skill', { id: 'sign-in/references/x.md' })).toEqual({
      content: [{ type: 'text', text: '# X\n' }],
    });
  });

  it('are resources too', async () => {
    const { result } = await host.request('resources/list');
    expect(result?.['resources']).toMatchObject([{ uri: 'skill://sign-in/SKILL.md', mimeType: 'text/markdown' }]);
    const read = await host.request('resources/read', { uri: 'skill://sign-in/SKILL.md' });
    expect(read.result?.['contents']).toMatchObject([{ text: expect.stringContaining('# Sign in') }]);
    const script = await host.request('resources/read', { uri: 'skill://sign-in/check.js' });
    expect(script.result?.['contents']).toEqual([
      { uri: 'skill://sign-in/check.js', mimeType: 'text/javascript', text: 'export {};\n' },
    ]);
    for (const uri of ['skill://nope/SKILL.md', 'file:///etc/passwd', 'skill://../outside.md']) {
      expect((await host.request('resources/read', { uri })).error?.code).toBe(-32_602);
    }
  });

  it.each([
    'nope',
    '../outside.md',
    'sign-in/../../outside.md',
    'sign-in/link.md',
    '/etc/passwd',
    '..',
    'sign-in//x',
    'sign-in/references',
    'sign-in/a\u0000b',
  ])('the id %j leads nowhere', async (id) => {
    const result = await call('get_skill', { id });
    expect(payloadOf(result)).toMatchObject({ status: 'error', code: 'invalid_input', serverName: '' });
    expect(JSON.stringify(result)).not.toContain('OUTSIDE');
  });
});

it('T89 what a dependency prints goes to standard error; standard output has JSON-RPC and nothing else', async () => {
  await call('connect_to_mcp_server', { serverName: 'chatty' });
  await expect.poll(() => host.stderr()).toContain('a dependency writes to the stream');
  expect(host.stderr()).toContain('console.log of a dependency');
  expect(host.stderr()).toContain('console.info of a dependency');
  for (const line of host.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
});
