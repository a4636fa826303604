/** T64: what a stranger's text is made into before it is shown. */
import { expect, test } from 'vitest';
import { displayText, plainText } from '../../../src/core/display-text.js';

const HIDDEN = `\u001b[31mred\u001b[0m\u0007 \u202Eevil\u2066 a\u200Bb\u{E0041}\u{E0042} \uD800 \u0085\u2028end`;

test('T64 text on one line keeps nothing that moves a cursor, turns the reading direction or cannot be seen', () => {
  expect(displayText(`one\r\ntwo\tthree ${HIDDEN}`)).toBe('one two three  [31mred [0m   evil  a b     end');
});

test('T64 text of several lines keeps its lines and tabs, and nothing else of that kind', () => {
  expect(plainText(`one\r\ntwo\rthree\n\tfour ${HIDDEN}`, 1_000)).toBe(
    'one\ntwo\nthree\n\tfour [31mred[0m evil ab  end',
  );
});

test.each([displayText, plainText])('T64 long text is cut, and says so', (shown) => {
  expect(shown('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`);
  expect(shown('x'.repeat(10), 10)).toBe('x'.repeat(10));
  expect(shown('\u0000'.repeat(1_000_000), 10)).toBe('');
});
