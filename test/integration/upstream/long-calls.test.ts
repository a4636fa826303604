/** How long a call may take, by a clock that the test turns: both ends of the SDK, in memory. */
import { InMemoryTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ListRootsResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Host } from '../../../src/core/host.js';
import { UPSTREAM_REQUEST_TIMEOUT_MS } from '../../../src/core/limits.js';
import { createCallTraces } from '../../../src/upstream/call-traces.js';
import { createClient } from '../../../src/upstream/client.js';
import { createSession, type Session } from '../../../src/upstream/session.js';
import { connectOptions } from '../../support/upstream-target.js';

const MINUTE_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What the tool `slow` does with its time. */
type Slow = Parameters<McpServer['registerTool']>[2];

async function connected(slow: Slow, host?: Host): Promise<Session> {
  const server = new McpServer({ name: 'slow', version: '1' });
  server.registerTool('slow', { inputSchema: {} }, slow as never);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs as never);
  const options = { ...connectOptions, ...(host !== undefined && { host }) };
  const calls = createCallTraces();
  const client = createClient(options, calls);
  await client.connect(ours, { prior: { kind: 'legacy' } });
  return createSession(client, 'stdio', calls, async () => {}, options);
}

const call = (session: Session, options = {}) =>
  session.request('tools/call', { name: 'slow', arguments: {} }, options);

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Extra = { _meta?: { progressToken?: string | number }; sendNotification(notification: object): Promise<void> };

it('a call of ten minutes that says how far it is comes to its end', async () => {
  const session = await connected((async (_args: object, { _meta, sendNotification }: Extra) => {
    for (let minute = 0; minute < 10; minute += 1) {
      for (const half of [0, 1]) {
        await after(MINUTE_MS / 2);
        const params = { progressToken: _meta?.progressToken, progress: 2 * minute + half + 1, total: 20 };
        await sendNotification({ method: 'notifications/progress', params });
      }
    }
    return { content: [{ type: 'text', text: 'done' }] };
  }) as never);
  const heard: number[] = [];
  const called = call(session, { onProgress: ({ progress }: { progress: number }) => heard.push(progress) });
  await vi.advanceTimersByTimeAsync(11 * MINUTE_MS);
  expect(await called).toMatchObject({ content: [{ text: 'done' }] });
  expect(heard).toHaveLength(20);
});

it('and so it does where nobody wants to hear of it', async () => {
  const session = await connected((async (_args: object, { _meta, sendNotification }: Extra) => {
    await after(50_000);
    const params = { progressToken: _meta?.progressToken, progress: 1 };
    await sendNotification({ method: 'notifications/progress', params });
    await after(50_000);
    return { content: [] };
  }) as never);
  const called = call(session);
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(await called).toEqual({ content: [] });
});

it('a call that says nothing is given up, and cancelled at the server', async () => {
  let cancelled = false;
  const session = await connected((async (_args: object, { signal }: { signal: AbortSignal }) => {
    signal.addEventListener('abort', () => {
      cancelled = true;
    });
    return new Promise(() => {});
  }) as never);
  const called = expect(call(session)).rejects.toMatchObject({ code: 'upstream_unreachable', retryable: true });
  await vi.advanceTimersByTimeAsync(UPSTREAM_REQUEST_TIMEOUT_MS);
  await called;
  await vi.advanceTimersByTimeAsync(0);
  expect(cancelled).toBe(true);
});

it('the time that the user takes to answer does not count', async () => {
  const host: Host = {
    capabilities: { roots: {} },
    isAskedByResult: false,
    logLevel: undefined,
    ask: async () => {
      await after(9 * MINUTE_MS);
      return { roots: [] };
    },
    tell: () => {},
  };
  type Asking = { sendRequest(request: object, schema: unknown, options: object): Promise<unknown> };
  const session = await connected(
    (async (_args: object, { sendRequest }: Asking) => {
      const { roots } = (await sendRequest({ method: 'roots/list' }, ListRootsResultSchema, {
        timeout: 3_600_000,
      })) as {
        roots: unknown[];
      };
      return { content: [{ type: 'text', text: `${roots.length} roots` }] };
    }) as never,
    host,
  );
  const called = call(session, { host });
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(await called).toMatchObject({ content: [{ text: '0 roots' }] });
});
