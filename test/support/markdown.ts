/**
 * The project's Markdown, taken apart as far as its tests need: code blocks, inline code, links, headings, front matter.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage']);
const FENCE = /^(?<indent> *)```(?<language>\w*)[^\n]*\n(?<text>.*?)^\k<indent>```/gmsu;
const LINK = /\[[^\]]*\]\((?<target>[^)\s]+)\)/gu;
const HEADING = /^#{1,6} +(?<title>.+)$/gmu;

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

export interface MarkdownFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly codeBlocks: readonly CodeBlock[];
  /** What stands between single backticks outside of code blocks. */
  readonly inlineCode: readonly string[];
  /** Targets of links, images included, outside of code. */
  readonly links: readonly string[];
  /** What a link to one of its headings may name after `#`. */
  readonly anchors: readonly string[];
}

/** Every Markdown file of the project, in order of path. */
export function markdownFiles(): readonly MarkdownFile[] {
  return filesIn('.', (name) => name.endsWith('.md')).map(readMarkdown);
}

/** The text of every TypeScript file of `src`, by path. */
export function sourceFiles(): ReadonlyMap<string, string> {
  const paths = [
    ...filesIn('src', (name) => name.endsWith('.ts')),
    ...filesIn('skills', (name) => name.endsWith('.js') || name.endsWith('.mjs')),
  ];
  return new Map(paths.map((path) => [path, readFileSync(join(PROJECT, path), 'utf8')]));
}

function filesIn(folder: string, isWanted: (name: string) => boolean): string[] {
  const entries = readdirSync(join(PROJECT, folder), { withFileTypes: true });
  const paths = entries.flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : filesIn(path, isWanted);
    return entry.isFile() && isWanted(entry.name) ? [path] : [];
  });
  return paths.sort();
}

function readMarkdown(path: string): MarkdownFile {
  const text = readFileSync(join(PROJECT, path), 'utf8');
  const prose = text.replace(FENCE, '');
  return {
    path,
    text,
    codeBlocks: [...text.matchAll(FENCE)].map(({ groups }) => ({
      language: groups?.['language'] ?? '',
      text: groups?.['text'] ?? '',
    })),
    inlineCode: [...prose.matchAll(/`([^`\n]+)`/gu)].map((match) => match[1] ?? ''),
    links: [...prose.replace(/`[^`\n]+`/gu, '').matchAll(LINK)].map(({ groups }) => groups?.['target'] ?? ''),
    anchors: [...prose.matchAll(HEADING)].map(({ groups }) => anchorOf(groups?.['title'] ?? '')),
  };
}

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/gu, '-');
}
