/** N processes of one vault, one access token that has run out, all call at once: the authorization server counts the refreshes. */
import { setTimeout as wait } from 'node:timers/promises';
import { brokerEnvironment } from '../test/support/broker-process.js';
import { temporaryHome } from '../test/support/temporary-home.js';
import { startBackstage } from './backstage.js';
import { brokerCopy } from './broker-copy.js';
import type { Plan } from './plan.js';
import { SERVER_NAME, signInBroker } from './signed-in.js';
import { startStdioHost } from './stdio-host.js';
import type { Verdict } from './verdict.js';

/** Long enough that the new token does not run out while slow processes still call. */
const ACCESS_TOKEN_TTL_SECONDS = 8;

export async function measureOneRefresh(plan: Plan): Promise<Verdict> {
  const home = await temporaryHome();
  const backstage = await startBackstage({ accessTokenTtlSeconds: ACCESS_TOKEN_TTL_SECONDS });
  const command = { args: [await brokerCopy()], env: brokerEnvironment(home), cwd: home.path };
  await signInBroker(home, backstage.url);
  const runsOut = wait(ACCESS_TOKEN_TTL_SECONDS * 1_000);
  const hosts = Array.from({ length: plan.refreshingProcesses }, () => startStdioHost(command));
  try {
    await Promise.all(hosts.map((host) => host.initialize()));
    await runsOut;
    const before = await backstage.refreshCount();
    await Promise.all(
      hosts.map((host) => host.callTool('call_mcp_tool', { serverName: SERVER_NAME, toolName: 'whoami' })),
    );
    const refreshes = (await backstage.refreshCount()) - before;
    return {
      what: `${hosts.length} processes, one expiry`,
      unit: 'refreshes',
      figures: [{ of: 'authorization server counted', value: refreshes }],
      budget: 'exactly 1',
      isMet: refreshes === 1,
    };
  } finally {
    for (const host of hosts) await host.kill();
    await backstage.close();
    await home.remove();
  }
}
