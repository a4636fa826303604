/**
 * A child with everything that it started: asked to leave by the end of its standard input, then by TERM, then killed.
 * A wrapper such as npx may be gone while the server that it started is not, so it is the group that counts.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  SUBPROCESS_GROUP_POLL_MS,
  SUBPROCESS_KILL_WAIT_MS,
  SUBPROCESS_STDIN_END_WAIT_MS,
  SUBPROCESS_TERM_WAIT_MS,
} from '../core/limits.js';

export interface ProcessGroup {
  /** Ends whatever of the group still runs. Takes less than a process may to leave; never throws. */
  end(): Promise<void>;
}

const isWindows = process.platform === 'win32';

/** Groups that may still run: whatever ends this process, they end before it. */
const running = new Set<ChildProcess>();

/** @param child started as the leader of a group of its own (`detached`; Windows has none, there its tree is meant). */
export function processGroup(child: ChildProcess): ProcessGroup {
  watchOwnExit();
  running.add(child);
  let ending: Promise<void> | undefined;

  async function end(): Promise<void> {
    child.stdin?.end();
    if (await isGoneWithin(child, SUBPROCESS_STDIN_END_WAIT_MS)) return;
    signalGroup(child, 'SIGTERM');
    if (await isGoneWithin(child, SUBPROCESS_TERM_WAIT_MS)) return;
    signalGroup(child, 'SIGKILL');
    await isGoneWithin(child, SUBPROCESS_KILL_WAIT_MS);
  }

  return {
    end: () => {
      ending ??= end().finally(() => running.delete(child));
      return ending;
    },
  };
}

let isWatchingOwnExit = false;

/** There is no time left to ask: nothing asynchronous happens any more. */
function watchOwnExit(): void {
  if (isWatchingOwnExit) return;
  isWatchingOwnExit = true;
  process.once('exit', () => {
    for (const child of running) killNow(child);
  });
}

function killNow(child: ChildProcess): void {
  if (!isWindows) signalGroup(child, 'SIGKILL');
  else if (isAlive(child)) spawnSync(taskkill(), treeArguments(child), { stdio: 'ignore', windowsHide: true });
}

async function isGoneWithin(child: ChildProcess, milliseconds: number): Promise<boolean> {
  const startedAt = performance.now();
  while (isAlive(child)) {
    if (performance.now() - startedAt >= milliseconds) return false;
    await delay(SUBPROCESS_GROUP_POLL_MS);
  }
  return true;
}

function isAlive(child: ChildProcess): boolean {
  if (child.pid === undefined) return false;
  if (isWindows) return child.exitCode === null && child.signalCode === null;
  return sendsTo(child.pid, 0);
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (!isWindows) {
    sendsTo(child.pid, signal);
    return;
  }
  // A console program has no window that could be asked to close, so its tree is killed at once.
  spawn(taskkill(), treeArguments(child), { stdio: 'ignore', windowsHide: true }).on('error', () => child.kill());
}

/** False where the group has nobody left that we could signal. */
function sendsTo(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

/** By its whole path: what a search of the current folder would find is not ours. */
function taskkill(): string {
  return `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\taskkill.exe`;
}

function treeArguments(child: ChildProcess): string[] {
  return ['/T', '/F', '/PID', String(child.pid)];
}
