/** How far a server can lead us, and how much it can send: the guarded fetch on real sockets. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolve } from '../../../src/core/checked-lookup.js';
import { METADATA_MAX_BYTES } from '../../../src/core/limits.js';
import { silentLog } from '../../../src/core/log.js';
import { createNetwork, type NetworkOptions } from '../../../src/core/network.js';
import type { Network } from '../../../src/core/outbound.js';
import { listenOnLoopback } from '../../support/loopback-http.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const resolveTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

function network(options: Partial<NetworkOptions> = {}): Network {
  const created = createNetwork({
    env: {},
    allowedPrivateHosts: async () => [],
    log: silentLog,
    resolve: resolveTo('8.8.8.8'),
    ...options,
  });
  cleanups.push(() => created.close());
  return created;
}

async function listen(listener: RequestListener): Promise<string> {
  const server = await listenOnLoopback(listener);
  cleanups.push(() => server.close());
  return server.origin;
}

/** Counts TCP connections: whoever must not be reached must not even see one. */
async function startCanary(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(() => resolve())));
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

const PUBLIC = new URL('https://public.example/mcp');

describe('a public server', () => {
  it.each([
    ['T01', 'https://169.254.169.254/latest/meta-data'],
    ['T01', 'http://169.254.169.254/latest/meta-data'],
    ['T02', 'https://10.0.0.1/'],
    ['T02', 'https://192.168.0.1/'],
    ['T02', 'https://[fd00::1]/'],
    ['T06', 'https://0x7f.1:PORT/'],
    ['T06', 'https://[::ffff:7f00:1]:PORT/'],
    ['T06', 'https://[64:ff9b::7f00:1]:PORT/'],
    ['T06', 'https://localhost.:PORT/'],
    ['T06', 'https://0:PORT/'],
  ])('%s does not lead to %s', async (_case, url) => {
    const canary = await startCanary();
    const fetching = network().guardedFetch(PUBLIC)(url.replace('PORT', String(canary.port)));
    await expect(fetching).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect(canary.connections()).toBe(0);
  });

  it('T03 does not have anything posted to loopback', async () => {
    const canary = await startCanary();
    const posting = network().guardedFetch(PUBLIC)(`http://127.0.0.1:${canary.port}/token`, {
      method: 'POST',
      body: 'refresh_token=x',
    });
    await expect(posting).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect(canary.connections()).toBe(0);
  });

  it('T05 whose name now resolves to another address is not connected to', async () => {
    const canary = await startCanary();
    const answers = ['8.8.8.8', '127.0.0.1'];
    const rebinding = network({ resolve: async () => [{ address: answers.shift() ?? '127.0.0.1', family: 4 }] });
    const url = await rebinding.checkServerUrl(`https://rebind.example:${canary.port}/mcp`);
    await expect(rebinding.guardedFetch(url)(url)).rejects.toMatchObject({ code: 'url_not_allowed' });
    await expect(rebinding.upstreamFetch(url)(url)).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect(canary.connections()).toBe(0);
  });

  it('T05 is connected to on its allowed addresses only', async () => {
    const canary = await startCanary();
    const mixed = network({ resolve: resolveTo('127.0.0.1', '240.0.0.1', '10.0.0.1') });
    await expect(mixed.guardedFetch(PUBLIC)(`https://mixed.example:${canary.port}/`)).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
    expect(canary.connections()).toBe(0);
  });

  it('T12 is asked over https only', async () => {
    await expect(network().guardedFetch(PUBLIC)('http://public.example/token')).rejects.toMatchObject({
      code: 'insecure_url',
    });
  });
});

describe('a private server', () => {
  it("is not allowed unless the user's file names its host", async () => {
    const canary = await startCanary();
    const root = new URL(`https://intranet.example:${canary.port}/mcp`);
    const resolve = resolveTo('127.0.0.1');
    await expect(network({ resolve }).checkServerUrl(root.href)).rejects.toMatchObject({ code: 'url_not_allowed' });
    await expect(network({ resolve }).guardedFetch(root)(root)).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect(canary.connections()).toBe(0);
    const allowing = network({ resolve, allowedPrivateHosts: async () => ['Intranet.example'] });
    expect((await allowing.checkServerUrl(root.href)).href).toBe(root.href);
    await expect(allowing.guardedFetch(root)(root)).rejects.toMatchObject({ name: 'NetworkFailure' });
    expect(canary.connections()).toBe(1);
  });

  it('leads to listed hosts only', async () => {
    const canary = await startCanary();
    const root = new URL('https://intranet.example/mcp');
    const allowing = network({ resolve: resolveTo('10.0.0.1'), allowedPrivateHosts: async () => ['intranet.example'] });
    await expect(allowing.guardedFetch(root)(`https://other.example:${canary.port}/`)).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
    await expect(allowing.guardedFetch(root)(`http://127.0.0.1:${canary.port}/`)).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
  });
});

