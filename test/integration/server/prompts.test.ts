/** Prompts and completions of real upstream servers of both SDK lines, through hosts of both (contract, section 1). */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProtocolError } from '@modelcontextprotocol/client';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { type InProcessHost, type InProcessHostOptions, startInProcessHost } from '../../support/in-process-host.js';
import { createStage } from '../../support/stage.js';
import { startScriptedUpstream } from '../../support/upstream-scripted.js';

const stage = createStage();
afterEach(() => stage.close());

const startHost = async (options: InProcessHostOptions): Promise<InProcessHost> =>
  stage.keep(await startInProcessHost(options));

interface Failure {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

/** What a request failed with, as a host's SDK gives it. */
async function failureOf(request: Promise<unknown>): Promise<Failure> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof McpError || error instanceof ProtocolError)) throw new Error(`No protocol error: ${error}`);
  return { code: error.code, message: error.message, data: error.data as Failure['data'] };
}

describe.each(['v1', 'v2'] as const)('a host of the SDK %s whose user has broken servers.json', (sdk) => {
  it('starts all the same: what it lists is ours alone until the file is mended', async () => {
    const home = await stage.home();
    await writeFile(join(home.path, 'servers.json'), '{ "mcpServers": {');
    const { client, call } = await startHost({ sdk, home });

    expect((await client.listPrompts()).prompts).toEqual([]);
    expect((await client.listTools()).tools).toHaveLength(7);
    expect((await client.listResources()).resources).toEqual([]);
    expect((await client.listResourceTemplates()).resourceTemplates).toEqual([]);
    expect((await call('list_mcp_servers'))['structuredContent']).toMatchObject({ code: 'invalid_input' });

    const server = await stage.server();
    await writeFile(
      join(home.path, 'servers.json'),
      JSON.stringify({ mcpServers: { open: { url: server.url, auth: 'none' } } }),
    );
    expect((await client.listPrompts()).prompts).toMatchObject([{ name: 'open__greet' }, { name: 'open__review' }]);
  });
});

const text = (value: string) => ({ role: 'user', content: { type: 'text', text: value } });

describe.each([
  ['v1', 'legacy'],
  ['v1', 'modern'],
  ['v2', 'legacy'],
  ['v2', 'modern'],
] as const)('a host of the SDK %s and a %s server', (sdk, era) => {
  it('list, get and complete its prompts', async () => {
    const server = await stage.server({ era });
    const { client, connect } = await startHost({ sdk });
    expect(client.getServerCapabilities()).toMatchObject({ prompts: {}, completions: {} });
    await connect({ serverName: 'open', url: server.url });

    const { prompts } = await client.listPrompts();
    expect(prompts).toMatchObject([
      { name: 'open__greet', description: 'Greets.' },
      {
        name: 'open__review',
        title: 'Review',
        description: 'Reviews code.',
        arguments: [{ name: 'language', required: true }],
      },
    ]);
    expect(await client.getPrompt({ name: 'open__greet' })).toMatchObject({ messages: [text('Say hello.')] });
    expect(await client.getPrompt({ name: 'open__review', arguments: { language: 'perl' } })).toMatchObject({
      messages: [text('Review this perl.')],
    });
    const completed = await client.complete({
      ref: { type: 'ref/prompt', name: 'open__review' },
      argument: { name: 'language', value: 'p' },
    });
    expect(completed.completion).toMatchObject({ values: ['python', 'perl'] });
  });

  it('complete a resource template that its listing showed, and no other', async () => {
    const server = await stage.server({ era });
    const { client, connect, call } = await startHost({ sdk });
    await connect({ serverName: 'open', url: server.url });
    const completion = {
      ref: { type: 'ref/resource' as const, uri: 'note://topics/{topic}' },
      argument: { name: 'topic', value: 'ap' },
    };
    expect(await failureOf(client.complete(completion))).toMatchObject({ code: -32_602 });

    await call('read_mcp_resource', { serverName: 'open' });
    expect((await client.complete(completion)).completion).toMatchObject({ values: ['apples', 'apricots'] });

    await connect({ serverName: 'other', url: (await stage.server({ era })).url });
    await call('read_mcp_resource', { serverName: 'other' });
    expect(await failureOf(client.complete(completion))).toMatchObject({ code: -32_602 });
  });

  it('say what the server says of bad arguments, with its code', async () => {
    const server = await stage.server({ era });
    const { client, connect } = await startHost({ sdk });
    await connect({ serverName: 'open', url: server.url });
    const failure = await failureOf(client.getPrompt({ name: 'open__review', arguments: {} }));
    expect(failure).toMatchObject({
      code: -32_602,
      data: { status: 'error', serverName: 'open', code: 'upstream_protocol_error', upstreamError: { code: -32_602 } },
    });
  });
});

