/** Work that goes on after the call that began it was answered; it ends with the process at the latest. */
import type { Log } from './log.js';

export interface Background {
  /** Starts `work`, where none of that name is under way. What it throws is logged, unless it was ended. */
  start(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts what goes on, and resolves when all of it has ended. Nothing starts any more. */
  close(): Promise<void>;
}

export function createBackground(log: Log): Background {
  const running = new Map<string, Promise<void>>();
  const end = new AbortController();

  async function guarded(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(end.signal);
    } catch (error) {
      if (!end.signal.aborted) log.warn({ cause: String(error) }, 'work in the background has failed');
    }
  }

  return {
    start(name, work) {
      if (end.signal.aborted || running.has(name)) return;
      const done = guarded(work).finally(() => running.delete(name));
      running.set(name, done);
    },
    async close() {
      end.abort();
      await Promise.all(running.values());
    },
  };
}
