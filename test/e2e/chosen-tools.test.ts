/** A person unticks a tool for one agent on the accounts page, while two agents of theirs are at work. */
import { chromium } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { CHROMIUM_OPTIONS, hasChromium, inChromium } from '../support/chromium.js';
import { composedBroker } from '../support/composed-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterAll(() => stage.close());

async function names(agent: Agent): Promise<Readonly<Record<'success' | 'search' | 'everywhere', readonly string[]>>> {
  const named = (found: unknown) => (found as { readonly name: string }[]).map(({ name }) => name).sort();
  return {
    success: named((await agent.connect('notes')).tools),
    search: named((await agent.call('search_mcp_tools', { serverName: 'notes' })).payload.tools),
    everywhere: named((await agent.call('search_mcp_tools', { query: 'note' })).payload.tools),
  };
}

async function mirroredOf({ broker }: Agent): Promise<readonly string[]> {
  const { tools } = (await broker.client.listTools()) as { readonly tools: readonly { readonly name: string }[] };
  return tools.map(({ name }) => name);
}

describe.skipIf(!hasChromium)(inChromium, () => {
  it('takes it from that agent at its next call, out of its lists, and from no other', async () => {
    const server = await stage.server();
    const home = await stage.home({ mcpServers: { notes: { url: server.url } } });
    const [a, b] = await Promise.all(
      ['a', 'b'].map((agent) =>
        stage.agent({ home, sdk: 'v1', env: { MCP_OAUTH_AGENT: agent, MCP_OAUTH_TOOLS: 'mirror' } }),
      ),
    );
    if (a === undefined || b === undefined) throw new Error('Two agents were started.');
    for (const agent of [a, b]) expect((await names(agent)).success).toContain('write_note');
    const page = stage.keep(await composedBroker({ home, env: { MCP_OAUTH_AGENT: 'cli' } }));
    await expect.poll(() => page.broker.agents(page.principal), { timeout: 30_000 }).toEqual(['a', 'b']);
    const opened = await page.broker.openAccounts(page.principal);
    if (opened.status !== 'success') throw new Error(opened.error);

    const browser = await chromium.launch(CHROMIUM_OPTIONS);
    try {
      const tab = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
      await tab.goto(opened.url);
      await tab.getByRole('link', { name: 'Tools for each agent of notes' }).click();
      await tab.getByRole('navigation', { name: 'Agents' }).getByRole('link', { name: 'a', exact: true }).click();
      await tab.getByRole('checkbox', { name: 'write_note' }).uncheck();
      await tab.getByRole('button', { name: 'Save', exact: true }).click();
      await tab.getByText('Saved. It holds from the next call of a.').waitFor();
      expect(await tab.getByRole('checkbox', { name: 'write_note' }).isChecked()).toBe(false);
    } finally {
      await browser.close();
    }

    const write = { text: 'hello' };
    const refused = await a.callTool('notes', 'write_note', write);
    expect(refused).toMatchObject({ isOurs: true, payload: { status: 'error', code: 'tool_not_found' } });
    for (const list of Object.values(await names(a))) expect(list).not.toContain('write_note');
    const mirrored = await mirroredOf(a);
    expect(mirrored).toContain('notes__echo');
    expect(mirrored).not.toContain('notes__write_note');
    expect(await a.callTool('notes', 'echo', { text: 'hi' })).toMatchObject({ isOurs: false });
    expect(server.callCount('write_note')).toBe(0);

    expect((await b.callTool('notes', 'write_note', write)).isOurs).toBe(false);
    for (const list of Object.values(await names(b))) expect(list).toContain('write_note');
    expect(server.callCount('write_note')).toBe(1);
  }, 120_000);
});
