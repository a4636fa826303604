/**
 * Calls of a 2026-07-28 host that ask it something on the way. The call itself goes on in memory; the host gets an
 * input-required result, and its next request with the state of that result, good once, is where the call is answered.
 */
import { randomBytes } from 'node:crypto';
import { type Host, HostRefusal, type HostRequest, INTERNAL_ERROR, METHOD_NOT_FOUND } from '../core/host.js';
import { isObject, type JsonObject } from '../core/json-object.js';
import { STATE_BYTES, SUSPENDED_CALL_TTL_MS, SUSPENDED_CALLS_MAX } from '../core/limits.js';
import { redactJson } from '../core/redaction.js';
import { inputRequired, type ToolResult } from './payload.js';

const PREFIX = 's.';

/** One request of the host, which a call begins or goes on with. */
export interface Leg {
  readonly signal: AbortSignal;
  readonly answers: JsonObject;
}

/** What a call may use while it lasts, whichever request of the host it is on. */
export interface CallInHand<L extends Leg> {
  /** Aborted when the host cancels, or does not come back. */
  readonly signal: AbortSignal;
  /** The request that the host waits on now; undefined while it does not. */
  leg(): L | undefined;
  ask: Host['ask'];
}

export type CallWork<L extends Leg> = (call: CallInHand<L>) => Promise<ToolResult>;

export interface SuspendedCalls<L extends Leg> {
  /** @param request what the next request of the host must be the same as. */
  begin(request: string, leg: L, work: CallWork<L>): Promise<ToolResult>;
  /** Undefined where no call of this very request waits under that state. */
  resume(request: string, state: string, leg: L): Promise<ToolResult> | undefined;
  /** The call that was begun last of those that the host waits on. */
  latest(): CallInHand<L> | undefined;
}

interface Asked {
  readonly request: HostRequest;
  answer(result: JsonObject): void;
  refuse(refusal: Error): void;
}

interface Call<L extends Leg> {
  readonly request: string;
  readonly inHand: CallInHand<L>;
  readonly controller: AbortController;
  readonly asked: Map<string, Asked>;
  outcome: Promise<ToolResult>;
  leg: L | undefined;
  isOver: boolean;
  askedMore: () => void;
}

export interface SuspendedCallsOptions {
  /** Default SUSPENDED_CALL_TTL_MS. */
  readonly ttlMs?: number;
  /** Default SUSPENDED_CALLS_MAX. */
  readonly max?: number;
}

export function createSuspendedCalls<L extends Leg>({
  ttlMs = SUSPENDED_CALL_TTL_MS,
  max = SUSPENDED_CALLS_MAX,
}: SuspendedCallsOptions = {}): SuspendedCalls<L> {
  const underWay = new Set<Call<L>>();
  const waiting = new Map<string, { readonly call: Call<L>; readonly timer: NodeJS.Timeout }>();

  function suspend(call: Call<L>): ToolResult {
    const state = PREFIX + randomBytes(STATE_BYTES).toString('base64url');
    const timer = setTimeout(() => giveUp(state), ttlMs);
    timer.unref();
    waiting.set(state, { call, timer });
    const [oldest] = waiting.keys();
    if (waiting.size > max && oldest !== undefined) giveUp(oldest);
    const inputRequests = Object.fromEntries([...call.asked].map(([key, { request }]) => [key, request]));
    return inputRequired({ inputRequests, requestState: state });
  }

  /** The host does not come back. */
  function giveUp(state: string): void {
    const entry = waiting.get(state);
    waiting.delete(state);
    clearTimeout(entry?.timer);
    const refusal = new HostRefusal(INTERNAL_ERROR, 'The user did not answer in time.');
    for (const asked of entry?.call.asked.values() ?? []) asked.refuse(refusal);
    entry?.call.controller.abort(refusal);
  }

  async function onLeg(call: Call<L>, leg: L): Promise<ToolResult> {
    const { signal } = leg;
    const onAbort = (): void => call.controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    call.leg = leg;
    try {
      const hasAsked = new Promise<'asked'>((resolve) => {
        call.askedMore = () => resolve('asked');
        if (call.asked.size > 0) resolve('asked');
      });
      // A call that is done is done, whatever it asked beside.
      const first = await Promise.race([call.outcome, hasAsked]);
      return first === 'asked' && !call.isOver ? suspend(call) : await call.outcome;
    } finally {
      signal.removeEventListener('abort', onAbort);
      call.leg = undefined;
    }
  }

  return {
    begin(request, leg, work) {
      const call = newCall<L>(request);
      underWay.add(call);
      call.leg = leg;
      call.outcome = work(call.inHand).finally(() => {
        call.isOver = true;
        underWay.delete(call);
        for (const asked of call.asked.values()) asked.refuse(callIsOver());
      });
      // It may fail while the host is not waiting for it.
      call.outcome.catch(() => {});
      return onLeg(call, leg);
    },
    resume(request, state, leg) {
      const entry = waiting.get(state);
      if (entry === undefined || entry.call.request !== request) return undefined;
      waiting.delete(state);
      clearTimeout(entry.timer);
      const { call } = entry;
      for (const [key, asked] of call.asked) {
        const answer = leg.answers[key];
        if (isObject(answer)) asked.answer(answer);
      }
      return onLeg(call, leg);
    },
    latest: () => [...underWay].findLast(({ leg }) => leg !== undefined)?.inHand,
  };
}

function newCall<L extends Leg>(request: string): Call<L> {
  const controller = new AbortController();
  const asked = new Map<string, Asked>();
  let count = 0;
  const ask: Host['ask'] = (asking, { signal, isOurs = false } = {}) => {
    if (call.isOver) return Promise.reject(callIsOver());
    return new Promise<JsonObject>((resolve, reject) => {
      count += 1;
      const key = `${asking.method} ${count}`;
      const settled = (): void => {
        asked.delete(key);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        settled();
        reject(signal?.reason as Error);
      };
      const answer = (result: JsonObject): void => {
        settled();
        resolve(result);
      };
      const refuse = (refusal: Error): void => {
        settled();
        reject(refusal);
      };
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      asked.set(key, { request: isOurs ? inResult(asking) : redactJson(inResult(asking)), answer, refuse });
      call.askedMore();
    });
  };
  const call: Call<L> = {
    request,
    inHand: { signal: controller.signal, leg: () => call.leg, ask },
    controller,
    asked,
    outcome: Promise.resolve({}),
    leg: undefined,
    isOver: false,
    askedMore: () => {},
  };
  return call;
}

/** A request as it is embedded in a result: an elicitation has no id there. */
function inResult({ method, params }: HostRequest): HostRequest {
  if (params === undefined) return { method };
  const { elicitationId: _idOfBefore, ...rest } = params;
  return { method, params: rest };
}

function callIsOver(): HostRefusal {
  return new HostRefusal(METHOD_NOT_FOUND, 'The host can be asked only while a call of its own is under way.');
}
