/** The portable scripts as the documentation calls them: script and options exist, and none goes unmentioned. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { markdownFiles, PROJECT } from '../../support/markdown.js';

const FOLDER = join(PROJECT, 'skills/mcp-server-oauth/scripts');
const COMMAND = /\bnode (?:\S*\/)?scripts\/(?<script>[\w-]+\.js)(?<rest>[^|&;]*)/u;
const OPTION = /(?:^|\s)--(?<name>[a-z-]+)/gu;
const DECLARATIONS = /^const OPTIONS = .*?\n?\}\)?;$/msu;
const DECLARED = /'?(?<name>[a-z][a-z-]*)'?: (?:\{ type: '|TEXT\b|FLAG\b)/gu;

const files = markdownFiles();
const commands = files.flatMap(({ path, codeBlocks, inlineCode }) =>
  [...codeBlocks.flatMap(({ text }) => text.replace(/\\\n/gu, ' ').split('\n')), ...inlineCode].flatMap((line) => {
    const { script, rest = '' } = COMMAND.exec(line)?.groups ?? {};
    return script === undefined ? [] : [{ path, script, options: optionsIn(rest) }];
  }),
);
const scripts = readdirSync(FOLDER).filter((name) => name.endsWith('.js'));

describe('a command line of a portable script in the documentation', () => {
  it('is found for each script', () => {
    expect([...new Set(commands.map(({ script }) => script))].sort()).toEqual(scripts);
  });

  it.each(commands.map(({ path, script, options }) => [path, script, options] as const))(
    '%s: %s has the options %j',
    (_path, script, options) => {
      expect(scripts).toContain(script);
      expect(optionsOf(script)).toEqual(expect.arrayContaining([...options]));
    },
  );
});

describe('the options of a portable script', () => {
  const reference = files.find(({ path }) => path === 'skills/mcp-server-oauth/references/scripts.md')?.text ?? '';

  it.each(scripts)('%s are all in its reference', (script) => {
    const options = optionsOf(script);
    expect(options.length).toBeGreaterThan(0);
    expect(options.filter((name) => !new RegExp(`--${name}(?![a-z-])`, 'u').test(reference))).toEqual([]);
  });
});

function optionsIn(words: string): string[] {
  return [...words.matchAll(OPTION)].map(({ groups }) => groups?.['name'] ?? '');
}

function optionsOf(script: string): string[] {
  const text = readFileSync(join(FOLDER, script), 'utf8');
  const declarations = DECLARATIONS.exec(text)?.[0] ?? '';
  return [...declarations.matchAll(DECLARED)].map(({ groups }) => groups?.['name'] ?? '');
}
