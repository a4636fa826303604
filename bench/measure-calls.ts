/** Proxied calls on connections that are there already: one after the other, and 16 at once. */
import type { Backstage } from './backstage.js';
import type { Caller, Callers } from './callers.js';
import { interleave, timed } from './interleave.js';
import type { Plan } from './plan.js';
import { median, quantile } from './statistics.js';
import { ratioOf, shownRatio, type Verdict } from './verdict.js';

const MAX_TIMES_DIRECT = 1.3;
const MIN_SHARE_OF_DIRECT = 0.8;
const CALLS_AT_ONCE = 16;
const WARM_UP_CALLS = 100;

export async function warmUp({ direct, broker, mcpRemote }: Callers): Promise<void> {
  for (const caller of [direct, broker, mcpRemote]) {
    for (let count = 0; count < WARM_UP_CALLS; count += 1) await caller?.echo(`warm ${count}`);
  }
}

/** One verdict for the median, one for the 95th percentile. */
export async function measureSequentialCalls(callers: Callers, plan: Plan): Promise<readonly Verdict[]> {
  const one = (caller: Caller) => () => timed(() => caller.echo('one'));
  const samples = await interleave(
    {
      direct: one(callers.direct),
      broker: one(callers.broker),
      ...(callers.mcpRemote && { mcpRemote: one(callers.mcpRemote) }),
    },
    plan.sequentialCalls,
  );
  return [0.5, 0.95].map((fraction) => {
    const of = (name: 'direct' | 'broker' | 'mcpRemote') => samples[name] && quantile(samples[name], fraction);
    const ratio = ratioOf(of('broker'), of('direct'));
    return {
      what: `proxied call, sequential, p${fraction * 100}`,
      unit: 'ms',
      figures: [
        { of: 'SDK client', value: of('direct') },
        { of: 'broker', value: of('broker') },
        { of: 'mcp-remote', value: of('mcpRemote') },
      ],
      budget: `≤ ${MAX_TIMES_DIRECT} × SDK client`,
      found: `${shownRatio(ratio)} SDK client; mcp-remote ${shownRatio(ratioOf(of('mcpRemote'), of('direct')))}`,
      isMet: ratio !== undefined && ratio <= MAX_TIMES_DIRECT,
    };
  });
}

export async function measureCallsAtOnce(callers: Callers, backstage: Backstage, plan: Plan): Promise<Verdict> {
  const batch = (caller: Caller) => async () => {
    const ms = await timed(() => callAtOnce(caller, plan.callsPerBatch));
    backstage.forgetRequests();
    return (plan.callsPerBatch / ms) * 1_000;
  };
  const samples = await interleave(
    {
      direct: batch(callers.direct),
      broker: batch(callers.broker),
      ...(callers.mcpRemote && { mcpRemote: batch(callers.mcpRemote) }),
    },
    plan.callsAtOnce,
  );
  const of = (name: 'direct' | 'broker' | 'mcpRemote') => samples[name] && median(samples[name]);
  const ratio = ratioOf(of('broker'), of('direct'));
  return {
    what: `proxied calls, ${CALLS_AT_ONCE} at once, throughput`,
    unit: 'calls/s',
    figures: [
      { of: 'SDK client', value: of('direct') },
      { of: 'broker', value: of('broker') },
      { of: 'mcp-remote', value: of('mcpRemote') },
    ],
    budget: `≥ ${MIN_SHARE_OF_DIRECT} × SDK client`,
    found: `${shownRatio(ratio)} SDK client; mcp-remote ${shownRatio(ratioOf(of('mcpRemote'), of('direct')))}`,
    isMet: ratio !== undefined && ratio >= MIN_SHARE_OF_DIRECT,
  };
}

/** 16 callers, each of which begins its next call when its last has been answered. */
async function callAtOnce(caller: Caller, calls: number): Promise<void> {
  let begun = 0;
  const keepCalling = async () => {
    while (begun < calls) {
      begun += 1;
      await caller.echo(`call ${begun}`);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, keepCalling));
}
