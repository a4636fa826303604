/** How long an operation may go without a sign of life: progress begins the time anew, a question to the user stops it. */

export interface Deadline {
  /** Aborted when the time is over, or by the caller. */
  readonly signal: AbortSignal;
  /** A sign of life. */
  restart(): void;
  /** No time passes until the returned function is called; the total goes on. */
  pause(): () => void;
  isOver(): boolean;
  /** The operation has ended: nothing more will happen. */
  end(): void;
}

/** Over `idleMs` after the last sign of life, or `totalMs` after the beginning. */
export function startDeadline(idleMs: number, totalMs: number, caller?: AbortSignal): Deadline {
  const controller = new AbortController();
  let over = false;
  let pauses = 0;
  let idle: NodeJS.Timeout | undefined;

  const onAbort = (): void => controller.abort(caller?.reason);
  const end = (): void => {
    clearTimeout(idle);
    clearTimeout(total);
    caller?.removeEventListener('abort', onAbort);
    // Whoever still pauses it begins nothing anew.
    pauses = Number.POSITIVE_INFINITY;
  };
  const expire = (): void => {
    over = true;
    end();
    controller.abort(new Error('The time is over.'));
  };
  const restart = (): void => {
    clearTimeout(idle);
    if (pauses === 0) idle = setTimeout(expire, idleMs);
  };
  const total = setTimeout(expire, totalMs);
  caller?.addEventListener('abort', onAbort, { once: true });
  restart();

  return {
    signal: controller.signal,
    restart,
    pause() {
      pauses += 1;
      clearTimeout(idle);
      let isPaused = true;
      return () => {
        if (isPaused) pauses -= 1;
        isPaused = false;
        restart();
      };
    },
    isOver: () => over,
    end,
  };
}
