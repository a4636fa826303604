/** What servers ask and tell the host, through the broker, in both eras of both sides. */
import { afterEach, describe, expect, it } from 'vitest';
import { type AnsweringHost, startAnsweringHost } from '../../support/answering-host.js';
import { type AskingKind, type AskingServer, startAskingServer } from '../../support/asking-server.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

type Sdk = 'v1' | 'v2';
type HostOptions = Partial<Parameters<typeof startAnsweringHost>[0]>;

async function meeting(
  sdk: Sdk,
  kind: AskingKind,
  answer?: Parameters<typeof startAnsweringHost>[1],
  options: HostOptions = {},
): Promise<{ host: AnsweringHost; upstream: AskingServer }> {
  const upstream = stage.keep(await startAskingServer(kind));
  const home = await stage.home({ mcpServers: { asking: { url: upstream.url } } });
  const host = stage.keep(await startAnsweringHost({ sdk, home, ...options }, answer));
  expect(await host.connect({ serverName: 'asking' })).toMatchObject({ status: 'success' });
  return { host, upstream };
}

const HOSTS: readonly Sdk[] = ['v1', 'v2'];
const KINDS: readonly AskingKind[] = ['legacy', 'standalone', 'sse', 'modern'];
const PAIRS = HOSTS.flatMap((sdk) => KINDS.map((kind) => [sdk, kind] as const));

describe.each(PAIRS)('between a host of SDK %s and a %s server', (sdk, kind) => {
  it('a form reaches the user under the name of the server, and the answer goes back', async () => {
    const { host } = await meeting(sdk, kind);
    expect(await host.tool('form')).toEqual({ action: 'accept', content: { colour: 'blue' } });
    expect(host.asked).toMatchObject([
      {
        method: 'elicitation/create',
        params: {
          message: 'The server "asking" asks: Which [31m colour is it?',
          requestedSchema: { type: 'object', properties: { colour: { type: 'string' } }, required: ['colour'] },
        },
      },
    ]);
  });

  it('a URL reaches the user, and a refusal goes back', async () => {
    const { host } = await meeting(sdk, kind, () => ({ action: 'decline' }));
    expect(await host.tool('url')).toEqual({ action: 'decline' });
    expect(host.asked).toMatchObject([
      { params: { mode: 'url', url: 'https://pay.example/now', message: 'The server "asking" asks: Pay here' } },
    ]);
  });

  it('a URL that is no web page is shown to nobody', async () => {
    const { host } = await meeting(sdk, kind);
    expect(JSON.stringify(await host.tool('bad_url'))).toContain('must be an http or https URL');
    expect(host.asked).toEqual([]);
  });

  it('a sampling request reaches the model, and roots reach the server', async () => {
    const { host } = await meeting(sdk, kind);
    expect(await host.tool('sample')).toMatchObject({ model: 'm', content: { type: 'text', text: 'hi' } });
    expect(await host.tool('roots')).toEqual({ roots: [{ uri: 'file:///home/me' }] });
    expect(host.asked).toMatchObject([
      { method: 'sampling/createMessage', params: { maxTokens: 10, messages: [{ content: { text: 'Say hi' } }] } },
      { method: 'roots/list' },
    ]);
  });

  it('one question after another is asked within one call', async () => {
    const { host } = await meeting(sdk, kind);
    expect(await host.tool('both')).toEqual({
      colour: { action: 'accept', content: { colour: 'blue' } },
      roots: { roots: [{ uri: 'file:///home/me' }] },
    });
    expect(host.asked.map(({ method }) => method)).toEqual(['elicitation/create', 'roots/list']);
  });

  it('a server is told what the host can answer, and gets an error for the rest', async () => {
    const { host, upstream } = await meeting(sdk, kind, undefined, { capabilities: { roots: {} } });
    const refused = JSON.stringify(await host.tool('sample'));
    expect(refused).toMatch(/-32601|-32021|-32603/u);
    expect(await host.tool('roots')).toEqual({ roots: [{ uri: 'file:///home/me' }] });
    expect(upstream.declared.at(-1)).toEqual({ roots: {} });
    expect(host.asked.map(({ method }) => method)).toEqual(['roots/list']);
  });

  it('messages reach the host from the level that it wants, named after the server', async () => {
    const { host, upstream } = await meeting(sdk, kind);
    // To a host of before the level of a single call means nothing.
    const meta = { 'io.modelcontextprotocol/logLevel': sdk === 'v1' ? 'debug' : 'error' };
    if (sdk === 'v1')
      await (host.client as { setLoggingLevel(level: string): Promise<unknown> }).setLoggingLevel('error');
    const params = { name: 'call_mcp_tool', arguments: { serverName: 'asking', toolName: 'log' }, _meta: meta };
    await (host.client as { callTool(params: unknown): Promise<unknown> }).callTool(params);
    await expect
      .poll(() => host.logged, { timeout: 8_000 })
      .toEqual([{ level: 'error', logger: 'asking/db', data: 'at error' }]);
    expect(upstream.levels.at(-1)).toBe('error');
  });

  it('a call that the host cancels is cancelled at the server', async () => {
    const { host, upstream } = await meeting(sdk, kind);
    const cancelling = new AbortController();
    const called = host.tool('hang', { signal: cancelling.signal });
    called.catch(() => {});
    await upstream.happened('hanging');
    cancelling.abort('enough');
    await expect(called).rejects.toThrow();
    await upstream.happened('cancelled');
  });
});

it('declares nothing on behalf of a host that can answer nothing', async () => {
  const { upstream } = await meeting('v1', 'legacy', undefined, { capabilities: {} });
  expect(upstream.declared.length).toBeGreaterThan(0);
  for (const declared of upstream.declared) expect(declared).toEqual({});
});
