/**
 * Hosts of every protocol revision drive the product: list its tools, sign in, call.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { visit } from '../support/browser.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const TOOL_NAMES = [
  'call_mcp_tool',
  'clear_mcp_auth',
  'connect_to_mcp_server',
  'get_skill',
  'list_mcp_servers',
  'read_mcp_resource',
  'search_mcp_tools',
];

interface RpcMessage {
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
}

const answers = (agent: Agent): readonly RpcMessage[] =>
  agent.broker
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RpcMessage);

/** From nothing to a tool's result, as every host does it. */
async function drive(agent: Agent): Promise<void> {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const { tools } = await agent.broker.client.listTools();
  expect(tools.map(({ name }) => name).sort()).toEqual(TOOL_NAMES);

  const begun = await agent.connect('driven', { url: server.url });
  expect(begun).toMatchObject({ status: 'requires_auth', completion: 'callback' });
  await visit(String(begun.authUrl));
  expect(await agent.connect('driven')).toMatchObject({ status: 'success', authType: 'oauth2' });
  expect(await agent.callTool('driven', 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
  expect(await agent.clear('driven')).toMatchObject({ status: 'success', revocation: 'revoked' });
}

describe('a host with the SDK of the 1.x line', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'gets the revision %s that it asks for, and all of the product',
    async (protocolVersion) => {
      const agent = await stage.agent({ sdk: 'v1', protocolVersion });

      expect(answers(agent)[0]?.result).toMatchObject({ protocolVersion, serverInfo: { name: 'mcp-oauth-broker' } });
      await drive(agent);
    },
  );

  it('that asks for a revision nobody knows gets one that it can take', async () => {
    const agent = await stage.agent({ sdk: 'v1', protocolVersion: '2030-01-01' });

    expect(answers(agent)[0]?.result).toMatchObject({ protocolVersion: '2025-11-25' });
    await drive(agent);
  });
});

describe('a host with the SDK of the 2.x line', () => {
  it('speaks 2026-07-28, without a handshake', async () => {
    const agent = await stage.agent({ sdk: 'v2' });

    await drive(agent);

    const [discovered, ...others] = answers(agent);
    expect(discovered?.result).toMatchObject({ supportedVersions: expect.arrayContaining(['2026-07-28']) });
    expect(others.filter(({ result }) => result !== undefined && 'protocolVersion' in result)).toEqual([]);
  });
});