describe.each(['v1', 'v2'] as const)('a host of the SDK %s', (sdk) => {
  it('is told of a prompt whose server needs a sign-in: an error of the protocol with the payload, and where to sign in', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const { client, connect } = await startHost({ sdk });
    const asked = await connect({ serverName: 'mailbox', url: server.url });
    authorizationServer.forgetRequests();

    expect((await client.listPrompts()).prompts).toEqual([]);
    expect(authorizationServer.requests()).toEqual([]);
    const failure = await failureOf(client.getPrompt({ name: 'mailbox__greet' }));
    expect(failure).toMatchObject({
      code: -32_603,
      data: { status: 'requires_auth', serverName: 'mailbox', authUrl: asked['authUrl'] },
    });
    expect(failure.message).toContain(String(asked['launchUrl']));

    await visit(String(asked['authUrl']));
    expect(await client.getPrompt({ name: 'mailbox__greet' })).toMatchObject({ messages: [text('Say hello.')] });
  });

  it('is told of a prompt that nobody has', async () => {
    const { client, connect } = await startHost({ sdk });
    await connect({ serverName: 'open', url: (await stage.server()).url });
    expect(await failureOf(client.getPrompt({ name: 'nowhere__greet' }))).toMatchObject({ code: -32_602 });
    const absent = await failureOf(client.getPrompt({ name: 'open__absent\u001b[2J' }));
    expect(absent).toMatchObject({ code: -32_602 });
    expect(absent.message).not.toContain('\u001b');
  });

  it('has the prompts of the others where a server is down, and those without a bad definition', async () => {
    const open = await stage.server();
    const down = await stage.server();
    const odd = stage.keep(
      await startScriptedUpstream({
        era: 'legacy',
        capabilities: { tools: {}, prompts: {} },
        answers: {
          'tools/list': () => ({ tools: [] }),
          'prompts/list': ({ rpc }) =>
            rpc.params?.['cursor'] === 'more'
              ? { prompts: [{ name: 'last' }], nextCursor: 'more' }
              : {
                  prompts: [
                    { name: 'bad', arguments: [{ name: 1 }] },
                    { name: '' },
                    'none',
                    {
                      name: 'odd one',
                      title: 'Clear\u001b[2J',
                      description: 'Two\nlines\u202e',
                      arguments: [{ name: 'x', description: 'as\u0007sent', 'x-unknown': 1 }],
                      icons: [{ src: 'https://tracker.example/i.png' }],
                    },
                  ],
                  nextCursor: 'more',
                },
        },
      }),
    );
    const { client, connect, received } = await startHost({ sdk });
    await connect({ serverName: 'open', url: open.url });
    await connect({ serverName: 'down', url: down.url });
    await connect({ serverName: 'odd', url: odd.url.href });
    await down.close();

    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^odd__odd_one_[0-9a-f]{8}$/u),
      'odd__last',
      'open__greet',
      'open__review',
    ]);
    const listed = received.find(({ result }) => result?.['prompts'] !== undefined)?.result?.['prompts'];
    expect((listed as unknown[])[0]).toEqual({
      name: expect.any(String),
      title: 'Clear[2J',
      description: 'Two\nlines',
      arguments: [{ name: 'x', description: 'assent' }],
    });
  });

  it("gets what a server made of a prompt as it is, but for secrets of ours and a mark that is not the server's", async () => {
    const prompt = {
      description: 'odd\u0007',
      messages: [{ role: 'user', content: { type: 'text', text: 'hi', 'x-unknown': [1] }, 'x-more': true }],
      'x-future': { a: 1 },
      _meta: { 'mcp-oauth-broker/payload': true, 'example.com/kept': 1 },
    };
    const odd = stage.keep(
      await startScriptedUpstream({
        era: 'modern',
        capabilities: { tools: {}, prompts: {} },
        answers: {
          'tools/list': () => ({ tools: [], ttlMs: 0, cacheScope: 'private' }),
          'prompts/get': () => prompt,
        },
      }),
    );
    const { client, connect, received } = await startHost({ sdk });
    await connect({ serverName: 'odd', url: odd.url.href });
    await client.getPrompt({ name: 'odd__x' });
    const { _meta, ...sent } = received.at(-1)?.result ?? {};
    expect(sent).toMatchObject({ description: prompt.description, messages: prompt.messages, 'x-future': { a: 1 } });
    expect(_meta).toMatchObject({ 'example.com/kept': 1 });
    expect(_meta).not.toHaveProperty('mcp-oauth-broker/payload');
    expect(odd.requests.find(({ rpc }) => rpc.method === 'prompts/get')?.rpc.params).toMatchObject({ name: 'x' });
  });

  it('gets no values, and no error, from a server that completes nothing', async () => {
    const plain = stage.keep(
      await startScriptedUpstream({ era: 'legacy', answers: { 'tools/list': () => ({ tools: [] }) } }),
    );
    const { client, connect } = await startHost({ sdk });
    await connect({ serverName: 'plain', url: plain.url.href });
    const ref = { type: 'ref/prompt' as const, name: 'plain__x' };
    expect((await client.complete({ ref, argument: { name: 'a', value: '' } })).completion.values).toEqual([]);
    expect(plain.count('completion/complete')).toBe(0);
  });
});

it('a host of 2026-07-28 sees the list of prompts that it saw first, an older one those of now', async () => {
  const first = await stage.server();
  const second = await stage.server();
  for (const sdk of ['v1', 'v2'] as const) {
    const { client, connect } = await startHost({ sdk });
    const names = async (): Promise<readonly string[]> => (await client.listPrompts()).prompts.map(({ name }) => name);
    await connect({ serverName: 'first', url: first.url });
    const seen = await names();
    expect(seen).toEqual(['first__greet', 'first__review']);
    await connect({ serverName: 'second', url: second.url });
    expect(await names()).toEqual(sdk === 'v2' ? seen : [...seen, 'second__greet', 'second__review']);
    expect(await client.getPrompt({ name: 'second__greet' })).toMatchObject({ messages: [text('Say hello.')] });
  }
});
