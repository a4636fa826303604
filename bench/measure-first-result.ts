/** Spawn → first tool result with a stored grant, against an SDK client with a fixed token in a process of its own, and mcp-remote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { interleave, timed } from './interleave.js';
import type { Plan } from './plan.js';
import { SERVER_NAME, type SignedIn } from './signed-in.js';
import { median } from './statistics.js';
import { type Command, type StdioHost, startStdioHost } from './stdio-host.js';
import { ratioOf, shownRatio, type Verdict } from './verdict.js';

const MAX_TIMES_DIRECT = 1.3;
const ECHO = { text: 'first' };

export async function measureFirstResult({ broker, mcpRemote, direct }: SignedIn, plan: Plan): Promise<Verdict> {
  const viaBroker = (host: StdioHost) =>
    host.callTool('call_mcp_tool', { serverName: SERVER_NAME, toolName: 'echo', arguments: ECHO });
  const samples = await interleave(
    {
      direct: () => timed(() => toTheEnd(direct)),
      broker: () => timeToResult(broker, viaBroker),
      ...(mcpRemote && { mcpRemote: () => timeToResult(mcpRemote, (host) => host.callTool('echo', ECHO)) }),
    },
    plan.firstResult,
  );
  const [direct0, ours] = [median(samples.direct ?? []), median(samples.broker ?? [])];
  const sibling = samples.mcpRemote && median(samples.mcpRemote);
  const ratio = ratioOf(ours, direct0);
  return {
    what: 'connect with a stored grant: spawn → first tool result',
    unit: 'ms',
    figures: [
      { of: 'SDK client', value: direct0 },
      { of: 'broker', value: ours },
      { of: 'mcp-remote', value: sibling },
    ],
    budget: `≤ ${MAX_TIMES_DIRECT} × SDK client; faster than mcp-remote`,
    found: `${shownRatio(ratio)} SDK client; ${shownRatio(ratioOf(ours, sibling))} mcp-remote`,
    isMet: ratio !== undefined && ratio <= MAX_TIMES_DIRECT && ours < (sibling ?? Number.POSITIVE_INFINITY),
  };
}

async function toTheEnd({ args, env, cwd }: Command): Promise<void> {
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`The SDK client left with ${code}.`);
    }),
  ]);
  if (!String(printed).startsWith('done')) throw new Error(`The SDK client said: ${printed}`);
}

async function timeToResult(command: Command, call: (host: StdioHost) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  const host = startStdioHost(command);
  await host.initialize();
  await call(host);
  const ms = performance.now() - startedAt;
  await host.kill();
  return ms;
}
