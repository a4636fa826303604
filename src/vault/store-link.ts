/**
 * The way to a store on another machine: connections that break, stall or are refused for a while.
 * Each operation is tried again on a new connection until it is answered or the time is over, so every operation
 * must be one that does no harm when it is done twice (compare-and-swap with an identifier of its own).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from '../core/errors.js';
import {
  STORE_ATTEMPT_TIMEOUT_MS,
  STORE_OPEN_TIMEOUT_MS,
  STORE_RETRY_MS,
  VAULT_BUSY_TIMEOUT_MS,
} from '../core/limits.js';

export interface StoreTimeouts {
  /** How long an operation is tried before it is `vault_busy`. Default VAULT_BUSY_TIMEOUT_MS. */
  readonly busyTimeoutMs?: number | undefined;
  /** How long one attempt may go without an answer. Default STORE_ATTEMPT_TIMEOUT_MS. */
  readonly attemptTimeoutMs?: number | undefined;
  /** An address at which nobody listens is given up at once: for somebody who waits at a terminal. Default false. */
  readonly failsFast?: boolean | undefined;
}

export interface StoreDriver<C> {
  /** Opens a connection; rejects when it cannot be had. */
  connect(): Promise<C>;
  /** Drops it at once; what is in flight on it fails. */
  disconnect(connection: C): void;
  /** What a failure means: a `BrokerError` ends the operation, undefined says that the store is away for the moment. */
  translate(error: unknown): BrokerError | undefined;
}

export interface StoreLink<C> {
  /** @param operation `attempt` is 0, or how many before it were sent and never answered. */
  run<T>(operation: (connection: C, attempt: number) => Promise<T>, patience?: Patience): Promise<T>;
  close(): Promise<void>;
}

/** How long an operation is tried. */
interface Patience {
  readonly busyTimeoutMs: number;
  readonly failsFast: boolean;
}

/** While a store is opened: an address that was mistyped is told sooner than one that has answered before. */
export function patienceOfOpening({ busyTimeoutMs, failsFast = false }: StoreTimeouts): Patience {
  return { busyTimeoutMs: busyTimeoutMs ?? (failsFast ? STORE_ATTEMPT_TIMEOUT_MS : STORE_OPEN_TIMEOUT_MS), failsFast };
}

/** @param shown the store's address as a person may see it. */
export function createStoreLink<C>(driver: StoreDriver<C>, shown: string, timeouts: StoreTimeouts = {}): StoreLink<C> {
  const { busyTimeoutMs: busyMs = VAULT_BUSY_TIMEOUT_MS, attemptTimeoutMs = STORE_ATTEMPT_TIMEOUT_MS } = timeouts;
  const usual: Patience = { busyTimeoutMs: busyMs, failsFast: false };
  let current: Promise<C> | undefined;
  let isOpen = true;
  let absence: { readonly since: number; readonly seenAt: number } | undefined;

  async function run<T>(
    operation: (connection: C, attempt: number) => Promise<T>,
    { busyTimeoutMs, failsFast }: Patience = usual,
  ): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      if (!isOpen) throw new TypeError('The store is closed.');
      const startedAt = performance.now();
      const since = awaySince(startedAt);
      const limitMs = attemptLimit(busyTimeoutMs - (startedAt - since), busyTimeoutMs);
      const answer = await attemptOnce(operation, attempt, limitMs);
      if (answer.kind === 'answered') return answer.value;
      const seenAt = performance.now();
      absence = { since, seenAt };
      const isOver = seenAt - since >= busyTimeoutMs;
      if (isOver || (failsFast && whyNobodyAnswers(answer.cause) !== undefined)) throw away(shown, answer.cause);
      // Jitter, so that the processes of a team do not come back at the same instant.
      await sleep(STORE_RETRY_MS * (0.5 + Math.random()));
    }
  }

  /**
   * What one call does in the store is several operations: all of them together wait once for a store that is away,
   * and each that comes later is tried once.
   */
  function awaySince(now: number): number {
    return absence !== undefined && now - absence.seenAt < busyMs ? absence.since : now;
  }

  function attemptLimit(leftMs: number, busyTimeoutMs: number): number {
    return Math.min(attemptTimeoutMs, leftMs > 0 ? leftMs : busyTimeoutMs);
  }

  async function attemptOnce<T>(
    operation: (connection: C, attempt: number) => Promise<T>,
    attempt: number,
    ms: number,
  ) {
    current ??= driver.connect();
    const connecting = current;
    try {
      const connection = await inTime(connecting, ms);
      const value = await inTime(operation(connection, attempt), ms);
      absence = undefined;
      return { kind: 'answered', value } as const;
    } catch (error) {
      if (error instanceof BrokerError || (error instanceof TypeError && !isSystemError(error))) throw error;
      const failure = driver.translate(error);
      if (failure !== undefined) {
        if (!(await isConnected(connecting))) forget(connecting);
        throw failure;
      }
      forget(connecting);
      return { kind: 'unanswered', cause: error } as const;
    }
  }

  /** One that stalls is given up by everybody who waits on it. */
  function forget(connecting: Promise<C>): void {
    if (current === connecting) current = undefined;
    connecting.then(
      (connection) => driver.disconnect(connection),
      () => undefined,
    );
  }

  return {
    run,
    async close() {
      isOpen = false;
      if (current !== undefined) forget(current);
    },
  };
}

class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

async function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new UnansweredError(`No answer within ${Math.round(ms)} ms.`)), ms);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
    // It may still fail when its connection is dropped, and nobody listens any more.
    answer.catch(() => undefined);
  }
}

function isConnected(connecting: Promise<unknown>): Promise<boolean> {
  return connecting.then(
    () => true,
    () => false,
  );
}

/** Node reports an address that cannot be connected to as a TypeError with a code; without one it is our mistake. */
function isSystemError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string';
}

/** A certificate that is not accepted will not be so a second later. The codes are OpenSSL's, as Node gives them. */
export function isCertificateError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(?:CERT_|ERR_TLS_CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_)/u.test(code);
}

/** Of an address at which no store listens; undefined where one may. */
function whyNobodyAnswers(cause: unknown): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED') return 'the connection is refused';
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'its host name cannot be found' : undefined;
}

function away(shown: string, cause: unknown): BrokerError {
  const why = whyNobodyAnswers(cause) ?? 'there was no answer in time';
  return new BrokerError('vault_busy', `The store at ${shown} does not answer: ${why}. Nothing is lost.`, {
    retryable: true,
    cause,
    nextStep:
      'Tell the user to see to it that this store runs and can be reached, or to correct its address (MCP_OAUTH_STORE, or --to of migrate). Call again in a few seconds.',
  });
}
