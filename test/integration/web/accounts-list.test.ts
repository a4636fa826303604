/** The accounts page with none, and with hundreds of servers: groups, filter and pages. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/broker/server-status.js';
import { accountFilter, selectAccounts } from '../../../src/web/account-groups.js';
import { createStage } from '../../support/stage.js';
import { beginAccounts, textOf } from './accounts-story.js';

const stage = createStage();
afterEach(() => stage.close());

type State = ServerStatus['accounts'][number]['state'];

function server(serverName: string, ...states: State[]): ServerStatus {
  return {
    serverName,
    target: `https://${serverName}.example/mcp`,
    source: 'user',
    authType: 'oauth2',
    requiresOAuth: true,
    credentialMode: 'per_user',
    accounts: states.map((state, index) => ({ account: index === 0 ? 'default' : `account-${index}`, state })),
  };
}

const FEW = [
  server('a', 'not_connected'),
  server('b', 'connected'),
  server('c', 'connected', 'auth_required'),
  server('d', 'error'),
  server('e', 'config_required'),
];

function names(query: Parameters<typeof accountFilter>[0], servers: readonly ServerStatus[] = FEW) {
  const { groups } = selectAccounts(servers, accountFilter(query));
  return groups.map((group) => [group.name, ...group.servers.map(({ serverName }) => serverName)]);
}

describe('the groups', () => {
  it('begin with what needs the user, by any of its accounts', () => {
    expect(names({})).toEqual([
      ['attention', 'c', 'd', 'e'],
      ['connected', 'b'],
      ['idle', 'a'],
    ]);
  });

  it('can be shown alone', () => {
    expect(names({ show: 'connected' })).toEqual([['connected', 'b']]);
  });

  it('are found by part of a name, an address or an account, in any case', () => {
    expect(names({ q: ' B.EXAMPLE ' })).toEqual([['connected', 'b']]);
    expect(names({ q: 'account-1' })).toEqual([['attention', 'c']]);
    expect(names({ q: 'nowhere' })).toEqual([]);
  });

  it('are fifty to a page; a page that is not there is the last, or the first', () => {
    const many = Array.from({ length: 120 }, (_, index) => server(`s${String(index).padStart(3, '0')}`, 'connected'));
    const counts = (page: string) => names({ page }, many).map((group) => [group.length - 1, group[1]]);
    expect(counts('1')).toEqual([[50, 's000']]);
    expect(counts('3')).toEqual([[20, 's100']]);
    expect(counts('9')).toEqual([[20, 's100']]);
    for (const odd of ['0', '-1', '1e3', 'x', '99999']) expect(counts(odd)).toEqual([[50, 's000']]);
  });

  it('take what they do not know as not given', () => {
    expect(accountFilter({ show: '__proto__', page: '' })).toEqual({ words: '', group: 'all', page: 1 });
  });
});

describe('the page', () => {
  it('shows hundreds of servers a page at a time, with links to the others that keep the filter', async () => {
    const mcpServers = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`many-${index}`, { url: `https://many-${index}.example/mcp` }]),
    );
    const { get, path } = await beginAccounts(stage, mcpServers);
    const first = await get(`${path}?q=many-`);
    expect(first.body.match(/<li class="server">/gu)).toHaveLength(50);
    expect(textOf(first)).toContain('Page 1 of 6 Next');
    const next = /<a href="([^"]+)">Next<\/a>/u.exec(first.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(textOf(await get(next))).toContain('Previous Page 2 of 6 Next');
    const one = await get(`${path}?q=many-299&show=idle`);
    expect(one.body.match(/<li class="server">/gu)).toHaveLength(1);
    expect(one.body).toContain('value="many-299"');
    expect(one.body).toContain('<option value="idle" selected>');
  });

  it('T83 shows hundreds of hostile names and addresses within bounds, page by page, each where it belongs', async () => {
    // A file with any other name is refused as a whole.
    const odd = ['constructor', 'toString', 'hasOwnProperty', 'con', '0..-_'];
    const mcpServers = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [
        `${'W'.repeat(60)}-${index}`,
        {
          url: `https://h${index}.example/"><script>alert(${index})</script>\u202e/${'x'.repeat(1_500)}?key=canary-in-query`,
        },
      ]),
    );
    for (const name of odd) mcpServers[name] = { url: 'https://odd.example/mcp' };
    const { get, path } = await beginAccounts(stage, mcpServers);
    const shown: string[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body } = await get(next);
      expect(status).toBe(200);
      expect(body.length).toBeLessThan(512 * 1024);
      expect(body).not.toMatch(/<script|\u202e|canary-in-query/u);
      const names = [...body.matchAll(/<h3>([^<]*)<\/h3>/gu)].map(([, name = '']) => name);
      expect(names.length).toBeLessThanOrEqual(50);
      shown.push(...names);
      next = /<a href="([^"]+)">Next<\/a>/u.exec(body)?.[1]?.replaceAll('&amp;', '&');
    }
    for (const name of Object.keys(mcpServers)) expect(shown.filter((one) => one === name)).toHaveLength(1);
  });

  it('T83 nothing of a query or a name breaks out of its place', async () => {
    const { get, path } = await beginAccounts(stage, {});
    const words = '"><script>alert(1)</script>\u202e';
    const { body } = await get(`${path}?${new URLSearchParams({ q: words, show: words, page: words })}`);
    expect(body).not.toContain('<script');
    expect(body).not.toContain('\u202e');
    expect(body).toContain('No server matches');
  });
});
