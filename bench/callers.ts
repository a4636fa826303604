/** Clients of the same SDK that stay connected: to the server itself, to the broker, to mcp-remote. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { ChildTransport } from '../test/support/child-transport.js';
import type { Backstage } from './backstage.js';
import { SERVER_NAME, type SignedIn } from './signed-in.js';
import type { Command } from './stdio-host.js';

export interface Caller {
  /** One call of `echo`, to its result. */
  echo(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface Callers {
  readonly direct: Caller;
  readonly broker: Caller;
  readonly mcpRemote?: Caller | undefined;
  close(): Promise<void>;
}

export async function connectCallers(backstage: Backstage, { broker, mcpRemote }: SignedIn): Promise<Callers> {
  const callers = {
    direct: await directCaller(backstage),
    broker: await stdioCaller(broker, (text) => ({
      name: 'call_mcp_tool',
      arguments: { serverName: SERVER_NAME, toolName: 'echo', arguments: { text } },
    })),
    mcpRemote: mcpRemote && (await stdioCaller(mcpRemote, (text) => ({ name: 'echo', arguments: { text } }))),
  };
  return {
    ...callers,
    close: async () => {
      for (const caller of [callers.direct, callers.broker, callers.mcpRemote]) await caller?.close();
    },
  };
}

async function directCaller({ url, accessToken }: Backstage): Promise<Caller> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const client = await connected(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return callerOf(
    client,
    (text) => ({ name: 'echo', arguments: { text } }),
    () => client.close(),
  );
}

async function stdioCaller(
  { args, env, cwd }: Command,
  callOf: (text: string) => { readonly name: string; readonly arguments: Record<string, unknown> },
): Promise<Caller> {
  const transport = new ChildTransport(process.execPath, args, { env, cwd });
  return callerOf(await connected(transport as never), callOf, async () => {
    transport.child.kill('SIGKILL');
    await transport.exited;
  });
}

async function connected(transport: StreamableHTTPClientTransport): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(transport);
  return client;
}

function callerOf(
  client: Client,
  callOf: (text: string) => { readonly name: string; readonly arguments: Record<string, unknown> },
  close: () => Promise<void>,
): Caller {
  return {
    echo: async (text) => {
      const { content } = await client.callTool(callOf(text));
      const [block] = content;
      if (block?.type !== 'text' || block.text !== text) throw new Error(`Not echoed: ${JSON.stringify(content)}`);
    },
    close,
  };
}
