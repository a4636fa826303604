/**
 * The TypeScript of a skill as the files that a reader makes of it: each block names its file in the first line.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import ts from 'typescript';
import { markdownFiles, PROJECT } from './markdown.js';

const FILE_NAME = /^\/\/ ([a-z][a-z-]*\.ts)$/mu;

export interface SkillModules {
  readonly fileNames: readonly string[];
  /** What the compiler finds wrong, as it would print it; empty: nothing. */
  complaints(): readonly string[];
  load(fileName: string): Promise<unknown>;
  remove(): Promise<void>;
}

/** Writes the blocks of every Markdown file of that skill into a temporary folder beside the project's packages. */
export async function writeSkillModules(skill: string): Promise<SkillModules> {
  const blocks = markdownFiles()
    .filter(({ path }) => path.startsWith(`skills/${skill}/`))
    .flatMap(({ codeBlocks }) => codeBlocks.filter(({ language }) => language === 'ts'));
  const files = new Map(blocks.map(({ text }) => [fileNameOf(text), text]));
  const folder = await mkdtemp(join(tmpdir(), 'mcp-oauth-skill-'));
  await mkdir(join(folder, 'built'));
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of files) {
    const { code } = await transform(text, { loader: 'ts', target: 'node20' });
    await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'built', name.replace(/\.ts$/u, '.js')), code);
  }
  return {
    fileNames: [...files.keys()].sort(),
    complaints: () => typeCheck([...files.keys()].map((name) => join(folder, name))),
    load: (fileName) =>
      import(/* @vite-ignore */ pathToFileURL(join(folder, 'built', fileName.replace(/\.ts$/u, '.js'))).href),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function fileNameOf(text: string): string {
  const name = FILE_NAME.exec(text.split('\n')[0] ?? '')?.[1];
  if (name === undefined) throw new Error(`a block that names no file: ${text.slice(0, 60)}`);
  return name;
}

function typeCheck(paths: readonly string[]): string[] {
  const program = ts.createProgram([...paths], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitReturns: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [join(PROJECT, 'node_modules/@types')],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, start = 0, messageText }) =>
        `${file?.fileName.split('/').at(-1)}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}
