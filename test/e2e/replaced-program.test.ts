/** An update replaces the program's files while it runs: the process of before goes on as it was. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { builtBroker, PROJECT } from '../support/built-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

it('needs none of its files any more when it has run for a moment', async () => {
  const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
  const folder = await copyOfProgram();
  const agent = await stage.agent({ program: join(folder, 'dist/main.js'), env: { MCP_OAUTH_LOG: 'debug' } });
  await expect.poll(() => agent.broker.stderr(), { timeout: 20_000 }).toContain('every part is loaded');

  await rm(folder, { recursive: true });

  const asked = await agent.connect('mailbox', { url: server.url });
  expect((await visit(String(asked.authUrl))).status).toBe(200);
  expect(await agent.connect('mailbox')).toMatchObject({ status: 'success' });
  expect(await agent.callTool('mailbox', 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
  expect((await agent.call('search_mcp_tools', { query: 'whoami' })).payload).toMatchObject({ total: 1 });
});

/** Within the project, where its native modules are found. */
async function copyOfProgram(): Promise<string> {
  const cache = join(PROJECT, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'replaced-'));
  stage.keep({ close: () => rm(folder, { recursive: true, force: true }) });
  await cp(dirname(await builtBroker()), join(folder, 'dist'), { recursive: true });
  return folder;
}
