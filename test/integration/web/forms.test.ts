/** The local forms and the launch page: who may open and send them, and what a hostile page or name can do to them. */
import { describe, expect, it } from 'vitest';
import { listenerOf, servedPort } from './listeners.js';
import { type Answer, send } from './requests.js';
import {
  AUTHORIZATION_URL,
  createStandInBroker,
  FORM_TOKEN,
  LAUNCH_TOKEN,
  RELAY_TOKEN,
  type StandInBroker,
} from './stand-in-broker.js';

const FORM = `/connect/${FORM_TOKEN}`;

interface Served {
  readonly standIn: StandInBroker;
  readonly port: number;
  /** A redirect is followed. */
  post(overrides?: { headers?: Record<string, string>; body?: string; path?: string }): Promise<Answer>;
}

/** A listener whose form has been opened in "our" browser; `post` sends it as that browser would. */
async function served(): Promise<Served> {
  const standIn = createStandInBroker();
  const port = await servedPort(listenerOf(standIn));
  return {
    standIn,
    port,
    post: async ({ headers = {}, body = 'csrf=csrf-of-this-form&clientId=c1', path = FORM } = {}) => {
      const own = {
        origin: `http://127.0.0.1:${port}`,
        cookie: 'form-browser=b1',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      };
      // An empty header stands for one that is not sent.
      const sent = await send({
        port,
        path,
        method: 'POST',
        body,
        headers: Object.fromEntries(Object.entries(own).filter(([, value]) => value !== '')),
      });
      if (sent.status !== 303) return sent;
      return send({ port, path: sent.headers.location ?? '', headers: { cookie: own.cookie } });
    },
  };
}

