/** Where the next page of a search begins. */
import { expect, test } from 'vitest';
import { cursorAfter, shownBefore } from '../../../src/broker/search-cursor.js';
import { BrokerError } from '../../../src/core/errors.js';

const tools = (...names: readonly string[]) =>
  names.map((name) => ({ serverName: 's', tool: { name, inputSchema: {} } }));
const QUESTION = { query: 'issue', serverName: 's' };
const CURSOR = cursorAfter(tools('a', 'b', 'c', 'd'), 2, QUESTION);

test.each([
  { case: 'the same tools', found: tools('a', 'b', 'c', 'd'), next: 'c' },
  { case: 'a new tool before', found: tools('new', 'a', 'b', 'c', 'd'), next: 'c' },
  { case: 'a tool gone before', found: tools('b', 'c', 'd'), next: 'c' },
  { case: 'the last one gone', found: tools('a', 'c', 'd'), next: 'd' },
  { case: 'the last one again, further on', found: tools('a', 'c', 'b', 'b', 'd'), next: 'd' },
  { case: 'the last one twice, and in its place', found: tools('b', 'b', 'c'), next: 'c' },
  { case: 'nothing left', found: [], next: undefined },
])('$case: it goes on after what was shown', ({ found, next }) => {
  expect(found[shownBefore(found, CURSOR, QUESTION)]?.tool.name).toBe(next);
});

test('without a cursor it begins', () => {
  expect(shownBefore(tools('a'), undefined, QUESTION)).toBe(0);
});

test.each([{ query: 'other', serverName: 's' }, { query: 'issue' }, { serverName: 's' }, {}])(
  'a cursor of another search is refused: %j',
  (question) => {
    expect(() => shownBefore(tools('a', 'b', 'c'), CURSOR, question)).toThrow(/another search/);
  },
);

test.each(['', 'x', 'bnVsbA', 'e30', 'WzEsMl0', btoa('["", -1]'), btoa('["",1e99]'), '\u0000', '%%%'])(
  'what is no cursor is refused: %j',
  (cursor) => {
    expect(() => shownBefore(tools('a', 'b', 'c'), cursor, QUESTION)).toThrow(BrokerError);
  },
);
