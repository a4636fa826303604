/** The brake on a program that ends as soon as it is started: a few starts a minute, then none until one is forgotten. */
import type { Clock } from '../core/clock.js';
import { BrokerError } from '../core/errors.js';
import { SUBPROCESS_FAILED_STARTS_MAX, SUBPROCESS_FAILED_STARTS_WINDOW_MS } from '../core/limits.js';

export interface StartLimit {
  /**
   * Counts a start; the result takes it back, for a process that did not end by itself.
   * @throws {BrokerError} `upstream_unreachable`, with the time to wait, after too many that did.
   */
  begin(): () => void;
}

export function createStartLimit(clock: Clock): StartLimit {
  let starts: readonly { readonly at: number }[] = [];
  return {
    begin() {
      const now = clock.now();
      starts = starts.filter(({ at }) => now - at < SUBPROCESS_FAILED_STARTS_WINDOW_MS);
      const [oldest] = starts;
      if (oldest !== undefined && starts.length >= SUBPROCESS_FAILED_STARTS_MAX)
        throw endsAtOnce(SUBPROCESS_FAILED_STARTS_WINDOW_MS - (now - oldest.at));
      const start = { at: now };
      starts = [...starts, start];
      return () => {
        starts = starts.filter((other) => other !== start);
      };
    },
  };
}

function endsAtOnce(waitMs: number): BrokerError {
  return new BrokerError(
    'upstream_unreachable',
    `the server's process ended by itself ${SUBPROCESS_FAILED_STARTS_MAX} times within a minute, so it is not started for now`,
    {
      retryable: true,
      retryAfterSeconds: Math.ceil(waitMs / 1_000),
      nextStep:
        'Ask the user to run the command of this server (servers.json) in a terminal and to mend what it says there; with MCP_OAUTH_LOG=debug the log of the broker shows it as well. After retryAfterSeconds it is started again.',
    },
  );
}