describe('opening a form', () => {
  it('binds it to the browser by a cookie that scripts and other sites never get, without a redirect', async () => {
    const { port } = await served();
    const answer = await send({
      port,
      path: FORM,
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toEqual([
      `form-browser=b1; Max-Age=600; Path=${FORM}; HttpOnly; SameSite=Strict`,
    ]);
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/u,
    );
  });

  it('T84 in another browser is 401, and a made-up token is 404', async () => {
    const { port } = await served();
    await send({ port, path: FORM });
    const other = await send({ port, path: FORM });
    expect(other.status).toBe(401);
    expect(other.body).not.toContain('<form');
    expect((await send({ port, path: FORM, headers: { cookie: 'form-browser=b1' } })).status).toBe(200);
    expect((await send({ port, path: '/connect/made-up' })).status).toBe(404);
  });

  it.each([
    ['HEAD', 405, {}],
    ['GET', 503, { 'sec-purpose': 'prefetch;prerender' }],
    ['GET', 503, { purpose: 'prefetch' }],
    ['GET', 503, { 'x-moz': 'prefetch' }],
    ['GET', 403, { 'sec-fetch-dest': 'image' }],
    ['GET', 403, { 'sec-fetch-dest': 'iframe' }],
    ['GET', 403, { 'sec-fetch-dest': 'empty' }],
  ])('by %s that is no visit is %i, and uses nothing up', async (method, status, headers: Record<string, string>) => {
    const { standIn, port } = await served();
    for (const path of [FORM, `/go/${LAUNCH_TOKEN}`])
      expect((await send({ port, path, method, headers })).status).toBe(status);
    expect(standIn.calls.openings).toEqual([]);
    expect(standIn.calls.launches).toEqual([]);
  });
});

describe('sending a form', () => {
  it.each([
    ['is taken', FORM, undefined, 200, 'Saved for linear'],
    ['is over', '/connect/made-up', undefined, 404, 'There is nothing here'],
    ['fails', FORM, new Error('a failure of ours'), 500, 'Something went wrong here'],
  ])(
    'that %s is answered by another page at the same address, so that no browser keeps what was sent',
    async (_, path, failure, status, words) => {
      const { standIn, port, post } = await served();
      standIn.failure = failure;
      const headers = {
        origin: `http://127.0.0.1:${port}`,
        cookie: 'form-browser=b1',
        'content-type': 'application/x-www-form-urlencoded',
      };
      const sent = await send({ port, path, method: 'POST', body: 'csrf=csrf-of-this-form&clientId=c1', headers });
      expect([sent.status, sent.headers.location, sent.body]).toEqual([303, path, '']);
      const shown = await post({ path });
      expect(shown.status).toBe(status);
      expect(shown.body).toContain(words);
    },
  );

  it('from our own page saves it', async () => {
    const { standIn, post } = await served();
    const answer = await post({ body: 'csrf=csrf-of-this-form&clientId=c%201&clientSecret=s%2B1&scope=' });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('Saved for linear');
    expect({ ...standIn.calls.submissions[0] }).toEqual({
      csrf: 'csrf-of-this-form',
      clientId: 'c 1',
      clientSecret: 's+1',
      scope: '',
    });
  });

  it('leads on by a link, since a redirect after a form could not leave this origin', async () => {
    const { standIn, post } = await served();
    standIn.submitted = { kind: 'done', serverName: 'linear', continueUrl: `${AUTHORIZATION_URL}&x="y"` };
    const answer = await post();
    expect(answer.status).toBe(200);
    expect(answer.headers['location']).toBeUndefined();
    expect(answer.body).toContain(`href="${AUTHORIZATION_URL.replaceAll('&', '&amp;')}&amp;x=&quot;y&quot;"`);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'vscode:x'])(
    'never leads on to %s',
    async (continueUrl) => {
      const { standIn, post } = await served();
      standIn.submitted = { kind: 'done', serverName: 'linear', continueUrl };
      const answer = await post();
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain(continueUrl);
    },
  );

  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['the same port by another name', { origin: 'http://localhost:PORT' }],
    ['an opaque origin', { origin: 'null' }],
    ['another site whose browser names no origin', { origin: '', 'sec-fetch-site': 'cross-site' }],
    ['a program without origin and cookie', { origin: '', cookie: '' }],
  ])('T82 from %s is 403 and reaches nothing', async (_, headers: Record<string, string>) => {
    const { standIn, port, post } = await served();
    const origin = headers['origin']?.replace('PORT', String(port));
    expect((await post({ headers: origin === undefined ? headers : { ...headers, origin } })).status).toBe(403);
    expect(standIn.calls.submissions).toEqual([]);
  });

  it.each([
    ['without the CSRF token', 'clientId=c1', 403, 0],
    ['with an empty CSRF token', 'csrf=&clientId=c1', 403, 0],
    ['with a wrong CSRF token', 'csrf=guess&clientId=c1', 403, 1],
  ])('T82 %s is 403', async (_, body, status, submissions) => {
    const { standIn, post } = await served();
    expect((await post({ body })).status).toBe(status);
    expect(standIn.calls.submissions).toHaveLength(submissions);
  });

  it('T82 with the cookie of another browser is 401', async () => {
    const { post } = await served();
    expect((await post({ headers: { cookie: 'form-browser=guess' } })).status).toBe(401);
  });

  it.each([
    ['as JSON', { 'content-type': 'application/json' }, '{"csrf":"csrf-of-this-form"}', 415],
    ['as plain text, which needs no preflight', { 'content-type': 'text/plain' }, 'csrf=csrf-of-this-form', 415],
    ['without a type', { 'content-type': '' }, 'csrf=csrf-of-this-form', 415],
    ['longer than 64 KiB', {}, `csrf=csrf-of-this-form&clientId=${'x'.repeat(64 * 1024)}`, 413],
    [
      'longer than 64 KiB in chunks',
      { 'transfer-encoding': 'chunked' },
      `csrf=csrf-of-this-form&clientId=${'x'.repeat(64 * 1024)}`,
      413,
    ],
    ['with a field twice', {}, 'csrf=csrf-of-this-form&clientId=a&clientId=b', 400],
    [
      'with too many fields',
      {},
      `csrf=csrf-of-this-form&${Array.from({ length: 16 }, (_, index) => `f${index}=1`).join('&')}`,
      400,
    ],
  ])('%s is refused', async (_, headers: Record<string, string>, body, status) => {
    const { standIn, post } = await served();
    expect((await post({ headers, body })).status).toBe(status);
    expect(standIn.calls.submissions).toEqual([]);
  });

  it('with a mistake shows it again, with the mistake named at its field and no secret filled in', async () => {
    const { standIn, post } = await served();
    standIn.form = { problem: 'Enter the client ID.', problemField: 'clientId', suggestedClientId: 'typed-before' };
    standIn.submitted = { kind: 'show', view: standIn.view() };
    const answer = await post({ body: 'csrf=csrf-of-this-form&clientSecret=canary-secret' });
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('<a href="#clientId">Enter the client ID.</a>');
    expect(answer.body).toMatch(
      /id="clientId" name="clientId" value="typed-before"[^>]* aria-describedby="clientId-problem" aria-invalid="true"/u,
    );
    expect(answer.body).not.toContain('canary-secret');
  });
});

