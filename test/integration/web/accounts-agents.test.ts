/** A server for each of the user's agents: accounts of their own in three states, and the tools that each may use. */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { createStage, writeServersFile } from '../../support/stage.js';
import { type AccountsStory, beginAccounts, csrfOf, textOf } from './accounts-story.js';
import { type Answer, send } from './requests.js';

const stage = createStage();
afterEach(() => stage.close());

const KEY = 'canary-key-of-this-agent';
const NOT_FOUND = { kind: 'outcome', outcome: { code: 'tool_not_found' } };

/** Another agent of the same user, in the same process. */
function principalOf({ source }: AccountsStory, agent: string, user = source.principal.user) {
  return { ...source.principal, user, agent };
}

/** The agent has called something, so that the page knows it. */
async function agentCalls(story: AccountsStory, agent: string, user?: string): Promise<void> {
  const principal = principalOf(story, agent, user);
  await story.source.broker.connect(principal, { serverName: 'notes' });
  await expect.poll(() => story.source.broker.agents(principal), { timeout: 30_000 }).toContain(agent);
}

function echo(story: AccountsStory, agent: string) {
  const args = { serverName: 'notes', toolName: 'echo', arguments: { text: 'hi' } };
  return story.source.broker.callTool(principalOf(story, agent), args);
}

/** Types a key into the form, and follows the browser to the page that says what came of it. */
async function answerToKey(story: AccountsStory, fields: Readonly<Record<string, string>>): Promise<Answer> {
  const sent = await story.post('key', fields);
  expect([sent.status, sent.body]).toEqual([303, '']);
  expect(sent.headers.location).not.toContain('canary');
  const answer = await story.get(String(sent.headers.location));
  expect(answer.body).not.toContain(KEY);
  return answer;
}

const hrefOf = (body: string): string => /class="button" href="([^"]+)"/u.exec(body)?.[1] ?? '';

/** What the form of the tools would send: each name with its tick. */
function fieldsOf(body: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, index = '', name = ''] of body.matchAll(/name="name-(\d+)" value="([^"]*)"/gu)) {
    fields[`name-${index}`] = name;
    if (new RegExp(`name="allow-${index}" value="yes" checked`, 'u').test(body)) fields[`allow-${index}`] = 'yes';
  }
  return fields;
}

function unticked(fields: Readonly<Record<string, string>>, tool: string): Record<string, string> {
  const index = Object.keys(fields)
    .find((key) => key.startsWith('name-') && fields[key] === tool)
    ?.slice(5);
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== `allow-${index}`));
}

