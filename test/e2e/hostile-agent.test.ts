/** What an agent that was talked into it hands over, so that it reaches a server: it does not (T54). */
import { afterEach, describe, expect, it } from 'vitest';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'mailbox';
const HOST_TOKEN = 'a-token-of-the-host-0123456789';
const CARRIED = { authorization: `Bearer ${HOST_TOKEN}`, accessToken: HOST_TOKEN };
const stage = createStage();
afterEach(() => stage.close());

describe('T54 a token of the host', () => {
  it('is no argument of ours: it is refused by name, and nothing is sent', async () => {
    const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
    const agent = await stage.agent();
    const asked = {
      connect_to_mcp_server: { serverName: NAME, url: server.url },
      call_mcp_tool: { serverName: NAME, toolName: 'whoami' },
      read_mcp_resource: { serverName: NAME },
      clear_mcp_auth: { serverName: NAME },
    };

    for (const argument of ['accessToken', 'token', 'bearer', 'Authorization', 'headers', '_meta']) {
      for (const [tool, args] of Object.entries(asked)) {
        const { payload } = await agent.call(tool, { ...args, [argument]: HOST_TOKEN });
        expect(payload).toMatchObject({
          code: 'invalid_input',
          error: expect.stringContaining(`"${argument}" is not`),
        });
      }
    }

    expect(server.requests()).toHaveLength(0);
    expect(agent.everythingSaid()).not.toContain(HOST_TOKEN);
  });

  it.each(['v1', 'v2'] as const)(
    'beside a call of a %s host goes no further: the server sees ours alone',
    async (sdk) => {
      const { agent, server } = await signIn(stage, NAME, {
        broker: { sdk, env: { AUTHORIZATION: `Bearer ${HOST_TOKEN}`, MCP_TOKEN: HOST_TOKEN } },
      });

      const params = { name: 'call_mcp_tool', arguments: { serverName: NAME, toolName: 'whoami' }, _meta: CARRIED };
      expect(await agent.broker.client.callTool(params)).toMatchObject({ structuredContent: { subject: 'alice' } });
      await agent.broker.client.listPrompts({ _meta: CARRIED });

      expect(server.callCount('whoami')).toBe(1);
      expectNothingOfTheHost(server);
    },
  );

  it('among the arguments of a tool is the tool’s, and never a header', async () => {
    const { agent, server } = await signIn(stage, NAME);

    const args = { ...CARRIED, headers: { authorization: `Bearer ${HOST_TOKEN}` } };
    await agent.callTool(NAME, 'whoami', args);

    const calls = server.requests('mcp', { method: 'tools/call' });
    expect(calls.length).toBeGreaterThan(0);
    for (const { headers } of calls) expect(JSON.stringify(headers)).not.toContain(HOST_TOKEN);
  });
});

function expectNothingOfTheHost(server: SignedIn['server']): void {
  const requests = server.requests('mcp');
  expect(requests.length).toBeGreaterThan(0);
  for (const request of requests) expect(JSON.stringify(request)).not.toContain(HOST_TOKEN);
}
