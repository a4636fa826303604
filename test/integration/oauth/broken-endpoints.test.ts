/** Authorization servers that fail, lead astray or hang up, over real sockets: nothing leaks, nothing is lost by mistake. */
import type { RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { discover, refreshTokens, registerClient, revokeTokens } from '../../../src/oauth/index.js';
import { listenOnLoopback } from '../../support/loopback-http.js';
import { loopbackNetwork } from '../../support/loopback-network.js';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = await listenOnLoopback(listener);
  closing.push(() => server.close());
  return server.origin;
}

/** A server that answers every connection with these bytes once a request has come, then hangs up. */
async function listenRaw(respond: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => respond(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

function fetchFor(origin: string) {
  const network = loopbackNetwork(origin);
  closing.push(() => network.close());
  return network.fetch;
}

const client = {
  clientId: 'client-1',
  clientSecret: 'canary-client-secret',
  tokenEndpointAuthMethod: 'client_secret_post' as const,
};

function refresh(origin: string) {
  const authorizationServer = { issuer: origin, tokenEndpoint: `${origin}/token` };
  return refreshTokens({
    authorizationServer,
    client,
    refreshToken: 'canary-refresh-token',
    resource: null,
    fetch: fetchFor(origin),
  });
}

describe('token endpoint', () => {
  it.each([301, 302, 303, 307, 308])('T45 a redirect by %i to another origin takes no secret there', async (status) => {
    let received = 0;
    const elsewhere = await listen((_request, response) => {
      received += 1;
      response.end();
    });
    const origin = await listen((_request, response) =>
      response.writeHead(status, { location: `${elsewhere}/token` }).end(),
    );
    expect((await refresh(origin)).kind).toBe('malformed');
    const fetch = fetchFor(origin);
    const revocation = {
      authorizationServer: { issuer: origin, tokenEndpoint: `${origin}/token`, revocationEndpoint: `${origin}/revoke` },
      client,
      refreshToken: 'canary-refresh-token',
      fetch,
    };
    expect(await revokeTokens(revocation)).toBe('failed');
    expect(received).toBe(0);
  });

  it('R17 an answer that ends in the middle leaves the outcome unknown', async () => {
    const origin = await listenRaw((socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"access_token":"canary',
      );
    });
    const outcome = await refresh(origin);
    expect(outcome.kind).toBe('unknown');
    expect(JSON.stringify(outcome)).not.toContain('canary');
  });

  it('R17 a chunked answer that ends in the middle leaves the outcome unknown', async () => {
    const origin = await listenRaw((socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{"access_token":"\r\n',
      );
    });
    expect((await refresh(origin)).kind).toBe('unknown');
  });

  it('R08 a connection reset after the request leaves the outcome unknown', async () => {
    const origin = await listenRaw((socket) => socket.resetAndDestroy());
    expect((await refresh(origin)).kind).toBe('unknown');
  });

  it('R08 a refused connection leaves the token as it was', async () => {
    const server = await listenOnLoopback(() => {});
    await server.close();
    expect((await refresh(server.origin)).kind).toBe('unavailable');
  });

  it('R16 a caller that gives up after the request was sent leaves the outcome unknown', async () => {
    const caller = new AbortController();
    const origin = await listen(() => caller.abort());
    const authorizationServer = { issuer: origin, tokenEndpoint: `${origin}/token` };
    const request = {
      authorizationServer,
      client,
      refreshToken: 'rt',
      resource: null,
      fetch: fetchFor(origin),
      signal: caller.signal,
    };
    expect((await refreshTokens(request)).kind).toBe('unknown');
  });

  it('R09 waits as long as the server says, within reason', async () => {
    const origin = await listen((_request, response) => response.writeHead(429, { 'retry-after': '100000' }).end());
    expect(await refresh(origin)).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 300 });
  });

  it('T48 a token with a separator that a header cannot carry is refused', async () => {
    const origin = await listen((_request, response) =>
      response.end(JSON.stringify({ access_token: 'canary\u2028', token_type: 'Bearer' })),
    );
    const outcome = await refresh(origin);
    expect(outcome.kind).toBe('malformed');
    expect(JSON.stringify(outcome)).not.toContain('canary');
  });
});

describe('discovery', () => {
  it('T09 T10 over sockets: no request follows a foreign resource or issuer', async () => {
    const paths: string[] = [];
    let document: Readonly<Record<string, unknown>> = {};
    const origin = await listen((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      const isMetadata = request.url?.startsWith('/.well-known/oauth-') === true;
      response.writeHead(isMetadata ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    });
    const serverUrl = new URL(`${origin}/mcp`);
    document = { resource: 'https://victim.example/mcp', authorization_servers: [origin] };
    await expect(discover({ serverUrl, fetch: fetchFor(origin) })).rejects.toMatchObject({ code: 'resource_mismatch' });
    expect(paths).toEqual(['GET /.well-known/oauth-protected-resource/mcp']);
    document = {
      issuer: 'https://attacker.example',
      resource: serverUrl.href,
      authorization_servers: [origin],
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
    };
    await expect(discover({ serverUrl, fetch: fetchFor(origin) })).rejects.toMatchObject({ code: 'issuer_mismatch' });
    expect(paths.every((path) => path.startsWith('GET /.well-known/'))).toBe(true);
  });

  it('T85 T86 metadata without bounds is no metadata', async () => {
    const origin = await listen((request, response) => {
      const isResource = request.url?.includes('protected-resource') === true;
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(isResource ? `{"resource":"${'x'.repeat(300 * 1_024)}"}` : '['.repeat(9_000));
    });
    expect(await discover({ serverUrl: new URL(`${origin}/mcp`), fetch: fetchFor(origin) })).toMatchObject({
      authorizationServer: { source: 'default_endpoints' },
    });
  });

  it('a metadata document that has moved is followed', async () => {
    const origin = await listen((request, response) => {
      if (request.url === '/moved')
        return void response.end(
          JSON.stringify({ issuer: origin, authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/t` }),
        );
      if (request.url === '/.well-known/oauth-authorization-server')
        return void response.writeHead(302, { location: '/moved' }).end();
      response.writeHead(404).end();
    });
    expect(await discover({ serverUrl: new URL(`${origin}/mcp`), fetch: fetchFor(origin) })).toMatchObject({
      authorizationServer: { source: 'metadata', tokenEndpoint: `${origin}/t` },
    });
  });
});

describe('registration endpoint', () => {
  it('a redirect is not followed', async () => {
    let received = 0;
    const elsewhere = await listen((_request, response) => {
      received += 1;
      response.end();
    });
    const origin = await listen((_request, response) => response.writeHead(307, { location: elsewhere }).end());
    const authorizationServer = { issuer: origin, registrationEndpoint: `${origin}/register` };
    const registration = registerClient({
      authorizationServer,
      redirectUri: 'http://127.0.0.1/oauth/callback',
      clientName: 'test',
      fetch: fetchFor(origin),
    });
    expect(await registration).toMatchObject({ kind: 'rejected' });
    expect(received).toBe(0);
  });

  it('one that hangs up is retryable', async () => {
    const origin = await listenRaw((socket) => socket.destroy());
    const authorizationServer = { issuer: origin, registrationEndpoint: `${origin}/register` };
    const registration = registerClient({
      authorizationServer,
      redirectUri: 'http://127.0.0.1/oauth/callback',
      clientName: 'test',
      fetch: fetchFor(origin),
    });
    await expect(registration).rejects.toMatchObject({ code: 'discovery_failed', retryable: true });
  });
});
