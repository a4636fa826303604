import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OlderStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY } from './stand-in.constants.js';
import { STAND_IN_COMMAND } from './stdio-process.js';

interface Result {
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
  readonly _meta?: Readonly<Record<string, unknown>>;
}

interface Host {
  call(name: string, args: Record<string, unknown>, onprogress?: (progress: unknown) => void): Promise<Result>;
  listTools(): Promise<readonly { readonly name: string }[]>;
  listResources(): Promise<readonly unknown[]>;
  instructions(): string | undefined;
  close(): Promise<void>;
}

async function olderHost(): Promise<Host> {
  const client = new OlderClient({ name: 'Older Host', version: '1' });
  await client.connect(new OlderStdio({ ...STAND_IN_COMMAND, stderr: 'ignore' }));
  return {
    call: async (name, args, onprogress) =>
      (await client.callTool({ name, arguments: args }, undefined, onprogress && { onprogress })) as unknown as Result,
    listTools: async () => (await client.listTools()).tools,
    listResources: async () => (await client.listResources()).resources,
    instructions: () => client.getInstructions(),
    close: () => client.close(),
  };
}

async function modernHost(): Promise<Host> {
  const client = new ModernClient({ name: 'Modern Host', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new ModernStdio({ ...STAND_IN_COMMAND, stderr: 'ignore' }));
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
  return {
    call: async (name, args, onprogress) =>
      (await client.callTool({ name, arguments: args }, onprogress && { onprogress })) as unknown as Result,
    listTools: async () => (await client.listTools()).tools,
    listResources: async () => (await client.listResources()).resources,
    instructions: () => client.getInstructions(),
    close: () => client.close(),
  };
}

describe.each([
  ['a host of 2025-11-25 (SDK 1.x)', olderHost, 'Older-Host'],
  ['a host of 2026-07-28 (SDK 2.x)', modernHost, 'Modern-Host'],
])('%s', (_title, connect, agent) => {
  let host: Host;
  beforeAll(async () => {
    host = await connect();
  });
  afterAll(() => host.close());

  it('sees the seven tools, and how to use them', async () => {
    expect((await host.listTools()).map((tool) => tool.name)).toEqual([
      'connect_to_mcp_server',
      'clear_mcp_auth',
      'list_mcp_servers',
      'search_mcp_tools',
      'call_mcp_tool',
      'read_mcp_resource',
      'get_skill',
    ]);
    expect(host.instructions()).toContain('STOP and wait');
    expect(await host.listResources()).toEqual([]);
  });

  it('gets a payload twice, structured and as the same JSON in text, marked as ours', async () => {
    const result = await host.call('connect_to_mcp_server', { serverName: 'protected' });
    expect(result.structuredContent).toMatchObject({
      status: 'requires_auth',
      serverName: 'protected',
      authUrl: 'https://as.example/authorize?client_id=x',
    });
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual(result.structuredContent);
    expect(result.content).toHaveLength(1);
    expect(result._meta).toMatchObject({ 'mcp-oauth-broker/payload': true });
    expect(result.isError ?? false).toBe(false);
  });

  it('is told of an error by isError, and of missing authorization too where an answer was asked for', async () => {
    expect((await host.call('connect_to_mcp_server', { serverName: 'unreachable' })).isError).toBe(true);
    expect((await host.call('clear_mcp_auth', { serverName: 'unreachable' })).isError).toBe(true);
    expect((await host.call('list_mcp_servers', { serverName: 'unreachable' })).isError).toBe(true);
    expect((await host.call('search_mcp_tools', { serverName: 'protected' })).isError).toBe(true);
    expect((await host.call('call_mcp_tool', { serverName: 'protected', toolName: 'x' })).isError).toBe(true);
    const refused = await host.call('read_mcp_resource', { serverName: 'protected' });
    expect(refused).toMatchObject({ isError: true, structuredContent: { status: 'requires_auth' } });
  });

  it('is the agent of the principal by the name that it gives itself', async () => {
    const result = await host.call('connect_to_mcp_server', { serverName: 'whoami' });
    expect(result.structuredContent).toMatchObject({ account: `personal/tester/${agent}` });
  });

  it("gets an upstream's result with every field that it had", async () => {
    const result = await host.call('call_mcp_tool', { serverName: 'plain', toolName: 'echo', arguments: { a: 1 } });
    expect(result.structuredContent).toEqual({ n: 1 });
    expect(result).toMatchObject({ _meta: { 'example.com/trace': 'abc' } });
    expect(result.isError ?? false).toBe(false);
  });

  it('lists tools with their schemas unaltered and everything else without secrets of ours (T68)', async () => {
    const { structuredContent } = await host.call('search_mcp_tools', { query: 'echo' });
    expect(structuredContent).toMatchObject({ total: 1 });
    expect(structuredContent).not.toHaveProperty('status');
    const [tool] = (structuredContent?.['tools'] ?? []) as readonly Record<string, unknown>[];
    expect(tool).toMatchObject({ serverName: 'plain', name: 'echo', description: 'leaks [redacted]' });
    expect(tool?.['inputSchema']).toEqual({ type: 'object', properties: { a: { const: CANARY } }, 'x-unknown': 1 });
  });

  it('reads a resource as embedded blocks and as the contents that the upstream sent', async () => {
    const contents = [{ uri: 'a:b', text: 'body', mimeType: 'text/plain', 'x-unknown': 1 }];
    const result = await host.call('read_mcp_resource', { serverName: 'plain', uri: 'a:b' });
    expect(result.structuredContent).toEqual({ contents });
    expect(result.content).toMatchObject([{ type: 'resource', resource: { uri: 'a:b', text: 'body' } }]);
    const listing = await host.call('read_mcp_resource', { serverName: 'plain' });
    expect(listing.structuredContent).toEqual({
      resources: [{ uri: 'a:b', name: 'b' }],
      resourceTemplates: [],
      nextCursor: 'c2',
    });
    expect(JSON.parse(listing.content[0]?.text ?? '')).toEqual(listing.structuredContent);
  });

  it('hears of progress where it asked for it, and only then', async () => {
    const heard: unknown[] = [];
    const asked = await host.call('connect_to_mcp_server', { serverName: 'progress' }, (progress) => {
      heard.push(progress);
      if (heard.length === 2) void host.call('connect_to_mcp_server', { serverName: 'release' });
    });
    expect(asked.structuredContent).toMatchObject({ account: 'token' });
    expect(heard).toEqual([
      { progress: 1, total: 2, message: 'half, with [redacted]' },
      { progress: 2, total: 2 },
    ]);
    const notAsked = await host.call('connect_to_mcp_server', { serverName: 'progress' });
    expect(notAsked.structuredContent).toMatchObject({ account: 'no-token' });
  });

  it('gets the empty list of skills where none are installed', async () => {
    expect((await host.call('get_skill', {})).structuredContent).toEqual({ skills: [] });
  });
});
