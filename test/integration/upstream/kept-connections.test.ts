/** One TCP connection serves call after call: an answer does not cost the connection that it came by. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { connectRemote, type UpstreamConnection } from '../../../src/upstream/index.js';
import { type SeenRequest, startUpstreamEndpoint, type UpstreamEndpoint } from '../../support/upstream-endpoint.js';
import { connectOptions, directNetwork, remoteTarget } from '../../support/upstream-target.js';

const opened: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const { close } of opened.splice(0).reverse()) await close();
});

/** Answers tool calls by event streams, and leaves it to the test to end them. */
async function startSlowEnder() {
  const answered: ServerResponse[] = [];
  const sockets = new Set<Socket | null>();
  const upstream = await startUpstreamEndpoint('legacy', (request, response) => {
    if (request.rpcMethod !== 'tools/call') return false;
    answered.push(response);
    sockets.add(response.socket);
    answer(request, response);
    return true;
  });
  opened.push(upstream);
  return { upstream, sockets, answered };
}

function answer(request: SeenRequest, response: ServerResponse): void {
  const { id } = JSON.parse(request.body) as { id: number };
  const message = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'answered' }] } };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

async function connect({ url }: UpstreamEndpoint): Promise<UpstreamConnection> {
  const network = directNetwork();
  opened.push(network);
  const connection = await connectRemote(remoteTarget(network, url), connectOptions);
  opened.push(connection);
  return connection;
}

it('a server that ends its stream a moment after the answer keeps its connection', async () => {
  const { upstream, sockets, answered } = await startSlowEnder();
  const connection = await connect(upstream);
  for (let count = 0; count < 6; count += 1) {
    await connection.callTool('echo', { text: 'x' });
    answered.at(-1)?.end();
  }
  // The next call may begin before the last one's end has arrived.
  expect(sockets.size).toBeLessThanOrEqual(2);
});

it('a server that never ends its stream is left after a while', async () => {
  const { upstream, answered } = await startSlowEnder();
  const connection = await connect(upstream);
  await connection.callTool('echo', { text: 'x' });
  await expect.poll(() => answered[0]?.destroyed, { timeout: 10_000 }).toBe(true);
});
