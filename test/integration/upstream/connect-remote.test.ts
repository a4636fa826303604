/** Connecting and calling, against real servers of every kind. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BrokerError } from '../../../src/core/errors.js';
import type { Network } from '../../../src/core/outbound.js';
import {
  connectRemote,
  RefusedError,
  type RemoteTarget,
  type RequestCredential,
  type UpstreamConnection,
} from '../../../src/upstream/index.js';
import {
  type Intercept,
  startUpstreamEndpoint,
  type UpstreamEndpoint,
  type UpstreamKind,
} from '../../support/upstream-endpoint.js';
import { connectOptions, directNetwork, remoteTarget } from '../../support/upstream-target.js';

const KINDS = [
  ['legacy', 'streamable-http', '2025-11-25', 'legacy'],
  ['modern', 'streamable-http', '2026-07-28', 'modern'],
  ['modern-only', 'streamable-http', '2026-07-28', 'modern'],
  ['sse', 'sse', '2025-11-25', 'legacy'],
] as const;

let network: Network;
const cleanups: (() => Promise<void>)[] = [];

beforeEach(() => {
  network = directNetwork();
  cleanups.push(() => network.close());
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(kind: UpstreamKind, intercept?: Intercept): Promise<UpstreamEndpoint> {
  const upstream = await startUpstreamEndpoint(kind, intercept);
  cleanups.push(() => upstream.close());
  return upstream;
}

async function connect(
  upstream: UpstreamEndpoint,
  parts: Partial<RemoteTarget> = {},
  options = {},
): Promise<UpstreamConnection> {
  const connection = await connectRemote(remoteTarget(network, upstream.url, parts), { ...connectOptions, ...options });
  cleanups.push(() => connection.close());
  return connection;
}

const echoed = { content: [{ type: 'text', text: 'hello' }] };

describe.each(KINDS)('a %s server', (kind, transport, protocolVersion, era) => {
  it('is connected to over the right transport and revision', async () => {
    const connection = await connect(await start(kind));
    expect(connection).toMatchObject({ transport, protocolVersion, era, instructions: 'Be kind.' });
  });

  it('lists its tools and runs them', async () => {
    const connection = await connect(await start(kind));
    const { tools, truncated } = await connection.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    expect(truncated).toBe(false);
    expect(await connection.callTool('echo', { text: 'hello' })).toMatchObject(echoed);
  });

  it('gives its resources', async () => {
    const connection = await connect(await start(kind));
    expect(await connection.listResources()).toMatchObject({ resources: [{ uri: 'note://greeting' }] });
    expect(await connection.readResource('note://greeting')).toMatchObject({
      contents: [{ text: 'Hello from a protected resource.' }],
    });
  });

  it("gets the entry's headers and a fresh credential with every request, and none of our own marks", async () => {
    const upstream = await start(kind);
    let asked = 0;
    const credential = async () => {
      asked += 1;
      return { headers: () => ({ Authorization: `Bearer token-${asked}` }) };
    };
    const connection = await connect(upstream, { headers: { 'X-Workspace': '42' }, credential });
    await connection.callTool('echo', { text: 'hello' });
    expect(upstream.requests.every(({ headers }) => headers['x-workspace'] === '42')).toBe(true);
    const tokens = upstream.requests.map(({ headers }) => headers.authorization);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(upstream.requests.filter(({ headers }) => 'x-broker-call' in headers)).toEqual([]);
  });

  it('that has moved gets headers for where it is now', async () => {
    const upstream = await start(kind, ({ path }, response) => {
      if (path === '/mcp') response.writeHead(307, { location: '/mcp/' }).end();
      return path === '/mcp';
    });
    const proven: RequestCredential = {
      headers: ({ method, url }) => ({ 'X-Proof': `${method} ${url.pathname}` }),
    };
    const connection = await connect(upstream, { credential: async () => proven });
    await connection.callTool('echo', { text: 'hello' });
    expect(upstream.requests.map(({ headers }) => headers['x-proof'])).toEqual(
      upstream.requests.map(({ method, path }) => `${method} ${path}`),
    );
    expect(upstream.requests.some(({ path }) => path === '/mcp/')).toBe(true);
  });

  it('gets a request once more where the credential says that it wants other headers, and never twice more', async () => {
    const upstream = await start(kind, ({ headers }, response) => {
      const isProven = headers['x-proof'] === 'with-nonce';
      if (!isProven) response.writeHead(401, { 'x-nonce': 'with-nonce' }).end();
      return !isProven;
    });
    let nonce = 'none';
    const proven: RequestCredential = {
      headers: () => ({ 'X-Proof': nonce }),
      wantsOtherHeaders: (_request, { status, headers }) => {
        nonce = headers.get('x-nonce') ?? nonce;
        return status === 401;
      },
    };
    const connection = await connect(upstream, { credential: async () => proven });
    await connection.callTool('echo', { text: 'hello' });
    expect(upstream.requests.filter(({ headers }) => headers['x-proof'] === 'none')).toHaveLength(1);
    expect(upstream.calls).toEqual(['echo']);

    const before = upstream.requests.length;
    const stubborn = { ...proven, headers: () => ({ 'X-Proof': 'wrong' }) };
    await expect(connect(upstream, { credential: async () => stubborn })).rejects.toMatchObject({
      refusal: { status: 401 },
    });
    expect(upstream.requests.length).toBe(before + 2);
  });

  it('reports an unknown tool the way the server puts it', async () => {
    const connection = await connect(await start(kind));
    const outcome = await connection.callTool('no_such_tool', {}).catch((error: unknown) => error);
    if (outcome instanceof BrokerError)
      expect(outcome).toMatchObject({ code: 'upstream_protocol_error', upstreamError: { code: -32_602 } });
    else expect(outcome).toMatchObject({ isError: true });
  });

  it('surfaces a 401 with its raw challenge, from connecting and from a call', async () => {
    let refusing = true;
    const challenge =
      'Bearer realm="x", error_description="resource_metadata=http://169.254.169.254/", resource_metadata="https://a.example/prm"';
    const upstream = await start(kind, (_request, response) => {
      if (refusing) response.writeHead(401, { 'www-authenticate': challenge }).end('no');
      return refusing;
    });
    const refusal = { status: 401, wwwAuthenticate: challenge };
    await expect(connect(upstream)).rejects.toMatchObject({ name: 'RefusedError', refusal });
    refusing = false;
    const connection = await connect(upstream);
    refusing = true;
    const failure = await connection.callTool('echo', { text: 'hello' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({ refusal });
    refusing = false;
    expect(await connection.callTool('echo', { text: 'hello' })).toMatchObject(echoed);
    expect(upstream.calls).toEqual(['echo']);
  });

  it('R15 is called once where it answers 503, which is retryable', async () => {
    let broken = false;
    const upstream = await start(kind, ({ rpcMethod }, response) => {
      const hit = broken && rpcMethod === 'tools/call';
      if (hit) response.writeHead(503, { 'retry-after': '7' }).end();
      return hit;
    });
    const connection = await connect(upstream);
    broken = true;
    const failure = await connection.callTool('write_note', { text: 'once' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'upstream_unreachable', retryable: true, retryAfterSeconds: 7 });
    expect(upstream.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call')).toHaveLength(1);
  });

  it('stops a call that its caller cancels', async () => {
    const upstream = await start(kind);
    const connection = await connect(upstream);
    const caller = new AbortController();
    const call = connection.callTool('slow', { milliseconds: 50_000 }, { signal: caller.signal });
    await expect.poll(() => upstream.calls).toEqual(['slow']);
    caller.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow('changed my mind');
    expect(await connection.callTool('echo', { text: 'hello' })).toMatchObject(echoed);
  });
});

it('R28 a 2025 and a 2026 server are used side by side', async () => {
  const [legacy, modern] = await Promise.all([connect(await start('legacy')), connect(await start('modern-only'))]);
  const results = await Promise.all([
    legacy.callTool('echo', { text: 'hello' }),
    modern.callTool('echo', { text: 'hello' }),
  ]);
  expect(results).toMatchObject([echoed, echoed]);
});

it('R27 a session that the server forgot is begun anew with the same token, and the call runs once', async () => {
  const upstream = await start('legacy');
  const connection = await connect(upstream, {
    credential: async () => ({ headers: () => ({ Authorization: 'Bearer same' }) }),
  });
  expect(await upstream.dropSessions()).toBe(1);
  upstream.requests.length = 0;
  expect(await connection.callTool('write_note', { text: 'x' })).toMatchObject({ content: [{ text: 'noted: x' }] });
  expect(upstream.calls).toEqual(['write_note']);
  const handshake = upstream.requests.find(({ rpcMethod }) => rpcMethod === 'initialize');
  expect(handshake?.headers['mcp-session-id']).toBeUndefined();
  expect(handshake?.headers.authorization).toBe('Bearer same');
});

it('R27 a legacy SSE stream that ended is opened anew by the next call', async () => {
  const upstream = await start('sse');
  const connection = await connect(upstream);
  await upstream.dropSessions();
  await expect.poll(() => connection.callTool('echo', { text: 'hello' }).catch(() => undefined)).toMatchObject(echoed);
});

it('R15 a call whose legacy SSE stream ends fails at once, and is not sent again', async () => {
  const upstream = await start('sse');
  const connection = await connect(upstream);
  const call = connection.callTool('slow', { milliseconds: 50_000 });
  const outcome = expect(call).rejects.toMatchObject({ code: 'upstream_unreachable', retryable: true });
  await expect.poll(() => upstream.calls).toEqual(['slow']);
  await upstream.dropSessions();
  await outcome;
  expect(upstream.requests.filter(({ rpcMethod }) => rpcMethod === 'tools/call')).toHaveLength(1);
});

it('closing ends the session on the server', async () => {
  const upstream = await start('legacy');
  const connection = await connect(upstream);
  await connection.close();
  expect(await upstream.dropSessions()).toBe(0);
  await expect(connection.callTool('echo', { text: 'hello' })).rejects.toMatchObject({ code: 'upstream_unreachable' });
});

it('a remembered legacy server is not asked for its era again', async () => {
  const upstream = await start('legacy');
  await connect(upstream, {}, { priorEra: 'legacy' });
  expect(upstream.requests.map(({ rpcMethod }) => rpcMethod)).not.toContain('server/discover');
});

it('a server remembered as legacy that has become modern is found out', async () => {
  const connection = await connect(await start('modern-only'), {}, { priorEra: 'legacy' });
  expect(connection.era).toBe('modern');
});

it('a legacy server that fails over the question for its era is connected to', async () => {
  const upstream = await start('legacy', ({ rpcMethod }, response) => {
    const puzzled = rpcMethod === 'server/discover';
    if (puzzled) response.writeHead(500).end('TypeError: unknown method');
    return puzzled;
  });
  expect(await connect(upstream)).toMatchObject({ era: 'legacy' });
});

it('a stream that may not be opened does not end the connection', async () => {
  const upstream = await start('legacy', ({ method }, response) => {
    const refused = method === 'GET';
    if (refused) response.writeHead(401).end();
    return refused;
  });
  const connection = await connect(upstream);
  await expect.poll(() => upstream.requests.some(({ method }) => method === 'GET')).toBe(true);
  expect(await connection.callTool('echo', { text: 'hello' })).toMatchObject(echoed);
});

it('a server that is not there is unreachable, and retryable', async () => {
  const upstream = await start('legacy');
  await upstream.close();
  await expect(connect(upstream)).rejects.toMatchObject({ code: 'upstream_unreachable', retryable: true });
});

it('a server that never answers is given up on', async () => {
  const upstream = await start('legacy', () => true);
  await expect(connect(upstream, {}, { timeoutMs: 200 })).rejects.toMatchObject({
    code: 'upstream_unreachable',
    retryable: true,
  });
});