describe('T04 redirects of metadata', () => {
  async function startHops(hops: number): Promise<string> {
    return listen((request, response) => {
      const hop = Number(request.url?.slice(1));
      if (hop < hops) response.writeHead(302, { location: `/${hop + 1}` }).end();
      else response.end(JSON.stringify({ hop }));
    });
  }

  it('are followed three times', async () => {
    const origin = await startHops(3);
    const answer = await network().guardedFetch(new URL(origin))(`${origin}/0`, { redirects: 'follow' });
    expect(answer).toMatchObject({ status: 200, url: `${origin}/3` });
  });

  it('are not followed a fourth time', async () => {
    const origin = await startHops(9);
    expect(await network().guardedFetch(new URL(origin))(`${origin}/0`, { redirects: 'follow' })).toMatchObject({
      status: 302,
      url: `${origin}/3`,
    });
  });

  it('are not followed unless asked for, nor by a POST', async () => {
    const origin = await startHops(1);
    const fetch = network().guardedFetch(new URL(origin));
    expect(await fetch(`${origin}/0`)).toMatchObject({ status: 302 });
    expect(await fetch(`${origin}/0`, { method: 'POST', body: 'secret', redirects: 'follow' })).toMatchObject({
      status: 302,
    });
  });

  it('are checked at each hop', async () => {
    const origin = await listen(
      (_request, response) => void response.writeHead(302, { location: 'https://10.0.0.1/' }).end(),
    );
    await expect(network().guardedFetch(new URL(origin))(origin, { redirects: 'follow' })).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
  });

  it('carry no credential to another origin', async () => {
    let seen: IncomingMessage['headers'] | undefined;
    const other = await listen((request, response) => {
      seen = request.headers;
      response.end('{}');
    });
    const origin = await listen((_request, response) => void response.writeHead(302, { location: other }).end());
    const headers = { Authorization: 'Bearer a', 'X-API-Key': 'b', Cookie: 'c', Accept: 'application/json' };
    await network().guardedFetch(new URL(origin))(origin, { redirects: 'follow', headers });
    expect(seen).toMatchObject({ accept: 'application/json' });
    expect(seen).not.toHaveProperty('authorization');
    expect(seen).not.toHaveProperty('x-api-key');
    expect(seen).not.toHaveProperty('cookie');
  });
});

describe('T85 the size of an answer', () => {
  async function fetchBody(encoding: string | undefined, body: Buffer): Promise<number> {
    const origin = await listen(
      (_request, response) =>
        void response.writeHead(200, encoding === undefined ? {} : { 'content-encoding': encoding }).end(body),
    );
    return (await network().guardedFetch(new URL(origin))(origin)).body.byteLength;
  }

  it('is bounded', async () => {
    expect(await fetchBody(undefined, Buffer.alloc(METADATA_MAX_BYTES, 0x61))).toBe(METADATA_MAX_BYTES);
    await expect(fetchBody(undefined, Buffer.alloc(METADATA_MAX_BYTES + 1, 0x61))).rejects.toMatchObject({
      kind: 'too_large',
    });
  });

  it('is bounded after decoding', async () => {
    expect(await fetchBody('gzip', gzipSync('{"a":1}'))).toBe(7);
    await expect(fetchBody('gzip', gzipSync(Buffer.alloc(64 * 1_048_576)))).rejects.toMatchObject({
      kind: 'too_large',
    });
  });

  it('stacked, unknown and broken encodings are refused', async () => {
    const twice = gzipSync(gzipSync('{"a":1}'));
    await expect(fetchBody('gzip, gzip', twice)).rejects.toMatchObject({ name: 'NetworkFailure' });
    await expect(fetchBody(new Array(1_000).fill('gzip').join(','), twice)).rejects.toMatchObject({
      name: 'NetworkFailure',
    });
    await expect(fetchBody('zstd', twice)).rejects.toMatchObject({ name: 'NetworkFailure' });
    await expect(fetchBody('gzip', Buffer.from('{"a":1}'))).rejects.toMatchObject({ name: 'NetworkFailure' });
  });

  it('asks for no compression', async () => {
    let asked: string | undefined;
    const origin = await listen((request, response) => {
      asked = request.headers['accept-encoding'];
      response.end('{}');
    });
    await network().guardedFetch(new URL(origin))(origin, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(asked).toBe('identity');
  });
});

describe('a failure says whether the request went out', () => {
  const failing = async (
    listener: (request: IncomingMessage, response: ServerResponse) => void,
    request = {},
  ): Promise<unknown> => {
    const origin = await listen(listener);
    return network()
      .guardedFetch(new URL(origin))(origin, request)
      .catch((error: unknown) => error);
  };

  it('not: nothing listens', async () => {
    const canary = await startCanary();
    await cleanups.pop()?.();
    const url = new URL(`http://127.0.0.1:${canary.port}/`);
    await expect(network().guardedFetch(url)(url)).rejects.toMatchObject({ kind: 'connect', requestSent: false });
  });

  it('not: the name is unknown', async () => {
    const unknown: Resolve = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    };
    await expect(network({ resolve: unknown }).guardedFetch(PUBLIC)(PUBLIC)).rejects.toMatchObject({
      kind: 'dns',
      requestSent: false,
    });
  });

  it('not: no TLS', async () => {
    const origin = await listen((_request, response) => void response.end());
    const url = new URL(origin.replace('http:', 'https:'));
    await expect(network().guardedFetch(url)(url)).rejects.toMatchObject({ kind: 'tls', requestSent: false });
  });

  it('yes: reset', async () => {
    expect(await failing((request) => void request.socket.destroy())).toMatchObject({
      kind: 'reset',
      requestSent: true,
    });
  });

  it('yes: no answer in time', async () => {
    expect(await failing(() => {}, { timeoutMs: 150 })).toMatchObject({ kind: 'timeout', requestSent: true });
  });

  it('yes: the answer drips past the time allowed', async () => {
    const dripping = failing(
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 200 },
    );
    expect(await dripping).toMatchObject({ kind: 'timeout', requestSent: true });
  });

  it('yes: R17 the answer ends early', async () => {
    const cut = failing((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"access_token":', () => response.destroy());
    });
    expect(await cut).toMatchObject({ kind: 'truncated', requestSent: true });
  });

  it('the caller cancelled', async () => {
    const caller = new AbortController();
    const cancelled = failing(() => caller.abort(), { signal: caller.signal });
    expect(await cancelled).toMatchObject({ kind: 'aborted', requestSent: true });
  });
});

