import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostRefusal, type HostRequest } from '../../../src/core/host.js';
import { SUSPENDED_CALL_TTL_MS } from '../../../src/core/limits.js';
import type { ToolResult } from '../../../src/server/payload.js';
import {
  type CallInHand,
  createSuspendedCalls,
  type Leg,
  type SuspendedCallsOptions,
} from '../../../src/server/suspended-calls.js';

const ROOTS: HostRequest = { method: 'roots/list' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function leg(answers: Leg['answers'] = {}, signal = new AbortController().signal): Leg {
  return { answers, signal };
}

/** A call that asks for roots and gives what it got. */
const asksForRoots = async (call: CallInHand<Leg>): Promise<ToolResult> => {
  const answer = await call.ask(ROOTS).catch((error: unknown) => ({ refused: (error as Error).message }));
  return { answer };
};

function begun(options: SuspendedCallsOptions = {}) {
  return createSuspendedCalls<Leg>(options);
}

const stateOf = (result: ToolResult): string => String(result['requestState']);
const keysOf = (result: ToolResult): readonly string[] => Object.keys(result['inputRequests'] as object);

describe('a call that asks the host', () => {
  it('is answered by what it asks, and goes on with what comes back', async () => {
    const calls = begun();
    const round = await calls.begin('r', leg(), asksForRoots);
    expect(round).toEqual({
      resultType: 'input_required',
      inputRequests: { 'roots/list 1': ROOTS },
      requestState: expect.stringMatching(/^s\.[\w-]{43}$/u),
    });
    expect(await calls.resume('r', stateOf(round), leg({ 'roots/list 1': { roots: [] } }))).toEqual({
      answer: { roots: [] },
    });
  });

  it('is gone on with once under each state', async () => {
    const calls = begun();
    const round = await calls.begin('r', leg(), asksForRoots);
    await calls.resume('r', stateOf(round), leg({ 'roots/list 1': { roots: [] } }));
    expect(calls.resume('r', stateOf(round), leg())).toBeUndefined();
  });

  it('is not gone on with by another request, which leaves it waiting', async () => {
    const calls = begun();
    const round = await calls.begin('r', leg(), asksForRoots);
    expect(calls.resume('other', stateOf(round), leg({ 'roots/list 1': { roots: [] } }))).toBeUndefined();
    expect(await calls.resume('r', stateOf(round), leg({ 'roots/list 1': { roots: [] } }))).toHaveProperty('answer');
  });

  it('asks again for what was not answered, under another state', async () => {
    const calls = begun();
    const both = async (call: CallInHand<Leg>): Promise<ToolResult> => ({
      answers: await Promise.all([call.ask(ROOTS), call.ask({ method: 'elicitation/create', params: {} })]),
    });
    const first = await calls.begin('r', leg(), both);
    expect(keysOf(first)).toEqual(['roots/list 1', 'elicitation/create 2']);
    const second = await calls.resume('r', stateOf(first), leg({ 'roots/list 1': { roots: [] } }));
    expect(keysOf(second ?? {})).toEqual(['elicitation/create 2']);
    expect(stateOf(second ?? {})).not.toBe(stateOf(first));
    expect(
      await calls.resume('r', stateOf(second ?? {}), leg({ 'elicitation/create 2': { action: 'cancel' } })),
    ).toEqual({
      answers: [{ roots: [] }, { action: 'cancel' }],
    });
  });

  it('shows no elicitation id, which belongs to the older era', async () => {
    const round = await begun().begin('r', leg(), async (call) => ({
      a: await call.ask({
        method: 'elicitation/create',
        params: { mode: 'url', elicitationId: 'x', url: 'https://a' },
      }),
    }));
    expect(round['inputRequests']).toEqual({
      'elicitation/create 1': { method: 'elicitation/create', params: { mode: 'url', url: 'https://a' } },
    });
  });

  it('ends when the host does not come back in time', async () => {
    const calls = begun();
    let ended: AbortSignal | undefined;
    const refused = new Promise<unknown>((resolve) => {
      void calls.begin('r', leg(), async (call) => {
        ended = call.signal;
        return { refused: await call.ask(ROOTS).catch(resolve) };
      });
    });
    await vi.advanceTimersByTimeAsync(SUSPENDED_CALL_TTL_MS - 1);
    expect(ended?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await refused).toBeInstanceOf(HostRefusal);
    expect(ended?.aborted).toBe(true);
  });

  it('ends the oldest of too many', async () => {
    const calls = begun({ max: 2 });
    const rounds = [];
    for (const request of ['a', 'b', 'c']) rounds.push(await calls.begin(request, leg(), asksForRoots));
    const [a, b, c] = rounds.map(stateOf);
    expect(calls.resume('a', a ?? '', leg())).toBeUndefined();
    expect(calls.resume('b', b ?? '', leg())).toBeDefined();
    expect(calls.resume('c', c ?? '', leg())).toBeDefined();
  });

  it('is cancelled when the host cancels the request that it is on', async () => {
    const calls = begun();
    const round = await calls.begin('r', leg(), async (call) => {
      await call.ask(ROOTS);
      return new Promise((_resolve, reject) =>
        call.signal.addEventListener('abort', () => reject(call.signal.reason as Error)),
      );
    });
    const cancelling = new AbortController();
    const going = calls.resume('r', stateOf(round), leg({ 'roots/list 1': {} }, cancelling.signal));
    await vi.advanceTimersByTimeAsync(0);
    cancelling.abort(new Error('enough'));
    await expect(going).rejects.toThrow('enough');
  });

  it('takes a question back, and comes to its result with the next request', async () => {
    const calls = begun();
    const withdrawing = new AbortController();
    const round = await calls.begin('r', leg(), async (call) => {
      await call.ask(ROOTS, { signal: withdrawing.signal }).catch(() => {});
      return { done: true };
    });
    withdrawing.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(await calls.resume('r', stateOf(round), leg({ 'roots/list 1': { roots: [] } }))).toEqual({ done: true });
  });

  it('that failed meanwhile says so to the next request', async () => {
    const calls = begun();
    const round = await calls.begin('r', leg(), (call) =>
      Promise.race([call.ask(ROOTS), new Promise<never>((_resolve, reject) => setTimeout(reject, 5, new Error('no')))]),
    );
    await vi.advanceTimersByTimeAsync(5);
    await expect(calls.resume('r', stateOf(round), leg())).rejects.toThrow('no');
  });

  it('asks nobody when it is over', async () => {
    const calls = begun();
    let left: CallInHand<Leg> | undefined;
    await calls.begin('r', leg(), async (call) => {
      left = call;
      return {};
    });
    await expect(left?.ask(ROOTS)).rejects.toBeInstanceOf(HostRefusal);
    expect(calls.latest()).toBeUndefined();
  });
});
