/** Servers that are programs, behind the product as a host runs it: a published one, and what an ending broker leaves. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { childServer, processGone, startsIn } from '../support/child-servers.js';
import { createStage } from '../support/stage.js';

const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

const stage = createStage();
afterAll(() => stage.close());

async function agentOf(entry: object): Promise<Agent> {
  return stage.agent({ home: await stage.home({ mcpServers: { local: entry } }) });
}

describe('a published server that is a program', () => {
  it('is connected to, searched, called and read', async () => {
    const agent = await agentOf({ command: process.execPath, args: [everything, 'stdio'] });

    expect(await agent.connect('local')).toMatchObject({ status: 'success', transport: 'stdio', authType: 'none' });
    const { payload } = await agent.call('search_mcp_tools', { query: 'echo' });
    expect(payload).toMatchObject({ tools: [{ serverName: 'local', name: 'echo' }] });
    const called = await agent.callTool('local', 'echo', { message: 'hello' });
    expect(called.isOurs).toBe(false);
    expect(JSON.stringify(called.result.content)).toContain('hello');
    const listed = await agent.call('read_mcp_resource', { serverName: 'local' });
    expect(listed.result.structuredContent).toMatchObject({ resources: expect.arrayContaining([expect.anything()]) });
  });
});

describe('R31 a broker that ends', () => {
  it.each([
    ['because its host is gone', (agent: Agent) => agent.broker.close()],
    ['by a signal', (agent: Agent) => agent.broker.kill('SIGTERM')],
  ])('%s takes a stubborn server behind a wrapper with it', async (_why, end) => {
    const agent = await agentOf(childServer('behind-a-wrapper', 'ignores-the-end', 'ignores-signals'));
    const { result } = await agent.callTool('local', 'process');
    const [block] = result.content as readonly { readonly text: string }[];
    const { pid } = JSON.parse(block?.text ?? '') as { pid: number };

    await end(agent);

    await processGone(pid);
  });

  it('takes with it a server that has not come up yet', async () => {
    const starts = join((await stage.home()).path, 'starts');
    const agent = await agentOf({ ...childServer('keeps-silent', 'ignores-signals'), env: { STARTS_FILE: starts } });
    const connecting = agent.connect('local').catch(() => undefined);
    await expect.poll(() => startsIn(starts), { timeout: 30_000 }).toHaveLength(1);
    const [pid] = await startsIn(starts);

    await agent.broker.close();

    await processGone(pid ?? 0);
    await connecting;
  });
});
