/** What may go wrong between a server that asks and a host that answers, in both eras. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { rememberSecret } from '../../../src/core/redaction.js';
import { ABLE, type AnsweringHost, startAnsweringHost } from '../../support/answering-host.js';
import { type AskingKind, type AskingServer, startAskingServer } from '../../support/asking-server.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

interface Meeting {
  readonly host: AnsweringHost;
  readonly upstream: AskingServer;
}

async function meeting(
  sdk: 'v1' | 'v2',
  kind: AskingKind,
  answer?: Parameters<typeof startAnsweringHost>[1],
  capabilities: object = ABLE,
): Promise<Meeting> {
  const upstream = stage.keep(await startAskingServer(kind));
  const home = await stage.home({ mcpServers: { asking: { url: upstream.url } } });
  const host = stage.keep(await startAnsweringHost({ sdk, home, capabilities: { ...capabilities } }, answer));
  expect(await host.connect({ serverName: 'asking' })).toMatchObject({ status: 'success' });
  return { host, upstream };
}

interface Round {
  readonly resultType?: string;
  readonly inputRequests?: Readonly<Record<string, { readonly method: string; readonly params: object }>>;
  readonly requestState?: string;
}

/** A call of a 2026-07-28 host that does the rounds by hand. */
function rawCall({ host }: Meeting, toolName: string, added: object = {}, args: object = {}): Promise<Round> {
  const params = { name: 'call_mcp_tool', arguments: { serverName: 'asking', toolName, ...args }, ...added };
  return host.callWith(params, { allowInputRequired: true }) as Promise<Round>;
}

const answerTo = (round: Round, response: object) => ({
  requestState: round.requestState,
  inputResponses: Object.fromEntries(Object.keys(round.inputRequests ?? {}).map((key) => [key, response])),
});

const ACCEPTED = { action: 'accept', content: { colour: 'red' } };

describe.each(['legacy', 'modern'] as const)('a question of a %s server to a host of 2026-07-28', (kind) => {
  it('comes as an input-required result, whose state the host cannot read', async () => {
    const round = await rawCall(await meeting('v2', kind), 'form');
    expect(round.resultType).toBe('input_required');
    expect(Object.values(round.inputRequests ?? {})).toMatchObject([{ method: 'elicitation/create' }]);
    expect(round.requestState).toMatch(/^[su]\.[\w-]{40,}$/u);
    expect(Buffer.from(round.requestState?.slice(2) ?? '', 'base64url').toString('latin1')).not.toContain('state of');
  });

  it('is answered by the next request with that state', async () => {
    const met = await meeting('v2', kind);
    const round = await rawCall(met, 'form');
    expect(await rawCall(met, 'form', answerTo(round, ACCEPTED))).toMatchObject({
      content: [{ text: JSON.stringify(ACCEPTED) }],
    });
    if (kind === 'modern') expect(met.upstream.states).toEqual([undefined, 'state of form']);
  });

  it.each([
    ['another tool', { tool: 'roots' }],
    ['another account', { account: 'other' }],
    ['an altered state', { alter: true }],
  ])('is not answered by %s', async (_title, change: { tool?: string; account?: string; alter?: boolean }) => {
    const met = await meeting('v2', kind);
    const round = await rawCall(met, 'form');
    const given = answerTo(round, ACCEPTED);
    const state = change.alter === true ? { ...given, requestState: `${given.requestState}x` } : given;
    const args = change.account === undefined ? {} : { account: change.account };
    await expect(rawCall(met, change.tool ?? 'form', state, args)).rejects.toMatchObject({ code: -32_602 });
    expect(await rawCall(met, 'form', given)).toMatchObject({ content: [{ text: JSON.stringify(ACCEPTED) }] });
  });
});

describe('a suspended call of a 2026-07-28 host', () => {
  it('goes on once', async () => {
    const met = await meeting('v2', 'legacy');
    const round = await rawCall(met, 'form');
    await rawCall(met, 'form', answerTo(round, ACCEPTED));
    await expect(rawCall(met, 'form', answerTo(round, ACCEPTED))).rejects.toMatchObject({ code: -32_602 });
  });

  it('is the one whose server asked, though a later one is under way on the same connection', async () => {
    const met = await meeting('v2', 'legacy');
    const asking = rawCall(met, 'form_later');
    await met.upstream.happened('waiting');
    const cancelling = new AbortController();
    const params = { name: 'call_mcp_tool', arguments: { serverName: 'asking', toolName: 'hang' } };
    const later = met.host.callWith(params, { signal: cancelling.signal, allowInputRequired: true });
    await met.upstream.happened('hanging');
    met.upstream.note('go');
    const round = await Promise.race([asking, later.then(() => 'the other' as const)]);
    expect(round).toMatchObject({ resultType: 'input_required' });
    cancelling.abort('enough');
    await expect(later).rejects.toThrow();
  });

  it('is cancelled at the server when the host cancels the request that it goes on with', async () => {
    const met = await meeting('v2', 'legacy');
    const round = await rawCall(met, 'form_then_hang');
    const cancelling = new AbortController();
    const params = { name: 'call_mcp_tool', arguments: { serverName: 'asking', toolName: 'form_then_hang' } };
    const called = met.host.callWith({ ...params, ...answerTo(round, ACCEPTED) }, { signal: cancelling.signal });
    called.catch(() => {});
    await met.upstream.happened('hanging');
    cancelling.abort('enough');
    await met.upstream.happened('cancelled');
  });
});

