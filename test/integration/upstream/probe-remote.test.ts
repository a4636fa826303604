/** What a server answers to someone without a credential. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Network } from '../../../src/core/outbound.js';
import { type Probe, probeRemote, type RemoteTarget } from '../../../src/upstream/index.js';
import { listenOnLoopback } from '../../support/loopback-http.js';
import { startUpstreamEndpoint, type UpstreamKind } from '../../support/upstream-endpoint.js';
import { connectOptions, directNetwork, remoteTarget } from '../../support/upstream-target.js';

let network: Network;
const cleanups: (() => Promise<void>)[] = [];

beforeEach(() => {
  network = directNetwork();
  cleanups.push(() => network.close());
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function probe(url: URL, transport: RemoteTarget['transport'] = 'auto', options = {}): Promise<Probe> {
  const { credential: _none, ...target } = remoteTarget(network, url, { transport });
  return probeRemote(target, { ...connectOptions, ...options });
}

async function listen(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = await listenOnLoopback(listener);
  cleanups.push(() => server.close());
  return new URL('/mcp', server.origin);
}

it.each<[UpstreamKind, RemoteTarget['transport']]>([
  ['legacy', 'auto'],
  ['modern', 'auto'],
  ['modern-only', 'auto'],
  ['modern-only', 'streamable-http'],
  ['sse', 'auto'],
  ['sse', 'sse'],
])('a %s server (transport %s) that asks for nothing is open', async (kind, transport) => {
  const upstream = await startUpstreamEndpoint(kind);
  cleanups.push(() => upstream.close());
  expect(await probe(upstream.url, transport)).toEqual({ kind: 'open' });
});

it('leaves no session on the server', async () => {
  const upstream = await startUpstreamEndpoint('legacy');
  cleanups.push(() => upstream.close());
  await probe(upstream.url);
  expect(upstream.requests.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  expect(await upstream.dropSessions()).toBe(0);
});

it('asks each time as 2026-07-28 wants every request: with its metadata, and headers that say the same', async () => {
  const asked: { headers: IncomingMessage['headers']; rpc: { method: string; params: Record<string, unknown> } }[] = [];
  const url = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      asked.push({ headers: request.headers, rpc: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      response.writeHead(asked.length === 1 ? 400 : 401).end('{}');
    });
  });
  await probe(url);
  expect(asked.map(({ rpc }) => rpc.method)).toEqual(['initialize', 'server/discover']);
  expect(asked.map(({ headers }) => headers['mcp-protocol-version'])).toEqual(['2025-03-26', '2026-07-28']);
  for (const { headers, rpc } of asked) {
    expect(headers['mcp-method']).toBe(rpc.method);
    expect(rpc.params['_meta']).toEqual({
      'io.modelcontextprotocol/protocolVersion': headers['mcp-protocol-version'],
      'io.modelcontextprotocol/clientInfo': { name: connectOptions.clientName, version: connectOptions.clientVersion },
      'io.modelcontextprotocol/clientCapabilities': {},
    });
  }
});

it('sends no credential', async () => {
  let sent: string | undefined;
  const url = await listen((request, response) => {
    sent = request.headers.authorization;
    response.writeHead(401).end();
  });
  await probe(url);
  expect(sent).toBeUndefined();
});

it('a JSON-RPC error with 200 counts as open', async () => {
  const url = await listen((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"jsonrpc":"2.0","id":0,"error":{"code":-32600,"message":"no"}}');
  });
  expect(await probe(url)).toEqual({ kind: 'open' });
});

it.each([401, 403])('%s is a refusal with the challenge as it was sent', async (status) => {
  const challenges = ['Bearer realm="a, b"', 'Basic realm="c"'];
  const url = await listen(
    (_request, response) => void response.writeHead(status, { 'www-authenticate': challenges }).end('{}'),
  );
  expect(await probe(url)).toEqual({ kind: 'refused', refusal: { status, wwwAuthenticate: challenges.join(', ') } });
});

it.each([404, 405])('%s is a refusal where there is no legacy stream either', async (status) => {
  const url = await listen((_request, response) => void response.writeHead(status).end());
  expect(await probe(url)).toEqual({ kind: 'refused', refusal: { status, wwwAuthenticate: null } });
});

it('a legacy stream that asks for authorization is what counts where there is no POST', async () => {
  const url = await listen(
    (request, response) =>
      void response.writeHead(request.method === 'GET' ? 401 : 405, { 'www-authenticate': 'Bearer' }).end(),
  );
  expect(await probe(url)).toEqual({ kind: 'refused', refusal: { status: 401, wwwAuthenticate: 'Bearer' } });
});

it('a modern server that refuses after a 400 to initialize is a refusal', async () => {
  const url = await listen(
    (request, response) =>
      void response.writeHead(request.headers['mcp-method'] === 'server/discover' ? 401 : 400).end('{}'),
  );
  expect(await probe(url)).toMatchObject({ kind: 'refused', refusal: { status: 401 } });
});

it('T08 a challenge too long to be one is dropped whole', async () => {
  const url = await listen(
    (_request, response) =>
      void response.writeHead(401, { 'www-authenticate': `Bearer a="${'x'.repeat(9_000)}"` }).end(),
  );
  expect(await probe(url)).toEqual({ kind: 'refused', refusal: { status: 401, wwwAuthenticate: null } });
});

it('T08 headers of 64 KiB end the exchange', async () => {
  const url = await listen(
    (_request, response) =>
      void response.writeHead(401, { 'www-authenticate': `Bearer a="${'x'.repeat(65_536)}"` }).end(),
  );
  await expect(probe(url)).rejects.toMatchObject({ code: 'upstream_unreachable' });
});

it('5xx and 429 are trouble that may pass, with the wait that the server names, capped', async () => {
  let status = 503;
  const url = await listen((_request, response) => void response.writeHead(status, { 'retry-after': '86400' }).end());
  await expect(probe(url)).rejects.toMatchObject({
    code: 'upstream_unreachable',
    retryable: true,
    retryAfterSeconds: 300,
  });
  status = 429;
  await expect(probe(url)).rejects.toMatchObject({ code: 'upstream_unreachable', retryable: true });
});

it('a server that is silent, or not there, is unreachable', async () => {
  const silent = await listen(() => {});
  await expect(probe(silent, 'auto', { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'upstream_unreachable',
    retryable: true,
  });
  await expect(probe(new URL('http://127.0.0.1:1/mcp'))).rejects.toMatchObject({
    code: 'upstream_unreachable',
    retryable: true,
  });
});

it("the caller's cancellation is the caller's", async () => {
  const silent = await listen(() => {});
  const caller = new AbortController();
  const asked = probe(silent, 'auto', { signal: caller.signal });
  caller.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});

it('a page that is no MCP server is a protocol error', async () => {
  const url = await listen((_request, response) => void response.writeHead(302, { location: '/login' }).end());
  await expect(probe(url)).rejects.toMatchObject({ code: 'upstream_protocol_error' });
});