describe('T07 T17 the URL of a server', () => {
  it.each([
    'file:///etc/passwd',
    'vscode://x',
    'javascript:alert(1)',
    'ftp://a.example/',
    'https://good.example@evil.example/',
    'https://:p@a.example/',
    'https://a\t.example/',
    'https://a.example/\n',
    'https://a.example/#x',
    'https://a.example/#',
    'not a url',
    '',
    'https://www.$(calc.exe).com/',
    'https://a`b`.example/',
    "https://a'b.example/",
    'https://a&b.example/',
    'https://-rf.example/',
    'https://10.0.0.1/',
    'https://169.254.169.254/',
    'https://[fe80::1]/',
  ])('is not %j', async (url) => {
    await expect(network().checkServerUrl(url)).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it('is not plain http, except on loopback', async () => {
    await expect(network().checkServerUrl('http://a.example/')).rejects.toMatchObject({ code: 'insecure_url' });
    expect((await network().checkServerUrl('http://localhost.:1/mcp')).href).toBe('http://localhost.:1/mcp');
  });

  it('is checked on what its name resolves to, but may be unresolvable for now', async () => {
    await expect(
      network({ resolve: resolveTo('10.0.0.1') }).checkServerUrl('https://a.example/'),
    ).rejects.toMatchObject({ code: 'url_not_allowed' });
    const unknown = network({ resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })) });
    expect((await unknown.checkServerUrl('https://my_host.example/mcp?x=1')).hostname).toBe('my_host.example');
  });
});

describe('T16 T18 a URL for the browser', () => {
  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///x',
    'myapp://x',
    'https://u@a.example/',
    'https://10.0.0.1/authorize',
    'https://127.0.0.1/authorize',
    'https://localhost/authorize',
  ])('of a public server is not %s', async (url) => {
    await expect(network().checkBrowserUrl(url, PUBLIC)).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it('of a public server is no name of an internal host', async () => {
    await expect(
      network({ resolve: resolveTo('192.168.0.1') }).checkBrowserUrl('https://router.example/', PUBLIC),
    ).rejects.toMatchObject({ code: 'url_not_allowed' });
    await expect(network().checkBrowserUrl('http://a.example/authorize', PUBLIC)).rejects.toMatchObject({
      code: 'insecure_url',
    });
  });

  it('may be public https, and loopback for a server on loopback', async () => {
    expect((await network().checkBrowserUrl('https://as.example/authorize?x=1', PUBLIC)).host).toBe('as.example');
    expect(
      (await network().checkBrowserUrl('http://127.0.0.1:9/authorize', new URL('http://localhost:8/mcp'))).port,
    ).toBe('9');
  });
});

describe('the fetch of a transport', () => {
  it("T46 goes to the server's own origin only", async () => {
    const canary = await startCanary();
    const origin = await listen((_request, response) => void response.end('{}'));
    const fetch = network().upstreamFetch(new URL('/mcp', origin));
    await expect(fetch(`http://127.0.0.1:${canary.port}/mcp`)).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect((await fetch(`${origin}/other`)).status).toBe(200);
    expect(canary.connections()).toBe(0);
  });

  it('reuses its connections', async () => {
    const ports = new Set<number | undefined>();
    const origin = await listen((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    const fetch = network().upstreamFetch(new URL(origin));
    for (let count = 0; count < 10; count += 1) await (await fetch(origin, { method: 'POST', body: '{}' })).text();
    // A second one may be opened while the first is still being given back.
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});
