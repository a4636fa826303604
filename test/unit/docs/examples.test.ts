import { type ParseError, parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { serversFileSchema } from '../../../src/catalog/parse-entry.js';
import { markdownFiles } from '../../support/markdown.js';

const blocks = markdownFiles().flatMap(({ path, codeBlocks }) => codeBlocks.map((block) => ({ path, ...block })));
const json = blocks.filter(({ language }) => language === 'json');
const jsonc = blocks.filter(({ language }) => language === 'jsonc');

describe('an example in the documentation', () => {
  it('is there in both forms', () => {
    expect(json.length).toBeGreaterThan(2);
    expect(jsonc.length).toBeGreaterThan(5);
  });

  it.each(json.map(({ path, text }) => [path, firstWords(text), text]))(
    'of JSON parses: %s %s',
    (_path, _words, text) => {
      expect(() => JSON.parse(text)).not.toThrow();
    },
  );

  it.each(jsonc.map(({ path, text }) => [path, firstWords(text), text]))(
    'of JSON with comments parses: %s %s',
    (_path, _words, text) => {
      expect(parsedWithComments(text).errors).toEqual([]);
    },
  );

  it('of TypeScript stands where it is type-checked: in the skill for builders, or beside the source', () => {
    const typed = blocks.filter(({ language }) => /^(?:ts|typescript|js|javascript)$/u.test(language));
    expect(typed.length).toBeGreaterThan(5);
    expect(typed.filter(({ path }) => !/^(?:skills\/mcp-oauth-setup|src)\//u.test(path))).toEqual([]);
  });

  const serversFiles = [...json, ...jsonc].filter(({ text }) => text.includes('"mcpServers"'));

  it.each(serversFiles.map(({ path, text }) => [path, firstWords(text), text]))(
    'of servers.json is one that the broker takes, with no key that it does not know: %s %s',
    (_path, _words, text) => {
      const { value } = parsedWithComments(text);
      const taken = serversFileSchema.parse(value);
      expect(taken).toMatchObject(value as object);
    },
  );
});

function parsedWithComments(text: string): { readonly value: unknown; readonly errors: readonly ParseError[] } {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: false });
  return { value, errors };
}

function firstWords(text: string): string {
  return text.replace(/\s+/gu, ' ').trim().slice(0, 50);
}