describe('the tools of an agent', () => {
  async function begin(): Promise<AccountsStory & { readonly csrf: string }> {
    const server = await stage.server();
    const story = await beginAccounts(stage, { notes: { url: server.url } });
    const csrf = csrfOf(await story.get());
    for (const agent of ['a', 'b']) await agentCalls(story, agent);
    return { ...story, csrf };
  }

  it('that are not ticked are gone for this agent at its next call, and for no other', async () => {
    const story = await begin();
    const { get, post, path, csrf } = story;
    const link = /href="([^"]+)">Tools for each agent/u.exec((await get()).body)?.[1] ?? '';
    expect(link).toBe(`${path}/agents?server=notes`);
    const page = await get(`${path}/agents?server=notes&agent=a`);
    expect(textOf(page)).toContain('a may use every tool of this server, also one that it adds later.');
    expect(textOf(page)).toContain('The server says: Returns the text that it was given.');
    const fields = fieldsOf(page.body);
    expect(fields['allow-0']).toBe('yes');
    const saved = await post('tools', {
      csrf,
      server: 'notes',
      agent: 'a',
      set: 'ticked',
      ...unticked(fields, 'echo'),
    });
    expect(saved.status).toBe(303);
    const after = await get(String(saved.headers.location).split('#')[0]);
    expect(textOf(after)).toContain('Saved. It holds from the next call of a.');
    expect(fieldsOf(after.body)).toEqual(unticked(fields, 'echo'));
    expect(await echo(story, 'a')).toMatchObject(NOT_FOUND);
    expect(await echo(story, 'b')).toMatchObject({ kind: 'upstream' });
    await post('tools', { csrf, server: 'notes', agent: 'a', set: 'anything' });
    expect(await echo(story, 'a')).toMatchObject({ kind: 'upstream' });
  });

  it('are all allowed or none by one button', async () => {
    const story = await begin();
    const { get, post, path, csrf } = story;
    await post('tools', { csrf, server: 'notes', agent: 'a', set: 'none' });
    expect(textOf(await get(`${path}/agents?server=notes&agent=a`))).toMatch(/a may use 0 of \d+ tools\./u);
    expect(await echo(story, 'a')).toMatchObject(NOT_FOUND);
    await post('tools', { csrf, server: 'notes', agent: 'a', set: 'all' });
    expect(await echo(story, 'a')).toMatchObject({ kind: 'upstream' });
  });

  it('of hundreds are shown a page at a time, and saving one page leaves the others as they were', async () => {
    const server = await stage.server({ extraTools: 300 });
    const story = await beginAccounts(stage, { notes: { url: server.url } });
    const { get, post, path } = story;
    const csrf = csrfOf(await get());
    const { agent } = story.source.principal;
    await story.source.broker.connect(story.source.principal, { serverName: 'notes' });
    const second = await get(`${path}/agents?server=notes&page=2`);
    const fields = fieldsOf(second.body);
    expect(textOf(second)).toContain('Page 2 of 2');
    await post('tools', { csrf, server: 'notes', agent, page: '2', set: 'ticked', ...unticked(fields, 'extra_299') });
    const offered = await story.source.broker.toolsToChoose(story.source.principal, 'notes');
    const refused = 'tools' in offered ? offered.tools.filter(({ isAllowed }) => !isAllowed) : [];
    expect(refused.map(({ name }) => name)).toEqual(['extra_299']);
  });

  it('T78 are never chosen for an agent of somebody else, nor are those named', async () => {
    const story = await begin();
    await agentCalls(story, 'theirs', 'somebody-else');
    const page = await story.get(`${story.path}/agents?server=notes`);
    expect(textOf(page)).toContain('Tools for a');
    expect(page.body).not.toContain('theirs');
    for (const agent of ['theirs', '"><script>', '__proto__']) {
      expect((await story.get(`${story.path}/agents?${new URLSearchParams({ server: 'notes', agent })}`)).status).toBe(
        404,
      );
      const refused = await story.post('tools', { csrf: story.csrf, server: 'notes', agent, set: 'none' });
      expect(refused.status).toBe(404);
      expect(refused.body).not.toContain('<script');
    }
    const theirs = principalOf(story, 'theirs', 'somebody-else');
    expect(await story.source.broker.toolsToChoose(theirs, 'notes')).toMatchObject({ isChosen: false });
  });

  it('keep nothing of a name that the server does not list', async () => {
    const story = await begin();
    const planted = { 'name-0': 'planted', 'allow-0': 'yes', 'name-1': '__proto__', 'allow-1': 'yes' };
    await story.post('tools', { csrf: story.csrf, server: 'notes', agent: 'a', set: 'ticked', ...planted });
    const { team, user } = story.source.principal;
    const kept = (await (await story.source.vault()).toolChoices.get([team, user, 'a', 'notes']))?.value;
    expect(kept?.allowed).toContain('echo');
    expect([...(kept?.allowed ?? []), ...(kept?.refused ?? [])]).not.toContain('planted');
  });
});

