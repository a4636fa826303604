/** Spawn → `initialize` answered, against an empty Node program and mcp-remote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { interleave, timed } from './interleave.js';
import type { Plan } from './plan.js';
import type { SignedIn } from './signed-in.js';
import { median } from './statistics.js';
import { type Command, startStdioHost } from './stdio-host.js';
import { ratioOf, shownRatio, type Verdict } from './verdict.js';

const MAX_TIMES_NODE = 2.5;

export async function measureStart({ broker, mcpRemote }: SignedIn, plan: Plan): Promise<Verdict> {
  const samples = await interleave(
    {
      node: () => timed(() => once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')),
      broker: () => timeToInitialize(broker),
      ...(mcpRemote && { mcpRemote: () => timeToInitialize(mcpRemote) }),
    },
    plan.start,
  );
  const [node, ours] = [median(samples.node ?? []), median(samples.broker ?? [])];
  const sibling = samples.mcpRemote && median(samples.mcpRemote);
  const ratio = ratioOf(ours, node);
  return {
    what: 'start: spawn → initialize answered',
    unit: 'ms',
    figures: [
      { of: 'node -e 0', value: node },
      { of: 'broker', value: ours },
      { of: 'mcp-remote', value: sibling },
    ],
    budget: `≤ ${MAX_TIMES_NODE} × node; faster than mcp-remote`,
    found: `${shownRatio(ratio)} node; ${shownRatio(ratioOf(ours, sibling))} mcp-remote`,
    isMet: ratio !== undefined && ratio <= MAX_TIMES_NODE && ours < (sibling ?? Number.POSITIVE_INFINITY),
  };
}

async function timeToInitialize(command: Command): Promise<number> {
  const startedAt = performance.now();
  const host = startStdioHost(command);
  await host.initialize();
  const ms = performance.now() - startedAt;
  await host.kill();
  return ms;
}
