/** The pages of the providers and of the activity: what is the user's alone, and never a secret. */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../../support/browser.js';
import { createStage, writeServersFile } from '../../support/stage.js';
import { beginAccounts, csrfOf, textOf } from './accounts-story.js';
import { listenerOf, servedPort } from './listeners.js';
import { send } from './requests.js';
import { showAccounts } from './shown-accounts.js';
import { ACCOUNTS_TOKEN, createStandInBroker } from './stand-in-broker.js';

const stage = createStage();
afterEach(() => stage.close());

const hrefOf = (body: string): string => /class="button" href="([^"]+)"/u.exec(body)?.[1] ?? '';

describe('the page of the providers', () => {
  it('says of each where it is, whence its secret comes and who uses it, and never the secret', async () => {
    const story = await beginAccounts(stage, {});
    await writeServersFile(story.home, {
      mcpServers: {
        program: { command: 'true', env: { TOKEN: { source: 'oauth', provider: 'github' } } },
      },
      oauthProviders: {
        github: {
          authorizationEndpoint: 'https://github.example/authorize',
          tokenEndpoint: 'https://github.example/token',
          clientId: 'client-of-github',
          clientSecret: 'canary-secret-of-github',
          scope: 'repo',
        },
        fromEnvironment: { issuer: 'https://env.example', clientSecret: { source: 'env', name: 'SECRET_OF_ENV' } },
        broken: { scope: '"><script>alert(1)</script>', issuer: 'https://b.example' },
      },
    });
    const page = await story.get(`${story.path}/providers`);
    const text = textOf(page);
    expect(text).toContain('github https://github.example/authorize Your servers.json Not connected');
    expect(text).toContain('Client ID client-of-github Secret In your servers.json Scope repo Used by program');
    expect(text).toContain('Secret Environment variable SECRET_OF_ENV');
    expect(page.body).not.toContain('canary-secret-of-github');
    expect(page.body).not.toContain('<script');
  });

  it('begins a sign-in at a server that takes its token, shows it, and ends it', async () => {
    const authorizationServer = await stage.authorizationServer();
    const { issuer } = authorizationServer;
    const story = await beginAccounts(stage, {});
    await writeServersFile(story.home, {
      mcpServers: { program: { command: 'true', env: { TOKEN: { source: 'oauth', provider: 'idp' } } } },
      oauthProviders: { idp: { issuer } },
    });
    const page = await story.get(`${story.path}/providers`);
    const asked = await story.post('connect', { csrf: csrfOf(page), server: 'program', account: 'default' });
    await visit(hrefOf(asked.body));
    expect(textOf(await story.get(`${story.path}/providers`))).toContain('Signed in default');
    const { broker, principal } = story.source;
    expect(await broker.providers({ ...principal, user: 'somebody-else' })).toMatchObject({
      providers: [{ id: 'idp', accounts: [] }],
    });
    const signedIn = await story.get(`${story.path}/providers`);
    const link = /href="([^"]+)">Disconnect/u.exec(signedIn.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const question = await story.get(link);
    expect(textOf(question)).toContain('Disconnect idp?');
    const fields = { csrf: csrfOf(question), server: 'program', account: 'default', provider: 'idp' };
    expect(textOf(await story.post('disconnect', fields))).toContain('Disconnected from idp');
    expect(textOf(await story.get(`${story.path}/providers`))).toContain('Not connected');
    expect(authorizationServer.requests().some(({ endpoint }) => endpoint === 'revocation')).toBe(true);
    expect((await story.get(link)).status).toBe(303);
  });
});

describe('the page of the activity', () => {
  it('T78 is the user’s own, newest first, and a page at a time', async () => {
    const story = await beginAccounts(stage, {});
    const { broker, principal } = story.source;
    expect(textOf(await story.get(`${story.path}/activity`))).toContain('Nothing yet');
    const store = (name: string, user = principal.user) =>
      broker.storeSecret({ ...principal, user }, { scope: 'user', name, value: 'canary-of-a-secret' });
    await store('theirs', 'somebody-else');
    for (let count = 0; count < 52; count += 1) await store(`mine-${count}`);
    const first = await story.get(`${story.path}/activity`);
    expect(first.body).not.toContain('canary-of-a-secret');
    expect(first.body).not.toContain('theirs');
    const rows = (body: string) => body.match(/<tr role="row">\s*<td/gu)?.length;
    expect(rows(first.body)).toBe(50);
    expect(first.body.indexOf('mine-51')).toBeLessThan(first.body.indexOf('mine-50'));
    const older = await story.get(`${story.path}/activity?page=2`);
    expect(rows(older.body)).toBe(2);
    expect(textOf(older)).toContain('mine-0');
    for (const page of ['0', 'x', '-1', '999999'])
      expect((await story.get(`${story.path}/activity?page=${page}`)).status).toBe(200);
  });
});

it('T84 none of the pages is shown to another browser', async () => {
  const story = await beginAccounts(stage, { notes: { url: 'https://notes.example/mcp' } });
  await story.get();
  for (const page of ['agents?server=notes', 'providers', 'activity', 'remove?server=notes']) {
    const other = await story.get(`${story.path}/${page}`, { cookie: '' });
    expect(other.status).toBe(401);
    expect(other.body).not.toContain('notes.example');
  }
});

describe('T83 words of a stranger', () => {
  // A tool whose name would mislead is in no list; elsewhere such characters are taken out.
  const NAME = '"><script>alert(1)</script><img src=x>';
  const HOSTILE = `${NAME}\u202e\u200b`;

  it.each([
    ['a tool', '/agents?server=linear&agent=claude-code'],
    ['a provider', '/providers'],
    ['an entry of the log', '/activity'],
  ])('stay words, in the name and the text of %s', async (_, path) => {
    const standIn = createStandInBroker();
    showAccounts(standIn);
    const [provider] = standIn.providers;
    const [entry] = standIn.entries;
    if (provider === undefined || entry === undefined) throw new Error('There is something to show.');
    standIn.tools = {
      tools: [{ name: NAME, title: HOSTILE, description: HOSTILE, isAllowed: false, isNew: true }],
      isChosen: true,
    };
    standIn.providers = [
      { ...provider, id: HOSTILE, target: HOSTILE, clientId: HOSTILE, scope: HOSTILE, secretSource: HOSTILE },
    ];
    standIn.entries = [{ ...entry, serverName: HOSTILE, account: HOSTILE, agent: HOSTILE, detail: HOSTILE }];
    const port = await servedPort(listenerOf(standIn));
    const { status, body } = await send({ port, path: `/accounts/${ACCOUNTS_TOKEN}${path}` });
    expect(status).toBe(200);
    expect(body).toContain('&lt;script&gt;');
    expect(body).not.toMatch(/<script|<img|\u202e|\u200b/u);
  });
});

it('T79 a member who was removed sees nothing on a page that was open', async () => {
  const story = await beginAccounts(stage, { notes: { url: 'https://notes.example/mcp' } });
  const { broker, principal } = story.source;
  await story.get();
  await broker.administration.removeMember(principal, { user: principal.user });
  story.source.advance(60_000);
  for (const page of ['', '/agents?server=notes', '/providers', '/activity']) {
    const answer = await story.get(`${story.path}${page}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('notes.example');
    expect(textOf(answer)).toContain('no longer a member of the team');
  }
});
