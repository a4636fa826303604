import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { refuseSecretArguments } from '../../../src/cli/secret-arguments.js';
import type { Terminal } from '../../../src/cli/terminal.js';
import { markdownFiles } from '../../support/markdown.js';

const COMMAND = 'mcp-oauth-broker';

const lines = markdownFiles().flatMap(({ path, codeBlocks, inlineCode }) =>
  [...codeBlocks.filter(({ language }) => language === 'bash').flatMap(({ text }) => text.split('\n')), ...inlineCode]
    .map(commandOf)
    .filter((argv) => argv !== undefined)
    .map((argv) => [path, argv.join(' '), argv] as const),
);

describe('a command line in the documentation', () => {
  it('is found in code blocks and in the text', () => {
    expect(lines.length).toBeGreaterThan(15);
  });

  it.each(lines)('%s: mcp-oauth-broker %s', async (_path, _shown, argv) => {
    await expect(understood(argv)).resolves.toBe(true);
  });

  it.each([
    ['an unknown option', ['connect', 'x', '--frobnicate']],
    ['an unknown command', ['frobnicate']],
    ['a missing argument', ['connect']],
    ['one argument too many', ['tools', 'x', 'y']],
    ['a secret', ['connect', 'x', '--client-secret=abc']],
  ])('would not be understood with %s', async (_what, argv) => {
    await expect(understood(argv)).rejects.toThrow();
  });
});

/** Whether the program knows the command with these arguments; nothing is run. */
async function understood(argv: readonly string[]): Promise<boolean> {
  let isRun = argv.length === 0;
  const separatorAt = argv.indexOf('--');
  const program = createProgram({
    version: '0.0.0',
    terminal: { raw: () => {} } as unknown as Terminal,
    afterSeparator: separatorAt < 0 ? undefined : argv.slice(separatorAt + 1),
    run: async () => {
      isRun = true;
    },
  });
  refuseSecretArguments(separatorAt < 0 ? argv : argv.slice(0, separatorAt));
  if (!isRun) await program.parseAsync([...argv], { from: 'user' });
  return isRun;
}

/** The arguments after the command's name, in a line of a shell; undefined where the line is about something else. */
function commandOf(line: string): string[] | undefined {
  const words = [...line.replace(/ #.*$/u, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  // Before `--` it is the name that a host gives to what follows.
  const at = words.findIndex((word, index) => word === COMMAND && words[index + 1] !== '--');
  if (at < 0) return undefined;
  const after = words.slice(at + 1);
  const pipeAt = after.findIndex((word) => ['|', '&&', ';', '>'].includes(word));
  return pipeAt < 0 ? after : after.slice(0, pipeAt);
}