describe('an account of each agent’s own', () => {
  it('is connected for one agent from the page, and leads back to it', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const story = await beginAccounts(stage, { notes: { url: server.url, credentialMode: 'per_agent' } });
    for (const agent of ['a', 'b']) await agentCalls(story, agent);
    for (const agent of ['a', 'b'])
      await story.source.broker.clearAuth(principalOf(story, agent), { serverName: 'notes' });
    const list = await story.get();
    const csrf = csrfOf(list);
    expect(textOf(list)).toMatch(/a at notes Not connected b at notes Not connected/u);
    const page = await story.get(`${story.path}/agents?server=notes&agent=a`);
    expect(page.body).toContain('<li class="account off">');
    expect(textOf(page)).not.toContain('Tools for a');
    const asked = await story.post('connect', { csrf, server: 'notes', account: 'default', agent: 'a' });
    expect(textOf(asked)).toContain('Back to notes for a');
    await visit(hrefOf(asked.body));
    const checked = await story.post('connect', { csrf, server: 'notes', account: 'default', agent: 'a' });
    expect(textOf(checked)).toContain('notes is connected');
    const connected = await story.get(`${story.path}/agents?server=notes&agent=a`);
    expect(textOf(connected)).toContain('Connected default Token configured');
    expect(textOf(connected)).toContain('Tools for a');
    expect(textOf(await story.get())).toMatch(/a at notes Connected b at notes Not connected/u);
    const question = await story.get(`${story.path}/disconnect?server=notes&account=default&agent=a`);
    expect(textOf(question)).toContain('a can no longer use the account default.');
    await story.post('disconnect', { csrf, server: 'notes', account: 'default', agent: 'a' });
    expect(textOf(await story.get())).toMatch(/a at notes Not connected b at notes Not connected/u);
  });

  it('takes a key where the server takes one: it is tried first, and a wrong one changes nothing', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const entry = { url: server.url, auth: 'bearer', credentialMode: 'per_agent' };
    const story = await beginAccounts(stage, { notes: entry });
    const csrf = csrfOf(await story.get());
    await agentCalls(story, 'a');
    const page = await story.get(`${story.path}/agents?server=notes&agent=a`);
    expect(page.body).toMatch(/<input type="password" id="key-default" name="key" required/u);
    const typed = { csrf, server: 'notes', account: 'default', agent: 'a' };
    const refused = await answerToKey(story, { ...typed, key: KEY });
    expect(refused.status).toBe(422);
    expect(textOf(refused)).toContain('The server does not take it. Nothing was changed.');
    expect(refused.body).toContain('Back to notes for a');
    const open = await stage.server();
    await writeServersFile(story.home, { mcpServers: { notes: { ...entry, url: open.url } } });
    const taken = await answerToKey(story, { ...typed, key: `${KEY}\n` });
    expect(textOf(taken)).toContain('notes is connected');
    const after = await story.get(`${story.path}/agents?server=notes&agent=a`);
    expect(textOf(after)).toContain('Connected default Token configured');
    expect(textOf(after)).toContain('Tools for a');
    expect(after.body).not.toContain(KEY);
    expect((await answerToKey(story, { ...typed, agent: 'nobody', key: KEY })).status).toBe(404);
  });
});

