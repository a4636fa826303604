/** What many upstream tools cost: nothing in `tools/list`, and little in a search over 5,000 of them. */

import { brokerEnvironment } from '../test/support/broker-process.js';
import { temporaryHome } from '../test/support/temporary-home.js';
import { startBackstage } from './backstage.js';
import { brokerCopy } from './broker-copy.js';
import { interleave, timed } from './interleave.js';
import type { Plan } from './plan.js';
import { SERVER_NAME, signInBroker } from './signed-in.js';
import { median, quantile } from './statistics.js';
import { type StdioHost, startStdioHost } from './stdio-host.js';
import type { Verdict } from './verdict.js';

const MAX_LIST_BYTES = 6_000;
const MAX_SEARCH_P95_MS = 10;
const MANY_TOOLS = 1_000;
/** As many as the broker keeps of one server; the fixture has seven of its own. */
const MOST_TOOLS = 4_993;
/** Each turn asks something new; only the word that every tool has comes again and again. */
const QUERIES: readonly ((turn: number) => string)[] = [
  (turn) => `extra number ${turn}`,
  (turn) => `echo ${turn}`,
  () => 'extra',
  (turn) => `nothing has this ${turn}`,
  (turn) => `token access of ${turn}`,
  (turn) => `extra_${turn} tool`,
];

export async function measureToolListSize(): Promise<Verdict> {
  const none = await withBroker(undefined, listedBytes);
  const many = await withBroker(MANY_TOOLS, listedBytes);
  return {
    what: 'tools/list of the broker',
    unit: 'bytes',
    figures: [
      { of: '0 upstream tools', value: none },
      { of: `${MANY_TOOLS} upstream tools`, value: many },
    ],
    budget: `≤ ${MAX_LIST_BYTES}, the same`,
    isMet: none <= MAX_LIST_BYTES && many === none,
  };
}

export async function measureSearch(plan: Plan): Promise<Verdict> {
  const times = await withBroker(MOST_TOOLS, async (host) => {
    let turn = 0;
    const { search = [] } = await interleave({ search: () => timed(() => searchOnce(host, turn++)) }, plan.search);
    return search;
  });
  const p95 = quantile(times, 0.95);
  return {
    what: 'search over 5,000 tools, as the host sees it',
    unit: 'ms',
    figures: [
      { of: 'p50', value: median(times) },
      { of: 'p95', value: p95 },
    ],
    budget: `p95 ≤ ${MAX_SEARCH_P95_MS} ms`,
    isMet: p95 <= MAX_SEARCH_P95_MS,
  };
}

async function listedBytes(host: StdioHost): Promise<number> {
  const { result } = JSON.parse(await host.listTools()) as { result: { tools: unknown } };
  return Buffer.byteLength(JSON.stringify(result.tools));
}

async function searchOnce(host: StdioHost, turn: number): Promise<void> {
  const queryOf = QUERIES[turn % QUERIES.length];
  await host.callTool('search_mcp_tools', { query: queryOf?.(turn) });
}

/** A broker that is connected to a server with so many extra tools, or to none. */
async function withBroker<T>(extraTools: number | undefined, work: (host: StdioHost) => Promise<T>): Promise<T> {
  const home = await temporaryHome();
  const backstage = extraTools === undefined ? undefined : await startBackstage({ extraTools });
  if (backstage !== undefined) await signInBroker(home, backstage.url);
  const host = startStdioHost({ args: [await brokerCopy()], env: brokerEnvironment(home), cwd: home.path });
  try {
    await host.initialize();
    if (backstage !== undefined) await host.callTool('connect_to_mcp_server', { serverName: SERVER_NAME });
    return await work(host);
  } finally {
    await host.kill();
    await backstage?.close();
    await home.remove();
  }
}
