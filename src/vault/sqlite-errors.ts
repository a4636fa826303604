/**
 * What a failing SQLite means to the broker, and the wait for another process that is writing.
 * Only result codes are looked at. Nothing here changes or removes a file.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from '../core/errors.js';
import { SQLITE_BUSY_TIMEOUT_MS } from '../core/limits.js';
import { sqliteResultCode } from './sqlite-driver.js';

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * Runs `operation` until no other process is in its way, at most `timeoutMs`.
 * The driver itself waits only briefly, since that stops this whole process; the rest is waited here, with jitter.
 * @throws {BrokerError} `vault_busy` or `vault_unreadable`; nothing was changed then.
 */
export async function retryWhileBusy<T>(operation: () => T, timeoutMs: number): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const attempt = attemptOnce(operation);
    if (attempt.outcome === 'done') return attempt.result;
    if (performance.now() - startedAt >= timeoutMs) {
      throw new BrokerError('vault_busy', 'Another process kept the vault busy for too long.', {
        retryable: true,
        cause: attempt.cause,
      });
    }
    await sleep(1 + Math.random() * SQLITE_BUSY_TIMEOUT_MS);
  }
}

type Attempt<T> =
  | { readonly outcome: 'done'; readonly result: T }
  | { readonly outcome: 'busy'; readonly cause: unknown };

function attemptOnce<T>(operation: () => T): Attempt<T> {
  try {
    return { outcome: 'done', result: operation() };
  } catch (cause) {
    const code = sqliteResultCode(cause);
    if (code === SQLITE_BUSY || code === SQLITE_LOCKED) return { outcome: 'busy', cause };
    // A programming mistake stays one.
    throw cause instanceof BrokerError || cause instanceof TypeError ? cause : vaultError(code, cause);
  }
}

function vaultError(code: number | undefined, cause: unknown): BrokerError {
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new BrokerError('vault_unreadable', 'The vault file is damaged. It was left as it is.', {
        cause,
        nextStep: 'Tell the user to put a copy of the vault file in its place, or to move it away and sign in again.',
      });
    case SQLITE_READONLY:
      return new BrokerError(
        'vault_unreadable',
        'The vault is read-only: what is in it can be used, nothing can be stored.',
        { cause },
      );
    case SQLITE_FULL:
      return new BrokerError('vault_unreadable', 'The vault cannot be written: the disk is full.', {
        cause,
        retryable: true,
      });
    case SQLITE_IOERR:
      return new BrokerError(
        'vault_unreadable',
        'The vault cannot be read or written: the disk answered with an error.',
        {
          cause,
          retryable: true,
        },
      );
    default:
      return new BrokerError('vault_unreadable', 'The vault file cannot be opened.', { cause });
  }
}
