/** The TypeScript of a README beside the source it is about: it type-checks as a file of that folder. */
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { markdownFiles, PROJECT } from '../../support/markdown.js';

/** What the reader has, and the examples leave out. */
const AROUND = `
declare const homeDirectory: string;
declare const systemClock: import('../core/clock.js').Clock;
declare const log: import('../core/log.js').Log;
`;

const examples = markdownFiles().flatMap(({ path, codeBlocks }) =>
  path.startsWith('src/')
    ? codeBlocks.filter(({ language }) => language === 'ts').map(({ text }) => [path, text] as const)
    : [],
);

describe('an example of TypeScript in the source', () => {
  it.each(examples)('of %s type-checks', (path, text) => {
    expect(complaints(join(PROJECT, dirname(path), 'readme-example.ts'), text)).toEqual([]);
  });
});

/** What the compiler finds wrong with a file of that name and text, which need not exist. */
function complaints(fileName: string, text: string): string[] {
  const { config } = ts.readConfigFile(join(PROJECT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, PROJECT);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  const contents = `${text}\n${AROUND}`;
  host.fileExists = (path) => path === fileName || fileExists(path);
  host.readFile = (path) => (path === fileName ? contents : readFile(path));
  host.getSourceFile = (path, ...rest) =>
    path === fileName ? ts.createSourceFile(path, contents, rest[0], true) : getSourceFile(path, ...rest);
  const program = ts.createProgram([fileName], options, host);
  const file = program.getSourceFile(fileName);
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, ' '),
  );
}
