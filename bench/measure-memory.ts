/** Resident memory of a process that has called one upstream server and now does nothing, against mcp-remote. */
import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { interleave } from './interleave.js';
import type { Plan } from './plan.js';
import { SERVER_NAME, type SignedIn } from './signed-in.js';
import { median } from './statistics.js';
import { type Command, type StdioHost, startStdioHost } from './stdio-host.js';
import { ratioOf, shownRatio, type Verdict } from './verdict.js';

/** Long enough for work put off at the start to be done. */
const IDLE_MS = 2_500;
const KIBIBYTES_PER_MEBIBYTE = 1_024;
const ECHO = { text: 'remember me' };

export async function measureMemory({ broker, mcpRemote }: SignedIn, plan: Plan): Promise<Verdict> {
  const viaBroker = (host: StdioHost) =>
    host.callTool('call_mcp_tool', { serverName: SERVER_NAME, toolName: 'echo', arguments: ECHO });
  const samples = await interleave(
    {
      broker: () => residentWhenIdle(broker, viaBroker),
      ...(mcpRemote && { mcpRemote: () => residentWhenIdle(mcpRemote, (host) => host.callTool('echo', ECHO)) }),
    },
    plan.memory,
  );
  const ours = median(samples.broker ?? []);
  const sibling = samples.mcpRemote && median(samples.mcpRemote);
  return {
    what: 'resident memory, idle, one upstream',
    unit: 'MiB',
    figures: [
      { of: 'broker', value: ours },
      { of: 'mcp-remote', value: sibling },
    ],
    budget: 'less than mcp-remote',
    found: `${shownRatio(ratioOf(ours, sibling))} mcp-remote`,
    isMet: sibling === undefined ? undefined : ours < sibling,
  };
}

async function residentWhenIdle(command: Command, call: (host: StdioHost) => Promise<unknown>): Promise<number> {
  const host = startStdioHost(command);
  try {
    await host.initialize();
    await call(host);
    await wait(IDLE_MS);
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(host.pid)]);
    return Number(stdout) / KIBIBYTES_PER_MEBIBYTE;
  } finally {
    await host.kill();
  }
}
