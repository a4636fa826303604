/** The accounts page: who may open it, and what it shows of each server. */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { createStage } from '../../support/stage.js';
import { beginAccounts, textOf } from './accounts-story.js';
import { send } from './requests.js';

const stage = createStage();
afterEach(() => stage.close());

const MINUTE_MS = 60_000;
const NOTES = { notes: { url: 'https://notes.example/mcp' } };

describe('opening the accounts page', () => {
  it('binds it to the browser by a cookie that scripts and other sites never get', async () => {
    const { get, path } = await beginAccounts(stage, NOTES);
    const first = await get();
    expect(first.status).toBe(200);
    expect(first.headers['set-cookie']?.[0]).toMatch(
      new RegExp(
        `^mcp-oauth-broker-accounts-[\\w-]{8}=[\\w-]{43}; Max-Age=3600; Path=${path}; HttpOnly; SameSite=Strict$`,
        'u',
      ),
    );
    expect(first.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/u,
    );
    const again = await get();
    expect(again.status).toBe(200);
    expect(again.headers['set-cookie']).toBeUndefined();
  });

  it('T84 is 401 in another browser, and 404 without its one-time token', async () => {
    const { get, port, path } = await beginAccounts(stage, NOTES);
    await get();
    for (const cookie of ['', `mcp-oauth-broker-accounts-${path.slice(10, 18)}=made-up`]) {
      const other = await send({ port, path, headers: cookie === '' ? {} : { cookie } });
      expect(other.status).toBe(401);
      expect(other.body).not.toContain('notes.example');
    }
    expect((await send({ port, path: '/accounts/made-up' })).status).toBe(404);
    expect((await send({ port, path: '/accounts' })).status).toBe(404);
  });

  it('is over after ten minutes where nobody came, and after an hour where somebody did', async () => {
    const unvisited = await beginAccounts(stage, NOTES);
    unvisited.source.advance(10 * MINUTE_MS);
    expect((await unvisited.get()).status).toBe(404);
    const visited = await beginAccounts(stage, NOTES);
    await visited.get();
    visited.source.advance(59 * MINUTE_MS);
    expect((await visited.get()).status).toBe(200);
    visited.source.advance(MINUTE_MS);
    expect(textOf(await visited.get())).toContain('This page is closed');
  });

  it.each([
    ['an image', { 'sec-fetch-dest': 'image' }, 403],
    ['a frame', { 'sec-fetch-dest': 'iframe' }, 403],
    ['a prefetch', { 'sec-purpose': 'prefetch' }, 503],
    ['a name that was rebound (T42)', { host: 'evil.example' }, 403],
  ])('is not used up by %s', async (_, headers: Record<string, string>, status) => {
    const { get } = await beginAccounts(stage, NOTES);
    expect((await get(undefined, headers)).status).toBe(status);
    expect((await get()).headers['set-cookie']).toHaveLength(1);
  });
});

describe('what the page shows', () => {
  it('is where, how and for whom each server is signed in, without a network request', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
    const { source, get } = await beginAccounts(stage, {
      notes: { url: server.url },
      idle: { url: 'https://idle.example/mcp?key=1' },
    });
    const asked = await source.broker.connect(source.principal, { serverName: 'notes', account: 'work' });
    await visit(asked.status === 'requires_auth' ? String(asked.authUrl) : '');
    await source.broker.connect(source.principal, { serverName: 'notes', account: 'work' });
    const requests = server.requests?.length;
    const text = textOf(await get());
    expect(text).toContain(`notes Requires OAuth ${server.url} OAuth · Your servers.json · Used by: All your agents`);
    expect(text).toContain('Connected work');
    expect(text).toMatch(/Allowed mcp:tools/u);
    expect(text).toContain(`Signed in at ${authorizationServer.issuer}`);
    expect(text).toMatch(/Token ends \d{4}-\d\d-\d\d \d\d:\d\d UTC/u);
    expect(text).toContain('Not connected default');
    expect(text).toContain('https://idle.example/mcp ');
    expect(text).not.toContain('key=1');
    expect(server.requests?.length).toBe(requests);
  });

  it('shows to each principal what is theirs alone', async () => {
    const { source, get } = await beginAccounts(stage, NOTES);
    const other = { ...source.principal, user: 'somebody-else' };
    await source.broker.connect(other, { serverName: 'theirs', url: 'http://127.0.0.1:9/mcp' });
    expect((await get()).body).not.toContain('theirs');
  });

  it('names no secret of the file', async () => {
    const { get } = await beginAccounts(stage, {
      named: { url: 'https://named.example/mcp', oauth: { clientId: 'c', clientSecret: 'canary-secret-of-file' } },
    });
    const { body } = await get();
    expect(body).toContain('named.example');
    expect(body).not.toContain('canary-secret-of-file');
  });
});