describe('T83 names and texts of strangers', () => {
  const HOSTILE = `"><img src=x onerror=alert(1)>'</title><script>alert(1)</script>\u202egnp`;

  it.each([
    ['client', {}],
    ['key', { form: 'key', keyLabel: HOSTILE }],
    ['manual', { form: 'manual' }],
  ] as const)('stay text in the %s form', async (_, form) => {
    const { standIn, port } = await served();
    standIn.serverName = HOSTILE;
    standIn.form = {
      ...form,
      issuer: HOSTILE,
      serverUrl: HOSTILE,
      consoleUrl: `javascript:alert(1)//${HOSTILE}`,
      redirectUri: HOSTILE,
      suggestedScope: HOSTILE,
      suggestedClientId: HOSTILE,
      problem: HOSTILE,
      problemField: HOSTILE,
    };
    const { body } = await send({ port, path: FORM });
    expectInert(body);
  });

  it('stay text on the pages of a sign-in', async () => {
    const { standIn, port } = await served();
    standIn.serverName = HOSTILE;
    expectInert((await send({ port, path: `/go/${RELAY_TOKEN}` })).body);
    standIn.callback = { kind: 'failed', serverName: HOSTILE, message: HOSTILE };
    expectInert((await send({ port, path: '/cb?state=state-1' })).body);
  });

  function expectInert(body: string): void {
    expect(body).toContain('&lt;img');
    expect(body).not.toMatch(/<img|<script|href="javascript:|\u202e/u);
    // One title, and every quote that a stranger sent is an entity.
    expect(body.split('</title>')).toHaveLength(2);
    expect(body).not.toContain(`"><img`);
  }
});

describe('the launch address', () => {
  it('leads to the authorization server, again and again', async () => {
    const { port } = await served();
    for (let visit = 0; visit < 2; visit += 1) {
      const answer = await send({ port, path: `/go/${LAUNCH_TOKEN}` });
      expect([answer.status, answer.headers['location']]).toEqual([302, AUTHORIZATION_URL]);
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
    }
  });

  it('of a relay shows first who asks for what and by way of which host, and binds the browser', async () => {
    const { port } = await served();
    const answer = await send({ port, path: `/go/${RELAY_TOKEN}` });
    expect(answer.status).toBe(200);
    for (const fact of ['linear', 'https://as.example', 'mcp:tools', 'openid', 'profile', 'relay.example.org'])
      expect(answer.body).toContain(fact);
    expect(answer.headers['set-cookie']).toEqual(['launch-browser=l1; Max-Age=600; Path=/; HttpOnly; SameSite=Lax']);
  });

  it('T26 of a relay goes on only from that page: a link that carries the answer is asked all the same', async () => {
    const { standIn, port } = await served();
    const path = `/go/${RELAY_TOKEN}?continue=1`;
    expect((await send({ port, path, headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200);
    expect((await send({ port, path, headers: { 'sec-fetch-site': 'none' } })).status).toBe(200);
    expect((await send({ port, path, headers: { 'sec-fetch-site': 'same-origin' } })).headers['location']).toBe(
      AUTHORIZATION_URL,
    );
    expect(standIn.calls.launches.map((launch) => launch.confirmed)).toEqual([false, false, true]);
  });

  it.each(['made-up', 'a%2Fb', '..%2F..', 'x'.repeat(300)])('with the token %s is 404', async (token) => {
    const { port } = await served();
    expect((await send({ port, path: `/go/${token}` })).status).toBe(404);
  });
});
