/** Which tools a query finds, and in which order. */
import { expect, test } from 'vitest';
import { rankedTools } from '../../../src/broker/tool-ranking.js';

const tool = (name: string, rest: object = {}) => ({ name, inputSchema: { type: 'object' }, ...rest });
const candidate = (name: string, rest: object = {}, serverName = 'github') => ({ serverName, tool: tool(name, rest) });
const CANDIDATES = [
  candidate('list_issues', { description: 'Lists the issues of a repository.' }),
  candidate('search', { description: 'Finds issues.', inputSchema: { properties: { Repository: {} } } }),
  candidate('create_issue', { title: 'New ISSUE' }),
  candidate('create_page', { description: 'Writes a page.' }, 'notion'),
];
const found = (query: string) => rankedTools(CANDIDATES, query).map((each) => each.tool.name);

test.each([
  ['', ['list_issues', 'search', 'create_issue', 'create_page']],
  ['  -- ', ['list_issues', 'search', 'create_issue', 'create_page']],
  ['nothing', []],
  ['issue', ['list_issues', 'create_issue', 'search']],
  ['issue repository', ['list_issues', 'search']],
  ['issue nothing', []],
  ['NEW issue', ['create_issue']],
  ['notion create', ['create_page']],
  ['Notion', ['create_page']],
])('"%s" finds %j', (query, names) => {
  expect(found(query)).toEqual(names);
});

test('tools of one rank stay in the order of their server, search after search', () => {
  expect(found('create')).toEqual(['create_issue', 'create_page']);
  expect(found('create')).toEqual(found('create'));
});

test('a changed definition is searched as it is now', () => {
  expect(rankedTools([{ serverName: 's', tool: tool('a', { description: 'before' }) }], 'now')).toEqual([]);
  expect(rankedTools([{ serverName: 's', tool: tool('a', { description: 'now' }) }], 'now')).toHaveLength(1);
});
