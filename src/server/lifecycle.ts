/**
 * Notices that nobody is listening any more: standard input ended, standard output is gone, a signal came,
 * or the host died without closing anything.
 */

import { PARENT_POLL_MS } from '../core/limits.js';
import type { Log } from '../core/log.js';

export type EndReason = 'stdin_end' | 'stdout_gone' | 'signal' | 'parent_gone' | 'uncaught_exception';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Calls `end` at the first sign of the end, and at most once. A dead standard error is none: the log looks after that. */
export function watchForEnd(end: (reason: EndReason) => void, log: Log): void {
  let ended = false;
  const endOnce = (reason: EndReason) => {
    if (ended) return;
    ended = true;
    clearInterval(parentWatch);
    end(reason);
  };

  process.stdin.once('end', () => endOnce('stdin_end'));
  process.stdin.once('close', () => endOnce('stdin_end'));
  process.stdin.on('error', () => endOnce('stdin_end'));
  process.stdout.on('error', () => endOnce('stdout_gone'));
  for (const signal of SIGNALS) process.on(signal, () => endOnce('signal'));

  // Where the host was killed and its pipe lives on in another process (a wrapper such as npx), input never ends.
  const parentAtStart = process.ppid;
  const parentWatch = setInterval(() => {
    if (process.ppid !== parentAtStart) endOnce('parent_gone');
  }, PARENT_POLL_MS);
  parentWatch.unref();

  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed and nobody waited for it'));
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'an exception that nobody caught');
    endOnce('uncaught_exception');
  });
}
