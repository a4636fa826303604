/** Connections through a proxy, and certificates of a company's own authority. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/core/log.js';
import { createNetwork } from '../../../src/core/network.js';
import type { Network } from '../../../src/core/outbound.js';
import { listenOnLoopback } from '../../support/loopback-http.js';

const run = promisify(execFile);
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

interface Proxy {
  readonly url: string;
  /** The CONNECT requests: target and proxy authorization. */
  readonly tunnels: { target: string | undefined; authorization: string | undefined }[];
}

/** A proxy that leads every tunnel to `port`, or refuses it. */
async function startProxy(port: number | undefined): Promise<Proxy> {
  const tunnels: Proxy['tunnels'] = [];
  const server = createHttpServer((_request, response) => void response.writeHead(501).end());
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    tunnels.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
    socket.on('error', () => {});
    if (port === undefined) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const target = connectTcp(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
  return { url: `http://user:p%40ss@127.0.0.1:${await listen(server)}`, tunnels };
}

function network(env: NodeJS.ProcessEnv): Network {
  const resolve = (): never => {
    throw new Error('a name was resolved that the proxy resolves');
  };
  const created = createNetwork({ env, allowedPrivateHosts: async () => [], log: silentLog, resolve });
  cleanups.push(() => created.close());
  return created;
}

const ROOT = new URL('https://public.example/mcp');

describe('behind a proxy', () => {
  it("every leg asks the proxy for the name, with the proxy's own credentials", async () => {
    const proxy = await startProxy(undefined);
    const proxied = network({ HTTPS_PROXY: proxy.url });
    await proxied.checkServerUrl(ROOT.href);
    await expect(
      proxied.guardedFetch(ROOT)('https://as.example/token', { method: 'POST', body: 'x' }),
    ).rejects.toMatchObject({ name: 'NetworkFailure', requestSent: false });
    await expect(proxied.upstreamFetch(ROOT)(ROOT)).rejects.toMatchObject({ name: 'NetworkFailure' });
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(proxy.tunnels).toEqual([
      { target: 'as.example:443', authorization },
      { target: 'public.example:443', authorization },
    ]);
  });

  it('literal addresses are classified all the same', async () => {
    const proxy = await startProxy(undefined);
    const fetch = network({ HTTPS_PROXY: proxy.url }).guardedFetch(ROOT);
    for (const url of [
      'https://10.0.0.1/',
      'https://169.254.169.254/',
      'https://127.0.0.1/',
      'https://metadata.google.internal/',
    ]) {
      await expect(fetch(url)).rejects.toMatchObject({ code: 'url_not_allowed' });
    }
    expect(proxy.tunnels).toEqual([]);
  });

  it('loopback is reached directly', async () => {
    const proxy = await startProxy(undefined);
    const server = await listenOnLoopback((_request, response) => void response.end('{}'));
    cleanups.push(() => server.close());
    const proxied = network({
      HTTPS_PROXY: proxy.url,
      HTTP_PROXY: proxy.url,
      https_proxy: proxy.url,
      http_proxy: proxy.url,
    });
    const root = new URL(server.origin);
    expect((await proxied.guardedFetch(root)(root)).status).toBe(200);
    expect((await proxied.upstreamFetch(root)(root)).status).toBe(200);
    expect(proxy.tunnels).toEqual([]);
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An authority, and a certificate for tls.example that it signed. */
async function makeCertificates(): Promise<{ authorityFile: string; key: string; certificate: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'extra-ca-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:tls.example\n');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test Authority',
    '-days',
    '2',
  );
  await openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=tls.example');
  await openssl(
    'x509',
    '-req',
    '-in',
    'request.pem',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'cert.pem',
    '-extfile',
    'names',
    '-days',
    '2',
  );
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return { authorityFile: join(folder, 'ca.pem'), key: await read('key.pem'), certificate: await read('cert.pem') };
}

describe.skipIf(!hasOpenssl())('NODE_EXTRA_CA_CERTS (needs openssl to make certificates)', () => {
  it('is honoured, directly and through the tunnel of a proxy; without it the connection fails before anything is sent', async () => {
    const { authorityFile, key, certificate } = await makeCertificates();
    const port = await listen(
      createHttpsServer({ key, cert: certificate }, (_request, response) => void response.end('{}')),
    );
    const proxy = await startProxy(port);
    const child = fileURLToPath(new URL('../../support/extra-ca-child.ts', import.meta.url));
    const ask = async (extra: NodeJS.ProcessEnv): Promise<unknown> => {
      const { NODE_EXTRA_CA_CERTS: _own, ...env } = process.env;
      const { stdout } = await run(
        process.execPath,
        ['--import', 'tsx', child, `https://tls.example:${port}/`, proxy.url],
        { env: { ...env, ...extra } },
      );
      return JSON.parse(stdout);
    };
    const [trusted, untrusted] = await Promise.all([ask({ NODE_EXTRA_CA_CERTS: authorityFile }), ask({})]);
    expect(trusted).toEqual(['200', '200', '200', '200']);
    expect(untrusted).toEqual(new Array(4).fill('tls, sent: false'));
    expect(new Set(proxy.tunnels.map(({ target }) => target))).toEqual(new Set([`tls.example:${port}`]));
  });
});
