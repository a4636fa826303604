/** T86: JSON of a stranger is bounded, and never quoted in an error. */
import { describe, expect, it } from 'vitest';
import { isDeeperThan, parseBoundedJson } from '../../../src/core/bounded-json.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('T86 bounded JSON', () => {
  it('reads JSON from text and bytes, with and without a byte order mark', () => {
    expect(parseBoundedJson('{"a":[1,"}]"]}')).toEqual({ a: [1, '}]'] });
    expect(parseBoundedJson(bytes('{"a":1}'))).toEqual({ a: 1 });
    expect(parseBoundedJson('\uFEFF{"a":1}')).toEqual({ a: 1 });
    expect(parseBoundedJson(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]))).toBe(1);
  });

  it('accepts 32 levels and refuses 33', () => {
    expect(() => parseBoundedJson('['.repeat(32) + ']'.repeat(32))).not.toThrow();
    expect(() => parseBoundedJson('['.repeat(33) + ']'.repeat(33))).toThrow(SyntaxError);
    expect(() => parseBoundedJson(`${'{"a":'.repeat(4_500)}1${'}'.repeat(4_500)}`)).toThrow(SyntaxError);
  });

  it('does not count brackets within strings', () => {
    expect(parseBoundedJson(JSON.stringify({ a: `"${'['.repeat(100)}\\` }))).toEqual({ a: `"${'['.repeat(100)}\\` });
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseBoundedJson(new Uint8Array([0x22, 0xff, 0x22]))).toThrow(SyntaxError);
    expect(() => parseBoundedJson(Buffer.from('{"a":1}', 'utf16le'))).toThrow(SyntaxError);
  });

  it.each(['', '{', '{"access_token":"canary-4711"', 'canary-4711'])(
    'does not quote what it cannot read: %s',
    (text) => {
      let message = '';
      try {
        parseBoundedJson(text);
      } catch (error) {
        message = `${String(error)} ${String((error as Error).cause)}`;
      }
      expect(message).toContain('SyntaxError');
      expect(message).not.toContain('canary');
    },
  );

  it('makes no prototype of a member called __proto__', () => {
    const parsed = parseBoundedJson('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

it('the depth of a value is told without recursion', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level += 1) deep = level % 2 === 0 ? [deep] : { deep };
  expect(isDeeperThan(deep, 256)).toBe(true);
  expect(isDeeperThan({ a: [{ b: 1 }] }, 3)).toBe(false);
  expect(isDeeperThan({ a: [{ b: 1 }] }, 2)).toBe(true);
  expect(isDeeperThan('text', 0)).toBe(false);
});
