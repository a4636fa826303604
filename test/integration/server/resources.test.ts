/** `read_mcp_resource` gives what an upstream server has, faithfully, to hosts of both SDK lines (contract, section 1). */
import { afterEach, describe, expect, it } from 'vitest';
import { type InProcessHost, startInProcessHost } from '../../support/in-process-host.js';
import { createStage } from '../../support/stage.js';
import {
  type Script,
  type ScriptedUpstream,
  sendRpcError,
  startScriptedUpstream,
} from '../../support/upstream-scripted.js';

const stage = createStage();
afterEach(() => stage.close());

type Structured = Readonly<Record<string, unknown>>;

async function scripted(script: Partial<Script>): Promise<ScriptedUpstream> {
  const tools = { 'tools/list': () => ({ tools: [], ...(script.era === 'modern' && CACHE) }) };
  return stage.keep(
    await startScriptedUpstream({ era: 'legacy', ...script, answers: { ...tools, ...script.answers } }),
  );
}

const CACHE = { ttlMs: 0, cacheScope: 'private' };

describe.each([
  ['v1', 'legacy'],
  ['v1', 'modern'],
  ['v2', 'legacy'],
  ['v2', 'modern'],
] as const)('a host of the SDK %s and a %s server', (sdk, era) => {
  async function hostOf(url: string): Promise<InProcessHost> {
    const host = stage.keep(await startInProcessHost({ sdk }));
    expect(await host.connect({ serverName: 's', url })).toMatchObject({ status: 'success' });
    return host;
  }

  it('list resources and templates, read both, and pass on that there is no such one', async () => {
    const host = await hostOf((await stage.server({ era })).url);
    const listed = await host.call('read_mcp_resource', { serverName: 's' });
    expect(listed['structuredContent']).toEqual({
      resources: [expect.objectContaining({ uri: 'note://greeting', name: 'note', mimeType: 'text/plain' })],
      resourceTemplates: [expect.objectContaining({ uriTemplate: 'note://topics/{topic}', name: 'topic' })],
    });
    const contents = [{ uri: 'note://topics/pears', mimeType: 'text/plain', text: 'About note://topics/pears' }];
    expect(await host.call('read_mcp_resource', { serverName: 's', uri: 'note://topics/pears' })).toMatchObject({
      structuredContent: { contents },
      content: contents.map((resource) => ({ type: 'resource', resource })),
    });
    expect(await host.call('read_mcp_resource', { serverName: 's', uri: 'note://absent' })).toMatchObject({
      isError: true,
      structuredContent: {
        status: 'error',
        serverName: 's',
        code: 'upstream_protocol_error',
        upstreamError: { code: -32_602, message: expect.stringContaining('note://absent') },
      },
    });
  });

  it('page through both by one opaque cursor, each entry once, as it was sent', async () => {
    const page =
      (kind: string, count: number) =>
      ({ rpc }: { readonly rpc: { readonly params?: Record<string, unknown> } }) => {
        const at = Number(rpc.params?.['cursor'] ?? 0);
        const next = at + 1 < count ? { nextCursor: String(at + 1) } : {};
        return {
          [kind]: [{ uri: `x:${at}`, uriTemplate: `x:${at}{a}`, name: String(at), 'x-new': [at] }],
          ...next,
          ...CACHE,
        };
      };
    const upstream = await scripted({
      era,
      answers: {
        'resources/list': page('resources', 3),
        'resources/templates/list': page('resourceTemplates', 1),
      },
    });
    const host = await hostOf(upstream.url.href);
    const pages: Structured[] = [];
    let cursor: unknown;
    do {
      const args = { serverName: 's', ...(cursor === undefined ? {} : { cursor }) };
      pages.push((await host.call('read_mcp_resource', args))['structuredContent'] as Structured);
      cursor = pages.at(-1)?.['nextCursor'];
    } while (cursor !== undefined && pages.length < 10);

    const entry = (at: number) => ({ uri: `x:${at}`, uriTemplate: `x:${at}{a}`, name: String(at), 'x-new': [at] });
    expect(pages.map(({ resources }) => resources)).toEqual([[entry(0)], [entry(1)], [entry(2)]]);
    expect(pages.map(({ resourceTemplates }) => resourceTemplates)).toEqual([[entry(0)], [], []]);
    expect(upstream.count('resources/templates/list')).toBe(1);
    const foreign = await host.call('read_mcp_resource', { serverName: 's', cursor: 'bm9wZQ' });
    expect(foreign).toMatchObject({ isError: true, structuredContent: { code: 'invalid_input' } });
  });

  it('read bytes as they are, with every field that the server sent, and show no block that a host would refuse', async () => {
    const contents = [
      { uri: 'x:image', mimeType: 'image/png', blob: 'iVBORw0KGgo=', _meta: { a: 1 }, 'x-new': { b: [2] } },
      { uri: 'x:text', text: 'kept' },
      { uri: 'x:neither' },
      { text: 'no uri' },
    ];
    const upstream = await scripted({
      era,
      answers: {
        'resources/read': () => ({ contents: contents.slice(0, 2), _meta: { 'example.com/a': 1 }, ...CACHE }),
      },
    });
    const host = await hostOf(upstream.url.href);
    await host.call('read_mcp_resource', { serverName: 's', uri: 'x:image' });
    const sent = host.received.at(-1)?.result;
    expect(sent).toMatchObject({
      content: contents.slice(0, 2).map((resource) => ({ type: 'resource', resource })),
      structuredContent: { contents: contents.slice(0, 2) },
      _meta: { 'example.com/a': 1 },
    });

    if (era === 'modern') return;
    const odd = await scripted({ era, answers: { 'resources/read': () => ({ contents }) } });
    await host.connect({ serverName: 'odd', url: odd.url.href });
    expect(await host.call('read_mcp_resource', { serverName: 'odd', uri: 'x:image' })).toMatchObject({
      content: [{ resource: { uri: 'x:image' } }, { resource: { uri: 'x:text' } }],
      structuredContent: { contents },
    });
  });

  it('find nothing, and no error, where the server has no resources, or no templates', async () => {
    const none = { structuredContent: { resources: [], resourceTemplates: [] } };
    const without = await scripted({ era, capabilities: { tools: {} } });
    const host = await hostOf(without.url.href);
    const listed = await host.call('read_mcp_resource', { serverName: 's' });
    expect(listed).toMatchObject(none);
    expect(listed['isError'] ?? false).toBe(false);
    expect(without.count('resources/list')).toBe(0);

    const noTemplates = await scripted({
      era,
      answers: {
        'resources/list': () => ({ resources: [{ uri: 'x:y', name: 'y' }], ...CACHE }),
        'resources/templates/list': (request, response) =>
          void sendRpcError(response, request, -32_601, 'Method not found'),
      },
    });
    await host.connect({ serverName: 'bare', url: noTemplates.url.href });
    expect(await host.call('read_mcp_resource', { serverName: 'bare' })).toMatchObject({
      structuredContent: { resources: [{ uri: 'x:y', name: 'y' }], resourceTemplates: [] },
    });
  });
});

it('a server that answers something else is said to have done so', async () => {
  const upstream = await scripted({ answers: { 'resources/read': () => ({}), 'resources/list': () => ({}) } });
  const host = stage.keep(await startInProcessHost({ sdk: 'v1' }));
  await host.connect({ serverName: 's', url: upstream.url.href });
  const failure = { isError: true, structuredContent: { code: 'upstream_protocol_error' } };
  expect(await host.call('read_mcp_resource', { serverName: 's' })).toMatchObject(failure);
  expect(await host.call('read_mcp_resource', { serverName: 's', uri: 'x:y' })).toMatchObject(failure);
});
