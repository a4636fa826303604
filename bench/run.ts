/** All measurements, one after the other; each prints its verdict when it has one. */

import { type Backstage, startBackstage } from './backstage.js';
import { brokerCopy } from './broker-copy.js';
import { connectCallers } from './callers.js';
import { fetchMcpRemote } from './mcp-remote.js';
import { measureCallsAtOnce, measureSequentialCalls, warmUp } from './measure-calls.js';
import { measureFirstResult } from './measure-first-result.js';
import { measureMemory } from './measure-memory.js';
import { measureOneRefresh } from './measure-one-refresh.js';
import { measureStart } from './measure-start.js';
import { measureStores, measureVault } from './measure-stores.js';
import { measureSearch, measureToolListSize } from './measure-tools.js';
import type { Plan } from './plan.js';
import { printHeading, printSummary, printVerdict } from './report.js';
import { type SignedIn, signInAll } from './signed-in.js';
import { failedVerdict, type Verdict } from './verdict.js';

export const MEASUREMENTS = [
  'start',
  'first-result',
  'calls',
  'memory',
  'tools',
  'refresh',
  'vault',
  'stores',
] as const;
export type Measurement = (typeof MEASUREMENTS)[number];

/** What is measured where nothing is named: not what needs database servers. */
export const MEASURED_BY_DEFAULT: readonly Measurement[] = MEASUREMENTS.filter((name) => name !== 'stores');

/** Those that need every contender to be signed in. */
const OF_CONTENDERS: readonly Measurement[] = ['start', 'first-result', 'calls', 'memory'];

/** @param wanted which of them; the order is fixed. One that fails is said to, and the others go on. */
export async function runBenchmarks(plan: Plan, wanted: ReadonlySet<Measurement>): Promise<void> {
  const startedAt = performance.now();
  const verdicts: Verdict[] = [];
  const measure = async (name: Measurement, work: () => Promise<Verdict | readonly Verdict[]>): Promise<void> => {
    if (!wanted.has(name)) return;
    const measured = await work().catch((error: unknown) => [failedVerdict(name, error)]);
    for (const verdict of [measured].flat()) {
      verdicts.push(verdict);
      printVerdict(verdict);
    }
  };
  await brokerCopy();
  printHeading();
  if (OF_CONTENDERS.some((name) => wanted.has(name))) {
    await withContenders(async (backstage, signedIn) => {
      await measure('start', () => measureStart(signedIn, plan));
      await measure('first-result', () => measureFirstResult(signedIn, plan));
      await measure('calls', () => measureCalls(backstage, signedIn, plan));
      await measure('memory', () => measureMemory(signedIn, plan));
    });
  }
  await measure('tools', async () => [await measureToolListSize(), await measureSearch(plan)]);
  await measure('refresh', () => measureOneRefresh(plan));
  await measure('vault', () => measureVault(plan));
  await measure('stores', () => measureStores(plan));
  printSummary(verdicts, (performance.now() - startedAt) / 1_000);
}

async function withContenders(work: (backstage: Backstage, signedIn: SignedIn) => Promise<void>): Promise<void> {
  const backstage = await startBackstage();
  const signedIn = await signInAll(backstage, await fetchMcpRemote());
  try {
    await work(backstage, signedIn);
  } finally {
    await signedIn.remove();
    await backstage.close();
  }
}

async function measureCalls(backstage: Backstage, signedIn: SignedIn, plan: Plan): Promise<readonly Verdict[]> {
  const callers = await connectCallers(backstage, signedIn);
  try {
    await warmUp(callers);
    const sequential = await measureSequentialCalls(callers, plan);
    backstage.forgetRequests();
    return [...sequential, await measureCallsAtOnce(callers, backstage, plan)];
  } finally {
    await callers.close();
  }
}
