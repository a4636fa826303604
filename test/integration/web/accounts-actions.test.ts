/** What can be done from the accounts page, and who may not do it. */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { createStage } from '../../support/stage.js';
import { type AccountsStory, beginAccounts, csrfOf, textOf } from './accounts-story.js';

const stage = createStage();
afterEach(() => stage.close());

interface Setting extends AccountsStory {
  readonly csrf: string;
  readonly issuer: string;
}

/** The page is open in our browser, with one server that asks for sign-in. */
async function begin(): Promise<Setting> {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
  const story = await beginAccounts(stage, { notes: { url: server.url } });
  return { ...story, csrf: csrfOf(await story.get()), issuer: authorizationServer.issuer };
}

const hrefOf = (body: string): string => /class="button" href="([^"]+)"/u.exec(body)?.[1] ?? '';

async function states({ source }: AccountsStory): Promise<Readonly<Record<string, string>>> {
  const listed = await source.broker.listServers(source.principal, 'notes');
  if ('status' in listed) throw new Error(listed.error);
  return Object.fromEntries(listed.servers[0]?.accounts.map(({ account, state }) => [account, state]) ?? []);
}

describe('connecting from the page', () => {
  it('leads to the sign-in in a tab of its own, and is connected after it', async () => {
    const story = await begin();
    const { csrf, post, get } = story;
    const asked = await post('connect', { csrf, server: 'notes', account: 'default' });
    expect(asked.status).toBe(200);
    expect(textOf(asked)).toContain('Sign in to notes');
    expect(asked.body).toContain(`<a href="${story.path}">Back to your accounts</a>`);
    await visit(hrefOf(asked.body));
    const checked = await post('connect', { csrf, server: 'notes', account: 'default' });
    expect(textOf(checked)).toContain('notes is connected');
    expect(textOf(await get())).toContain('Connected default');
  });

  it('adds an account beside the one that is there', async () => {
    const story = await begin();
    const { csrf, post } = story;
    const asked = await post('connect', { csrf, server: 'notes', account: ' work ' });
    await visit(hrefOf(asked.body));
    await post('connect', { csrf, server: 'notes', account: 'work' });
    expect(await states(story)).toEqual({ default: 'not_connected', work: 'connected' });
  });

  it('leads to the form for a key, and that stores it', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const { get, post } = await beginAccounts(stage, { notes: { url: server.url, auth: 'bearer' } });
    const asked = await post('connect', { csrf: csrfOf(await get()), server: 'notes', account: 'default' });
    expect(textOf(asked)).toContain('notes needs something from you');
    const form = await visit(hrefOf(asked.body), { submitForms: false });
    expect(form.body).toContain('Add your key for notes');
  });

  it.each([
    ['an account that cannot be one', { server: 'notes', account: '<script>' }, 'account must be'],
    ['no account', { server: 'notes' }, 'account must be'],
    ['a server that cannot be one', { server: '"><img src=x>', account: 'default' }, 'serverName must be'],
    ['a server that is not there', { server: 'other', account: 'default' }, 'No server is called'],
  ])('says what is wrong with %s, and reflects nothing', async (_, fields: Record<string, string>, problem) => {
    const { csrf, post } = await begin();
    const answer = await post('connect', { csrf, ...fields });
    expect(answer.status).toBe(422);
    expect(textOf(answer)).toContain(problem);
    expect(answer.body).not.toMatch(/<script|<img/u);
  });

  it('never takes an address: the page adds no server', async () => {
    const { csrf, post, source } = await begin();
    await post('connect', { csrf, server: 'planted', account: 'default', url: 'http://127.0.0.1:9/mcp' });
    const listed = await source.broker.listServers(source.principal, 'planted');
    expect(listed).toMatchObject({ status: 'error', code: 'unknown_server' });
  });
});

describe('disconnecting from the page', () => {
  it('asks first, then revokes and forgets the one account', async () => {
    const story = await begin();
    const { csrf, post, get, path } = story;
    for (const account of ['default', 'work']) {
      await visit(hrefOf((await post('connect', { csrf, server: 'notes', account })).body));
      await post('connect', { csrf, server: 'notes', account });
    }
    const question = await get(`${path}/disconnect?server=notes&account=work`);
    expect(textOf(question)).toContain('Disconnect notes?');
    expect(await states(story)).toEqual({ default: 'connected', work: 'connected' });
    const done = await post('disconnect', { csrf: csrfOf(question), server: 'notes', account: 'work' });
    expect(textOf(done)).toContain('Disconnected from notes');
    expect(textOf(done)).toContain('The provider has revoked the access.');
    expect(await states(story)).toEqual({ default: 'connected' });
  });

  it('asks about nothing that is not there', async () => {
    const { get, path } = await begin();
    const unknownAccount = await get(`${path}/disconnect?server=notes&account=%22%3E%3Cb%3E`);
    expect(unknownAccount).toMatchObject({ status: 303, headers: { location: path } });
    const unknownServer = await get(`${path}/disconnect?server=%3Cb%3E&account=default`);
    expect(unknownServer.status).toBe(422);
    expect(unknownServer.body).not.toContain('<b>');
  });

  it('leaves a credential of the whole team to the command line', async () => {
    const { get, post } = await beginAccounts(stage, {
      ours: { url: 'http://127.0.0.1:9/mcp', auth: 'bearer', credentialMode: 'shared' },
    });
    const page = await get();
    expect(textOf(page)).not.toContain('Disconnect');
    const refused = await post('disconnect', { csrf: csrfOf(page), server: 'ours', account: 'default' });
    expect(refused.status).toBe(422);
    expect(textOf(refused)).toContain('only the command line clears');
  });
});

describe.each(['connect', 'disconnect'] as const)('T82 %s', (action) => {
  it.each([
    ['another site', 403, { origin: 'https://evil.example' }, {}],
    ['a page without an origin', 403, { origin: 'null' }, {}],
    ['another port of this computer', 403, { origin: 'http://127.0.0.1:1' }, {}],
    ['another site, by what the browser says of it', 403, { 'sec-fetch-site': 'cross-site' }, {}],
    ['a form without the CSRF token', 403, {}, { csrf: '' }],
    ['a form with another CSRF token', 403, {}, { csrf: 'made-up' }],
    ['a browser without the cookie', 401, { cookie: '' }, {}],
    ['a script that sends JSON', 415, { 'content-type': 'application/json' }, {}],
  ])('is refused from %s', async (_, status, headers: Record<string, string>, fields: Record<string, string>) => {
    const story = await beginAccounts(stage, { notes: { url: 'http://127.0.0.1:9/mcp' } });
    const csrf = csrfOf(await story.get());
    const answer = await story.post(action, { csrf, server: 'notes', account: 'default', ...fields }, headers);
    expect(answer.status).toBe(status);
    expect(await states(story)).toEqual({ default: 'not_connected' });
  });

  it('is done by POST only', async () => {
    const { get, path, csrf } = { ...(await beginAccounts(stage, {})), csrf: 'x' };
    await get();
    const answer = await get(`${path}/${action}?csrf=${csrf}&server=notes&account=default`);
    expect(answer.status).toBe(action === 'connect' ? 404 : 422);
  });
});
