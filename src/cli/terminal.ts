/**
 * Everything that the command line writes. Human text goes to stdout as lines, or one JSON line for each payload
 * with `--json`; notes and problems go to stderr. Every exit is redacted, and no stranger's control character passes.
 */
import { redactText } from '../core/redaction.js';
import type { CliDependencies, TerminalOutput } from './dependencies.js';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  /** A link (OSC 8) where the terminal can show one; the text itself elsewhere. */
  link(url: string, text: string): string;
}

export interface Terminal {
  readonly json: boolean;
  /** Style of stdout; plain where it is no terminal or NO_COLOR is set. */
  readonly style: Style;
  /** Columns of stdout, for cutting descriptions. */
  readonly columns: number;
  /** A line for a person on stdout; nothing with `--json`. */
  line(text?: string): void;
  /** One JSON line on stdout, with `--json` only. */
  payload(value: unknown): void;
  /** A line for a person on stderr; nothing with `--json`. */
  note(text: string): void;
  /** What went wrong, on stderr, `--json` or not. */
  problem(text: string): void;
  /** Text as it is, on stdout: help, version, documents. */
  raw(text: string): void;
}

const DEFAULT_COLUMNS = 100;

/** Control, bidirectional and line-separating characters, and tags: what a terminal or reader could be misled by. */
const MISLEADING = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u{e0000}-\u{e007f}]/gu;

/** Text of a stranger over several lines, with nothing in it that steers a terminal. */
export function printableText(text: string): string {
  return text
    .replace(/\r\n?/gu, '\n')
    .replace(MISLEADING, (character) => (character === '\n' || character === '\t' ? character : ''));
}

/** One line of JSON that any parser reads as `value`, and that steers no terminal. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(MISLEADING, (character) => [...codeUnits(character)].join(''));
}

function* codeUnits(character: string): Generator<string> {
  for (let index = 0; index < character.length; index += 1) {
    yield `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
}

export function createTerminal(dependencies: CliDependencies, json: boolean): Terminal {
  const { stdout, stderr, env } = dependencies;
  const style = isColoured(stdout, env) ? ANSI : PLAIN;
  const quiet = isColoured(stderr, env) ? ANSI.dim : PLAIN.dim;
  return {
    json,
    style,
    columns: stdout.columns ?? DEFAULT_COLUMNS,
    line: (text = '') => {
      if (!json) write(stdout, `${text}\n`);
    },
    payload: (value) => {
      if (json) write(stdout, `${jsonLine(value)}\n`);
    },
    note: (text) => {
      if (!json) write(stderr, `${quiet(text)}\n`);
    },
    problem: (text) => write(stderr, `${text}\n`),
    raw: (text) => write(stdout, text),
  };
}

function write(stream: TerminalOutput, text: string): void {
  stream.write(redactText(text));
}

/** https://no-color.org: any value but the empty one. */
function isColoured(stream: TerminalOutput, env: CliDependencies['env']): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

const PLAIN: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  bad: (text) => text,
  link: (_url, text) => text,
};

const ANSI: Style = {
  bold: (text) => `\x1b[1m${text}\x1b[22m`,
  dim: (text) => `\x1b[2m${text}\x1b[22m`,
  good: (text) => `\x1b[32m${text}\x1b[39m`,
  bad: (text) => `\x1b[31m${text}\x1b[39m`,
  link: (url, text) => `\x1b]8;;${url}\x1b\\${text}\x1b]8;;\x1b\\`,
};
