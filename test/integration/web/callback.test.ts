/** The answer of an authorization server as the browser brings it, and what a hostile page or process sends instead. */
import { describe, expect, it } from 'vitest';
import { listenerOf, servedPort } from './listeners.js';
import { openSocket, send } from './requests.js';
import { createStandInBroker, FORM_TOKEN, LAUNCH_TOKEN, type StandInBroker } from './stand-in-broker.js';

async function served(): Promise<{ readonly standIn: StandInBroker; readonly port: number }> {
  const standIn = createStandInBroker();
  return { standIn, port: await servedPort(listenerOf(standIn)) };
}

const GOOD = '/oauth/callback?code=code-1&state=state-1';

describe('an answer', () => {
  it('reaches the broker with origin, path and query as the browser sent them, and its cookies', async () => {
    const { standIn, port } = await served();
    const path = '/oauth/callback/4f2a?code=a%2Bb+c&state=state-1&iss=https%3A%2F%2Fas.example%2F';
    const answer = await send({
      port,
      path,
      headers: { host: `localhost:${port}`, cookie: 'launch-browser=l1; other=2' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('You are connected to linear');
    expect(standIn.calls.callbacks[0]?.url.href).toBe(`http://localhost:${port}${path}`);
    expect({ ...standIn.calls.callbacks[0]?.cookies }).toEqual({ 'launch-browser': 'l1', other: '2' });
  });

  it.each(['/', '/connect/cb', '/go/cb', '/a/b/c'])(
    'is taken at %s, since a redirect URI of the user has the path it has',
    async (path) => {
      const { port } = await served();
      expect((await send({ port, path: `${path}?state=state-1&code=c` })).status).toBe(200);
    },
  );

  it('may carry the longest code that may be', async () => {
    const { standIn, port } = await served();
    const path = `/oauth/callback?code=${'c'.repeat(16 * 1_024)}&state=state-1`;
    expect((await send({ port, path })).status).toBe(200);
    expect(standIn.calls.callbacks).toHaveLength(1);
  });

  it('of a sign-in that failed says so in words of ours', async () => {
    const { standIn, port } = await served();
    standIn.callback = { kind: 'failed', serverName: 'linear', message: 'The sign-in was refused.' };
    const answer = await send({
      port,
      path: '/oauth/callback?error=access_denied&error_description=pwned&state=state-1',
    });
    expect(answer.body).toContain('Could not connect to linear');
    expect(answer.body).toContain('The sign-in was refused.');
    expect(answer.body).not.toContain('pwned');
  });

  it('that the broker fails on gets a page without the reason', async () => {
    const { standIn, port } = await served();
    standIn.failure = new Error('row 7 of grants: canary-secret');
    const answer = await send({ port, path: GOOD });
    expect(answer.status).toBe(500);
    expect(answer.body).toContain('Something went wrong here');
    expect(answer.body).not.toContain('canary');
  });
});

describe('an answer that belongs to no open sign-in', () => {
  it.each([
    ['T27 has no state', '/oauth/callback?code=stolen'],
    ['T28 has a state of its own', '/oauth/callback?code=stolen&state=guess'],
    ['T36 has two states', '/oauth/callback?code=c&state=state-1&state=state-1'],
  ])('%s: 400, and the sign-in goes on', async (_, path) => {
    const { port } = await served();
    const refused = await send({ port, path });
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('This sign-in is no longer open');
    expect((await send({ port, path: GOOD })).status).toBe(200);
  });

  it('T29 replayed or sent twice at once: one is taken, the others are 400', async () => {
    const { port } = await served();
    const answers = await Promise.all([
      send({ port, path: GOOD }),
      send({ port, path: GOOD }),
      send({ port, path: GOOD }),
    ]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400, 400]);
    expect((await send({ port, path: GOOD })).status).toBe(400);
  });

  it.each(['POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE'])(
    'T28 sent by %s: 405, untouched, and no word for another origin',
    async (method) => {
      const { standIn, port } = await served();
      const answer = await send({
        port,
        path: GOOD,
        method,
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
      });
      expect(answer.status).toBe(405);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(standIn.calls.callbacks).toEqual([]);
    },
  );
});

describe('T37 nothing of the query is shown', () => {
  it.each(['state', 'code', 'error', 'error_description', 'error_uri', 'next', 'serverName'])(
    'not of %s',
    async (name) => {
      const { port } = await served();
      const path = `/oauth/callback?state=nope&${name}=${encodeURIComponent('<svg onload=alert(1)>canary')}`;
      for (const state of ['', '&state=state-1']) {
        const answer = await send({ port, path: path + state });
        expect(answer.body).not.toContain('canary');
        expect(answer.body).not.toContain('onload');
        expect(JSON.stringify(answer.headers)).not.toContain('canary');
      }
    },
  );
});

describe('T44 no redirect goes anywhere the query says', () => {
  it.each([
    'next=https://evil.example',
    'redirect_uri=https://evil.example',
    'state=https://evil.example',
    'continueUrl=https://evil.example',
  ])('%s', async (query) => {
    const { port } = await served();
    for (const path of [
      `/oauth/callback?code=c&${query}`,
      `${GOOD}&${query}`,
      `/?${query}`,
      `/go/nope?${query}`,
      `/connect/nope?${query}`,
    ]) {
      const answer = await send({ port, path });
      expect([path, answer.headers['location'], answer.headers['refresh']]).toEqual([path, undefined, undefined]);
      expect(answer.body).not.toContain('evil.example');
    }
  });
});

describe('T42 a foreign Host', () => {
  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    'localhost',
    '127.0.0.1:1',
    '127.0.0.2:PORT',
    '[::1]:PORT',
    'localhost.:PORT',
    '127.0.0.1:PORT.evil.example',
    'user@127.0.0.1:PORT',
    '0.0.0.0:PORT',
  ])('%s: 403, no state touched', async (host) => {
    const { standIn, port } = await served();
    for (const path of [
      GOOD,
      `/go/${LAUNCH_TOKEN}`,
      `/connect/${FORM_TOKEN}`,
      `/.well-known/mcp-oauth-broker?challenge=${'ab'.repeat(32)}`,
      '/',
    ]) {
      const answer = await send({ port, path, headers: { host: host.replace('PORT', String(port)) } });
      expect([path, answer.status, answer.body]).toEqual([path, 403, 'Forbidden\n']);
    }
    expect(standIn.calls).toEqual({ callbacks: [], launches: [], openings: [], submissions: [] });
  });

  it('in an absolute target: 403', async () => {
    const { standIn, port } = await served();
    expect((await send({ port, path: `http://evil.example${GOOD}` })).status).toBe(403);
    expect(standIn.calls.callbacks).toEqual([]);
  });

  it('twice: 403', async () => {
    const { standIn, port } = await served();
    const socket = await openSocket(port);
    let heard = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(`GET ${GOOD} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\n\r\n`);
    await closed;
    expect(heard).toMatch(/^HTTP\/1\.1 403 /u);
    expect(standIn.calls.callbacks).toEqual([]);
  });
});

describe('every answer', () => {
  it.each([
    GOOD,
    '/oauth/callback?state=x',
    '/',
    `/go/${LAUNCH_TOKEN}`,
    '/go/nope',
    `/connect/${FORM_TOKEN}`,
    '/connect/nope',
    '/.well-known/mcp-oauth-broker',
  ])('to %s is closed to framing, caching, sniffing and other origins', async (path) => {
    const { port } = await served();
    const { headers, body } = await send({ port, path, headers: { origin: 'https://evil.example' } });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none';/u);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).toContain("base-uri 'none'");
    expect(headers['content-security-policy']).not.toMatch(/unsafe|script-src|\*/u);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    // A page with a form lets a browser name its origin, to this origin alone.
    expect(headers['referrer-policy']).toBe(body.includes('<form') ? 'same-origin' : 'no-referrer');
    expect(headers['connection']).toBe('close');
    expect(
      Object.keys(headers).filter(
        (name) => name.startsWith('access-control') || name === 'server' || name === 'x-powered-by',
      ),
    ).toEqual([]);
    expect(body).not.toMatch(/<script|javascript:| style=| on[a-z]+=/iu);
  });
});
