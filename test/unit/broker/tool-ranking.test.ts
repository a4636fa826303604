/** Which tools a query finds, and in which order. */
import { expect, test } from 'vitest';
import { createToolRanking } from '../../../src/broker/tool-ranking.js';

const tool = (name: string, rest: object = {}) => ({ name, inputSchema: { type: 'object' }, ...rest });
const listOf = (serverName: string, tools: readonly ReturnType<typeof tool>[]) => ({
  id: `of ${serverName}`,
  serverName,
  tools,
});
const GITHUB = listOf('github', [
  tool('list_issues', { description: 'Lists the issues of a repository.' }),
  tool('search', { description: 'Finds issues.', inputSchema: { properties: { Repository: {} } } }),
  tool('create_issue', { title: 'New ISSUE' }),
]);
const NOTION = listOf('notion', [tool('create_page', { description: 'Writes a page.' })]);

type Lists = Parameters<ReturnType<typeof createToolRanking>['rank']>[0];
const found = (query: string, lists: Lists = [GITHUB, NOTION], ranking = createToolRanking()) =>
  ranking.rank(lists, query, true).map((each) => each.tool.name);
const namesFound = (query: string, names: readonly string[]) =>
  found(query, [
    listOf(
      's',
      [...names, 'unrelated', 'something_else', 'another'].map((name) => tool(name)),
    ),
  ]);

test.each([
  ['', ['list_issues', 'search', 'create_issue', 'create_page']],
  ['  -- ', ['list_issues', 'search', 'create_issue', 'create_page']],
  ['nothing', []],
  ['issue', ['create_issue', 'list_issues', 'search']],
  ['issues', ['list_issues', 'search', 'create_issue']],
  ['issue repository', ['list_issues', 'search']],
  ['issue nothing', ['create_issue', 'list_issues', 'search']],
  ['nothing of that kind', []],
  ['NEW issue', ['create_issue']],
  ['notion create', ['create_page']],
  ['Notion', ['create_page']],
  ['create a new issue please', ['create_issue']],
])('"%s" finds %j', (query, names) => {
  expect(found(query)).toEqual(names);
});

test.each([
  ['create_issue', 'createIssue'],
  ['createIssue', 'create-issue'],
  ['create issue', 'CreateIssue'],
  ['CREATE ISSUE', 'issues.create.issue'],
  ['createissue', 'create_issue'],
  ['http server', 'HTTPServer'],
  ['HTTPServer', 'http-server'],
  ['crêpe', 'crepe'],
  ['作成', '課題を作成する'],
])('"%s" finds %s', (query, name) => {
  expect(namesFound(query, [name])).toEqual([name]);
});

test.each([
  ['repository', ['repository', 'repositorys', 'repositoryx_list']],
  ['list', ['list', 'listen']],
  ['message', ['send_a_very_special_message_to_all', 'messages']],
])('a name that holds "%s" comes before one that only begins with it', (query, names) => {
  expect(namesFound(query, [...names].reverse())[0]).toBe(names[0]);
});

test('a word in a long description still comes before a name that only begins with it', () => {
  const described = tool('x', {
    description: `${'This is a long text about other things. '.repeat(20)} It has a note.`,
  });
  expect(found('note', [listOf('s', [tool('notes'), tool('notebook'), described])])).toEqual([
    'x',
    'notes',
    'notebook',
  ]);
});

test.each([
  ['reposirory', ['repository'], ['repository']],
  ['issues', ['issue', 'issues'], ['issues', 'issue']],
  ['issue', ['tissue', 'issues', 'issue'], ['issue', 'issues', 'tissue']],
  ['a1b2c3', ['a1b2c4'], []],
  ['maps', ['caps'], []],
])('a long word with one letter wrong finds what it resembles, and last: "%s" in %j', (query, names, expected) => {
  expect(namesFound(query, names)).toEqual(expected);
});

test('a tool that answers more of the query comes first, and a name counts for more than a description', () => {
  const lists = [
    listOf('s', [
      tool('page', { description: 'Sends a message to a channel.' }),
      tool('send_message', { description: 'Of a page.' }),
      tool('send_channel'),
    ]),
  ];
  expect(found('send message channel', lists)).toEqual(['page', 'send_message', 'send_channel']);
  expect(found('send message', lists)).toEqual(['send_message', 'page']);
  expect(found('page', lists)).toEqual(['page', 'send_message']);
});

test('tools that answer alike stay in the order of their servers, search after search', () => {
  const ranking = createToolRanking();
  const lists = [listOf('b', [tool('echo'), tool('echo')]), listOf('a', [tool('echo')])];
  const order = () => ranking.rank(lists, 'echo', true).map(({ serverName }) => serverName);
  expect(order()).toEqual(['b', 'b', 'a']);
  expect(order()).toEqual(order());
});

test('a word that most of many tools have does not push aside the words that tell them apart', () => {
  const many = Array.from({ length: 600 }, (_, number) => tool(`extra_${number}`, { description: 'An extra tool.' }));
  expect(found('extra tool number 42', [listOf('s', many)])).toEqual(['extra_42']);
  expect(found('extra tool', [listOf('s', many)])).toHaveLength(600);
});

test('a list that has changed is searched as it is now, and a server that is gone is not found any more', () => {
  const ranking = createToolRanking();
  expect(found('before', [listOf('s', [tool('before')]), NOTION], ranking)).toEqual(['before']);
  expect(found('before', [listOf('s', [tool('now')]), NOTION], ranking)).toEqual([]);
  expect(found('now', [listOf('s', [tool('now')]), NOTION], ranking)).toEqual(['now']);
  expect(found('now', [NOTION], ranking)).toEqual([]);
});

test('a search of one server finds none of another, though both were searched before', () => {
  const ranking = createToolRanking();
  expect(found('create', [GITHUB, NOTION], ranking)).toEqual(['create_issue', 'create_page']);
  expect(ranking.rank([NOTION], 'create', false).map((each) => each.tool.name)).toEqual(['create_page']);
  expect(found('create', [GITHUB, NOTION], ranking)).toEqual(['create_issue', 'create_page']);
});

test('a query that was asked before is answered for the servers that it is asked of, and as their lists are now', () => {
  const ranking = createToolRanking();
  for (let count = 0; count < 3; count += 1) {
    expect(found('create', [GITHUB, NOTION], ranking)).toEqual(['create_issue', 'create_page']);
    expect(found('create', [NOTION, GITHUB], ranking)).toEqual(['create_page', 'create_issue']);
    expect(ranking.rank([GITHUB], 'create', false).map((each) => each.tool.name)).toEqual(['create_issue']);
  }
  expect(found('create', [GITHUB, listOf('notion', [tool('create_table')])], ranking)).toEqual([
    'create_issue',
    'create_table',
  ]);
});

test('words that objects have members for are words like any other', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(namesFound(name, [name]), name).toEqual([name]);
  }
});

test('what a server sends in place of a schema or a text breaks no search', () => {
  const odd = [tool('a', { inputSchema: { properties: 7 } }), tool('b', { inputSchema: { properties: null } })];
  expect(found('a', [listOf('s', odd)])).toEqual(['a']);
});