describe('a host of 2026-07-28 that can answer more with one call than with another', () => {
  it('has an older server told anew, and is asked accordingly', async () => {
    const met = await meeting('v2', 'legacy', undefined, { roots: {} });
    const ask = { 'io.modelcontextprotocol/clientCapabilities': { sampling: {} } };
    expect(await met.host.tool('sample')).toMatchObject({ failed: { code: -32_601 } });
    const round = await rawCall(met, 'sample', { _meta: ask });
    expect(Object.values(round.inputRequests ?? {})).toMatchObject([{ method: 'sampling/createMessage' }]);
    expect(met.upstream.declared.at(-1)).toEqual({ sampling: {} });
  });
});

describe('a 2026-07-28 server', () => {
  it.each(['v1', 'v2'] as const)('that only wants to be asked again later is, by a host of SDK %s', async (sdk) => {
    const { host, upstream } = await meeting(sdk, 'modern');
    expect(await host.tool('busy')).toBe('done');
    expect(upstream.states).toEqual([undefined, 'come again']);
  });

  it('that never has enough comes to an error for a host of before', async () => {
    const { host } = await meeting('v1', 'modern');
    expect(await host.tool('endless')).toMatchObject({ status: 'error', code: 'upstream_protocol_error' });
  });

  it('gets no result from a host of before that refuses', async () => {
    const { host } = await meeting('v1', 'modern', () => {
      throw new Error('not today');
    });
    expect(await host.tool('roots')).toMatchObject({
      status: 'error',
      code: 'upstream_protocol_error',
      error: expect.stringContaining('roots/list') as unknown,
    });
  });
});

describe('a host of before 2026-07-28', () => {
  it('is told that a URL elicitation is done, by an id that is not the server’s to choose', async () => {
    const { host } = await meeting('v1', 'legacy');
    await host.tool('url');
    const [{ params } = { params: {} as Readonly<Record<string, unknown>> }] = host.asked;
    await expect.poll(() => host.completed).toEqual([params['elicitationId']]);
    expect(params['elicitationId']).not.toBe('upstream-id');
  });

  it('tells connected servers that its roots or its log level changed', async () => {
    const { host, upstream } = await meeting('v1', 'legacy');
    await host.tool('roots');
    await (host.client as { sendRootsListChanged(): Promise<void> }).sendRootsListChanged();
    await upstream.happened('roots_changed');
    await (host.client as { setLoggingLevel(level: string): Promise<unknown> }).setLoggingLevel('warning');
    await expect.poll(() => upstream.levels, { timeout: 8_000 }).toEqual(['warning']);
  });

  it('has a question taken back when the server does, and when the host cancels the call', async () => {
    const withdrawn: string[] = [];
    const { host, upstream } = await meeting('v1', 'legacy', async (method, _params, signal) => {
      upstream.note('withdraw');
      if (!signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      withdrawn.push(method);
      return {};
    });
    expect(await host.tool('withdraw')).toBe('withdrawn');
    await expect.poll(() => withdrawn, { timeout: 8_000 }).toEqual(['roots/list']);

    const cancelling = new AbortController();
    const called = host.tool('form', { signal: cancelling.signal });
    called.catch(() => {});
    await expect.poll(() => host.asked.length, { timeout: 8_000 }).toBe(2);
    cancelling.abort('enough');
    await expect.poll(() => withdrawn, { timeout: 8_000 }).toEqual(['roots/list', 'elicitation/create']);
  });

  it.each(['standalone', 'sse'] as const)(
    'still answers what a %s server asked during a call, but not by its stream, when that has been answered',
    async (kind) => {
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { host, upstream } = await meeting('v1', kind, async () => {
        upstream.note('asked');
        await released;
        return { roots: [] };
      });
      expect(await host.tool('ask_beside')).toBe('done');
      release();
      const outcomes = ['answered', 'refused'].map((event) => upstream.happened(event).then(() => event));
      expect(await Promise.race(outcomes)).toBe('answered');
    },
  );

  it('refuses, and the server gets its word', async () => {
    const { host } = await meeting('v1', 'legacy', () => {
      throw Object.assign(new Error('User rejected'), { code: -1 });
    });
    expect(await host.tool('sample')).toMatchObject({ failed: { code: -1 } });
  });
});

describe.each(['v1', 'v2'] as const)('a host of SDK %s', (sdk) => {
  it.each(['legacy', 'modern'] as const)('sees no secret of ours in what a %s server asks or says', async (kind) => {
    const canary = `canary-${randomBytes(12).toString('hex')}`;
    rememberSecret(canary);
    const { host } = await meeting(sdk, kind);
    const params = {
      name: 'call_mcp_tool',
      arguments: { serverName: 'asking', toolName: 'repeat', arguments: { text: canary } },
      _meta: { 'io.modelcontextprotocol/logLevel': 'info' },
    };
    await host.callWith(params);
    await expect.poll(() => host.logged.length, { timeout: 8_000 }).toBe(1);
    expect(host.asked).toHaveLength(1);
    expect(JSON.stringify([host.asked, host.logged])).not.toContain(canary);
    expect(JSON.stringify([host.asked, host.logged])).toContain('[redacted]');
  });
});