describe('what came of a typed key', () => {
  async function begin(): Promise<AccountsStory & { readonly typed: Readonly<Record<string, string>> }> {
    const server = await stage.server();
    const entry = { url: server.url, auth: 'bearer', credentialMode: 'per_agent' };
    const story = await beginAccounts(stage, { notes: entry });
    const csrf = csrfOf(await story.get());
    await agentCalls(story, 'a');
    return { ...story, typed: { csrf, server: 'notes', account: 'default', agent: 'a', key: KEY } };
  }
  const ANSWER = '/key?server=notes&account=default&agent=a';

  it('is shown by that page alone as often as it is loaded, and by none for an account of which none was typed', async () => {
    const story = await begin();
    const { get, path, typed } = story;
    const agentPage = `${path}/agents?server=notes&agent=a`;
    expect((await get(path + ANSWER)).headers.location).toBe(agentPage);
    await answerToKey(story, typed);
    for (const _ of ['loaded', 'reloaded']) expect(textOf(await get(path + ANSWER))).toContain('notes is connected');
    expect((await get(path + ANSWER.replace('default', 'work'))).headers.location).toBe(agentPage);
    await answerToKey(story, { ...typed, account: 'work', key: 'no key' });
    expect(textOf(await get(path + ANSWER.replace('default', 'work')))).toContain('That is no key');
    expect((await get(path + ANSWER)).headers.location).toBe(agentPage);
  });

  it('is kept without the key, and shown to no other browser', async () => {
    const story = await begin();
    const { source, port, path, typed } = story;
    for (const key of [KEY, `${KEY} twice`]) await answerToKey(story, { ...typed, key });
    const page = await (await source.vault()).tokens.get(['accounts', path.split('/')[2] ?? '']);
    expect(page?.value.keyAnswer).toMatchObject({ serverName: 'notes', agent: 'a', result: { kind: 'problem' } });
    expect(JSON.stringify(page)).not.toContain(KEY);
    const stranger = await send({ port, path: path + ANSWER });
    expect(stranger.status).toBe(401);
    expect(stranger.body).not.toContain('notes');
  });

  it('T79 is shown no more to a member who was removed', async () => {
    const story = await begin();
    const { broker, principal } = story.source;
    await answerToKey(story, story.typed);
    await broker.administration.removeMember(principal, { user: principal.user });
    story.source.advance(60_000);
    const answer = await story.get(`${story.path}/key?server=notes&account=default&agent=${principal.agent}`);
    expect(textOf(answer)).toContain('no longer a member of the team');
  });

  it('is a page of its own also where the accounts page is over', async () => {
    const story = await begin();
    story.source.advance(60 * 60_000);
    const answer = await answerToKey(story, story.typed);
    expect(answer.status).toBe(404);
    expect(textOf(answer)).toContain('This page is closed');
    const listed = await story.source.broker.listServers({ ...story.source.principal, agent: 'a' }, 'notes');
    expect(listed).toMatchObject({ servers: [{ accounts: [{ state: 'auth_required' }] }] });
  });
});

describe('a server that an agent added', () => {
  it('is removed after a question, with all that is stored for it', async () => {
    const server = await stage.server();
    const story = await beginAccounts(stage, { mine: { url: 'https://mine.example/mcp' } });
    const { broker, principal } = story.source;
    await broker.connect(principal, { serverName: 'notes', url: server.url });
    const list = await story.get();
    expect(list.body).toContain(`${story.path}/remove?server=notes`);
    expect(list.body).not.toContain(`${story.path}/remove?server=mine`);
    const question = await story.get(`${story.path}/remove?server=notes`);
    expect(textOf(question)).toContain('Remove notes?');
    const done = await story.post('remove', { csrf: csrfOf(question), server: 'notes' });
    expect(textOf(done)).toContain('notes is removed');
    expect(await broker.listServers(principal, 'notes')).toMatchObject({ code: 'unknown_server' });
    expect((await story.get(`${story.path}/remove?server=mine`)).status).toBe(303);
    const refused = await story.post('remove', { csrf: csrfOf(question), server: 'mine' });
    expect(refused.status).toBe(422);
    expect(await broker.listServers(principal, 'mine')).toMatchObject({ servers: [{ serverName: 'mine' }] });
  });
});

describe.each(['tools', 'key', 'remove'] as const)('T82 %s', (action) => {
  it.each([
    ['another site', 403, { origin: 'https://evil.example' }, {}],
    ['a form with another CSRF token', 403, {}, { csrf: 'made-up' }],
    ['a browser without the cookie', 401, { cookie: '' }, {}],
  ])('is refused from %s', async (_, status, headers: Record<string, string>, fields: Record<string, string>) => {
    const story = await beginAccounts(stage, { notes: { url: 'http://127.0.0.1:9/mcp' } });
    const csrf = csrfOf(await story.get());
    const answer = await story.post(action, { csrf, server: 'notes', set: 'none', key: 'k', ...fields }, headers);
    expect(answer.status).toBe(status);
  });
});
