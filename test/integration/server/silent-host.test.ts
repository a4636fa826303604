/** Hosts of before 2026-07-28 that do not answer, by a clock that the test turns. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { InMemoryTransport, Server } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HOST_ANSWER_TIMEOUT_MS } from '../../../src/core/limits.js';
import { askDirectly } from '../../../src/server/direct-host.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SAMPLING = {
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 1 },
} as const;

type Answer = Parameters<Client['setRequestHandler']>[1];

/** `ask` of a server that is connected to a host which answers so. */
async function connected(answer: Answer) {
  const server = new Server({ name: 'server', version: '1' }, { capabilities: {} });
  const client = new Client({ name: 'host', version: '1' }, { capabilities: { sampling: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, answer as never);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(ours);
  await client.connect(theirs as never);
  return askDirectly(server);
}

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

it('one that is silent is not waited for without end, and its question is taken back', async () => {
  let withdrawn = false;
  const ask = await connected(((_request: object, { signal }: { signal: AbortSignal }) => {
    signal.addEventListener('abort', () => {
      withdrawn = true;
    });
    return new Promise(() => {});
  }) as never);
  const refused = expect(ask(SAMPLING)).rejects.toMatchObject({ name: 'HostRefusal', code: -32_603 });
  await vi.advanceTimersByTimeAsync(HOST_ANSWER_TIMEOUT_MS);
  await refused;
  await vi.advanceTimersByTimeAsync(0);
  expect(withdrawn).toBe(true);
});

it('one that says that it works on the answer is', async () => {
  type Extra = { _meta?: { progressToken?: unknown }; sendNotification(notification: object): Promise<void> };
  const ask = await connected((async (_request: object, { _meta, sendNotification }: Extra) => {
    for (const progress of [1, 2]) {
      await after(HOST_ANSWER_TIMEOUT_MS - 1);
      const params = { progressToken: _meta?.progressToken, progress, total: 2 };
      await sendNotification({ method: 'notifications/progress', params });
    }
    return { role: 'assistant', model: 'm', content: { type: 'text', text: 'late' } };
  }) as never);
  const heard: unknown[] = [];
  const asked = ask(SAMPLING, { onProgress: (progress) => heard.push(progress) });
  await vi.advanceTimersByTimeAsync(2 * HOST_ANSWER_TIMEOUT_MS);
  expect(await asked).toMatchObject({ content: { text: 'late' } });
  expect(heard).toEqual([
    { progress: 1, total: 2 },
    { progress: 2, total: 2 },
  ]);
});
