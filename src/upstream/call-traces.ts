/**
 * Ties an operation to the HTTP exchange that carries it. The SDK passes a request's headers from the
 * operation to its transport, so a tag among them (taken off before anything is sent) names the call:
 * the transport can then end the exchange with the operation, and say why its stream failed.
 * What the server sends by that exchange belongs to the call, which the asynchronous context tells.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Host } from '../core/host.js';
import { EXCHANGE_END_GRACE_MS } from '../core/limits.js';

/** Never leaves the process. */
export const CALL_TAG_HEADER = 'x-broker-call';

export interface CallTrace {
  readonly tag: string;
  /** Whom the server may ask while it works on this call. */
  readonly host: Host | undefined;
  /** Aborted when the operation is over, whatever it came to. */
  readonly over: AbortSignal;
  /** Aborted when it is over and had no answer. */
  readonly givenUp: AbortSignal;
  /** Stops the call's time while the user is asked something; the returned function lets it go on. */
  pause: () => () => void;
  /** Ends the HTTP exchange of the call. */
  readonly exchange: AbortController;
  /** Rejects when the exchange ended without an answer. */
  readonly broken: Promise<never>;
  fault: Error | undefined;
  /** Does nothing where the call has been answered; only else is the error made. */
  breakOff(error: () => Error): void;
  /** Nothing more comes by the exchange. */
  exchangeEnded(): void;
}

/** Made once: an abort without a reason makes an error with a stack each time. */
const OPERATION_ENDED = new DOMException('The operation has ended.', 'AbortError');

export interface CallTraces {
  begin(host?: Host): CallTrace;
  find(tag: string | null | undefined): CallTrace | undefined;
  /** Runs what sends a call and reads its answers: what arrives by it is known as the call's. */
  within<T>(trace: CallTrace, work: () => T): T;
  /**
   * The call that what has just arrived belongs to. Where the transport cannot tell, the latest one that has a host:
   * all calls of a connection are of one owner and one host.
   */
  current(): CallTrace | undefined;
  /** Whether what has just arrived tells which call it belongs to. */
  isTold(): boolean;
  /** Stops the time of the call in whose exchange this runs; of all where that cannot be told. */
  pauseCurrent(): () => void;
  /**
   * The operation is over. An exchange that has given its answer may end by itself for a moment, since breaking it off
   * would cost the connection that the next call could use; any other ends now.
   */
  end(trace: CallTrace, isAnswered: boolean): void;
}

interface TraceUnderWay extends CallTrace {
  readonly ended: AbortController;
  readonly failed: AbortController;
  hasExchangeEnded: boolean;
  graceTimer: NodeJS.Timeout | undefined;
}

export function createCallTraces(): CallTraces {
  const underWay = new Map<string, TraceUnderWay>();
  const arriving = new AsyncLocalStorage<CallTrace>();
  let count = 0;

  const told = (): TraceUnderWay | undefined => underWay.get(arriving.getStore()?.tag ?? '');
  const latest = (): TraceUnderWay | undefined => [...underWay.values()].findLast(({ host }) => host !== undefined);

  return {
    begin(host) {
      count += 1;
      let rejectBroken: (error: Error) => void = () => {};
      const broken = new Promise<never>((_resolve, reject) => {
        rejectBroken = reject;
      });
      // Whoever races against it sees the rejection; a call that has ended does not.
      broken.catch(() => {});
      const ended = new AbortController();
      const failed = new AbortController();
      const trace: TraceUnderWay = {
        tag: String(count),
        host,
        ended,
        over: ended.signal,
        failed,
        givenUp: failed.signal,
        pause: () => () => {},
        exchange: new AbortController(),
        broken,
        fault: undefined,
        breakOff: (error) => {
          if (underWay.has(trace.tag)) rejectBroken(error());
        },
        hasExchangeEnded: false,
        graceTimer: undefined,
        exchangeEnded: () => {
          trace.hasExchangeEnded = true;
          clearTimeout(trace.graceTimer);
        },
      };
      underWay.set(trace.tag, trace);
      return trace;
    },
    find: (tag) => (tag === null || tag === undefined ? undefined : underWay.get(tag)),
    within: (trace, work) => arriving.run(trace, work),
    current: () => told() ?? latest(),
    isTold: () => told() !== undefined,
    pauseCurrent() {
      const paused = told();
      const resumes = (paused === undefined ? [...underWay.values()] : [paused]).map((trace) => trace.pause());
      return () => {
        for (const resume of resumes) resume();
      };
    },
    end({ tag }, isAnswered) {
      const trace = underWay.get(tag);
      if (trace === undefined) return;
      underWay.delete(tag);
      trace.ended.abort(OPERATION_ENDED);
      if (!isAnswered) trace.failed.abort(OPERATION_ENDED);
      const breakOff = (): void => trace.exchange.abort(OPERATION_ENDED);
      if (!isAnswered) breakOff();
      else if (!trace.hasExchangeEnded) trace.graceTimer = setTimeout(breakOff, EXCHANGE_END_GRACE_MS).unref();
    },
  };
}
