/** Answers as a transport gets them: streamed, decoded, and failing where the server does. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { NetworkFailure } from '../../../src/core/outbound.js';
import { directNetwork } from '../../support/upstream-target.js';

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => new Promise((resolve) => server.close(resolve)));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
}

async function fetchFrom(listener: RequestListener, init?: RequestInit): Promise<Response> {
  const server = createServer(listener);
  const url = await listen(server);
  const network = directNetwork();
  opened.push(async () => server.closeAllConnections());
  opened.push(() => network.close());
  return network.upstreamFetch(url)(url, init);
}

/** Answers with these bytes, whatever is asked. */
async function fetchRaw(answer: string | Buffer): Promise<Response> {
  const url = await listen(
    createTcpServer((socket) => socket.on('data', () => socket.end(answer)).on('error', () => {})),
  );
  const network = directNetwork();
  opened.push(() => network.close());
  return network.upstreamFetch(url)(url);
}

const TEXT = 'déjà vu '.repeat(5_000);

describe('an answer', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
  ])('in %s is decoded, and was asked for', async (encoding, bytes) => {
    let accepted: string | undefined;
    const response = await fetchFrom((request, answer) => {
      accepted = request.headers['accept-encoding'];
      answer.writeHead(200, { 'content-encoding': encoding }).end(bytes);
    });
    expect(await response.text()).toBe(TEXT);
    expect(accepted).toContain(encoding);
  });

  it('is read as it comes, compressed or not', async () => {
    let finish: () => void = () => {};
    const response = await fetchFrom((_request, answer) => {
      const gzip = createGzip();
      answer.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      gzip.pipe(answer);
      gzip.write('data: first\n\n');
      gzip.flush();
      finish = () => gzip.end('data: second\n\n');
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('data: first\n\n');
    finish();
    expect((await reader?.read())?.value).toBe('data: second\n\n');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('keeps status, headers and every value of a repeated header', async () => {
    const response = await fetchFrom((_request, answer) => {
      answer.writeHead(403, { 'www-authenticate': ['Bearer a="1"', 'Basic'] }).end();
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe('Bearer a="1", Basic');
  });

  it.each([202, 204, 304])('of status %i without a body has none', async (status) => {
    const response = await fetchFrom((_request, answer) => void answer.writeHead(status).end());
    expect([response.status, await response.text()]).toEqual([status, '']);
  });

  it('whose header holds bytes that are no ASCII is an answer all the same', async () => {
    const response = await fetchRaw(
      Buffer.from('HTTP/1.1 200 OK\r\nX-Name: Žluť\r\nContent-Length: 2\r\n\r\n{}', 'utf8'),
    );
    expect(await response.text()).toBe('{}');
  });

  it.each([
    ['a status that HTTP does not have', 'HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['stacked encodings', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx'],
    ['an unknown encoding', 'HTTP/1.1 200 OK\r\nContent-Encoding: zzz\r\nContent-Length: 1\r\n\r\nx'],
    ['no HTTP at all', 'hello\r\n\r\n'],
  ])('with %s is a network failure', async (_what, answer) => {
    await expect(fetchRaw(answer)).rejects.toBeInstanceOf(NetworkFailure);
  });

  it.each([
    ['ends early', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'],
    ['is no gzip', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain'],
  ])('whose body %s fails its reader', async (_what, answer) => {
    const response = await fetchRaw(answer);
    await expect(response.text()).rejects.toThrow();
  });
});

describe('a request', () => {
  it('carries method, headers and text, and says who asks', async () => {
    const seen: unknown[] = [];
    const init = { method: 'POST', body: 'hé', headers: new Headers({ accept: 'text/event-stream' }) };
    await fetchFrom((request, answer) => {
      const { method, headers } = request;
      request.setEncoding('utf8').on('data', (body) => seen.push(method, headers.accept, headers['user-agent'], body));
      request.on('end', () => answer.end());
    }, init);
    expect(seen).toEqual(['POST', 'text/event-stream', 'mcp-oauth-broker', 'hé']);
  });

  it('that is cancelled fails with the reason, before the answer and while it comes', async () => {
    const reason = new Error('enough');
    const early = new AbortController();
    const pending = fetchFrom(() => early.abort(reason), { signal: early.signal });
    await expect(pending).rejects.toBe(reason);
    const late = new AbortController();
    const response = await fetchFrom((_request, answer) => void answer.writeHead(200).write('x'), {
      signal: late.signal,
    });
    late.abort(reason);
    await expect(response.text()).rejects.toThrow();
  });

  it('can be one of many that end by one signal, without a warning on standard error', async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.name);
    process.on('warning', note);
    opened.push(async () => process.off('warning', note));
    const all = new AbortController();
    const arrived = deferred();
    let count = 0;
    const url = await listen(
      createServer(() => {
        count += 1;
        if (count === 20) arrived.resolve(undefined);
      }),
    );
    const network = directNetwork();
    opened.push(() => network.close());
    const requests = Array.from({ length: 20 }, () => network.upstreamFetch(url)(url, { signal: all.signal }));
    const ended = Promise.allSettled(requests);
    await arrived.promise;
    all.abort(new Error('enough'));
    expect((await ended).map(({ status }) => status)).toEqual(requests.map(() => 'rejected'));
    expect(warnings).toEqual([]);
  });

  it('lets go of the connection when its answer is not wanted', async () => {
    const closed = deferred();
    const response = await fetchFrom((_request, answer) => {
      answer.on('close', () => closed.resolve('closed'));
      answer.writeHead(200).write('x');
    });
    await response.body?.cancel();
    expect(await closed.promise).toBe('closed');
  });
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
