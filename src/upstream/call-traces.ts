/**
 * Ties an operation to the HTTP exchange that carries it. The SDK passes a request's headers from the
 * operation to its transport, so a tag among them (taken off before anything is sent) names the call:
 * the transport can then end the exchange with the operation, and say why its stream failed.
 */
import { EXCHANGE_END_GRACE_MS } from '../core/limits.js';

/** Never leaves the process. */
export const CALL_TAG_HEADER = 'x-broker-call';

export interface CallTrace {
  readonly tag: string;
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
  begin(): CallTrace;
  find(tag: string | null | undefined): CallTrace | undefined;
  /**
   * The operation is over. An exchange that has given its answer may end by itself for a moment, since breaking it off
   * would cost the connection that the next call could use; any other ends now.
   */
  end(trace: CallTrace, isAnswered: boolean): void;
}

interface TraceUnderWay extends CallTrace {
  hasExchangeEnded: boolean;
  graceTimer: NodeJS.Timeout | undefined;
}

export function createCallTraces(): CallTraces {
  const underWay = new Map<string, TraceUnderWay>();
  let count = 0;
  return {
    begin() {
      count += 1;
      let rejectBroken: (error: Error) => void = () => {};
      const broken = new Promise<never>((_resolve, reject) => {
        rejectBroken = reject;
      });
      // Whoever races against it sees the rejection; a call that has ended does not.
      broken.catch(() => {});
      const trace: TraceUnderWay = {
        tag: String(count),
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
    end({ tag }, isAnswered) {
      const trace = underWay.get(tag);
      if (trace === undefined) return;
      underWay.delete(tag);
      const breakOff = (): void => trace.exchange.abort(OPERATION_ENDED);
      if (!isAnswered) breakOff();
      else if (!trace.hasExchangeEnded) trace.graceTimer = setTimeout(breakOff, EXCHANGE_END_GRACE_MS).unref();
    },
  };
}
