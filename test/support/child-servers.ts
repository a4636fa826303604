/** Servers that are programs, to be started by the broker: hand-made ones with bad habits, and one of the SDK. */
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type Habit =
  | 'behind-a-wrapper'
  | 'ignores-signals'
  | 'ignores-the-end'
  | 'ends-at-once'
  | 'greets'
  | 'keeps-silent'
  | 'ends-before-initialize'
  | 'silent-before-initialize';

/** `command` and `args` of an entry. */
export interface ChildServer {
  readonly command: string;
  readonly args: readonly string[];
}

/** Of 2025-11-25. Its tools: `environment`, `process`, `echo`, `end`, `answer-and-end`, `flood`, `hang`, `report`. */
export function childServer(...habits: readonly Habit[]): ChildServer {
  return program('child-server.mjs', habits);
}

/** Of 2026-07-28; it serves the older revisions too, unless that is all it does. Its tool: `ping`. */
export function modernChildServer(...habits: readonly 'modern-only'[]): ChildServer {
  return program('modern-child-server.mjs', habits);
}

/** Its tool `whoami` asks the API at `GITHUB_API_URL`, with `GITHUB_TOKEN`. */
export function apiChildServer(): ChildServer {
  return program('api-child-server.mjs', []);
}

function program(file: string, habits: readonly string[]): ChildServer {
  return { command: process.execPath, args: [fileURLToPath(new URL(file, import.meta.url)), ...habits] };
}

/** The JSON in the text of a tool's result. */
export function jsonOf(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [block] = result['content'] as readonly { readonly text: string }[];
  return JSON.parse(block?.text ?? '') as Readonly<Record<string, unknown>>;
}

/** Process ids of every server that wrote its start into `file`, oldest first. */
export async function startsIn(file: string): Promise<readonly number[]> {
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return [];
  return (await readFile(file, 'utf8')).trim().split('\n').map(Number);
}

/** Resolves when there is no such process, or only what its parent has not asked after yet. */
export async function processGone(pid: number): Promise<void> {
  while (await isRunning(pid)) await delay(20);
}

export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /u.test(state) && state !== '';
}
