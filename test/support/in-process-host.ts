/**
 * A host with the server of the product in this process, over streams as in a pipe: every message in between can be
 * seen, and nothing has to be started.
 */
import { PassThrough } from 'node:stream';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { silentLog } from '../../src/core/log.js';
import { createMcpServer } from '../../src/server/mcp-server.js';
import { openSkillLibrary } from '../../src/server/skills.js';
import { type ComposedBroker, composedBroker } from './composed-broker.js';
import type { TemporaryHome } from './temporary-home.js';

export interface InProcessHostOptions {
  /** Which SDK line the host uses: `v2` speaks 2026-07-28, `v1` 2025-11-25. */
  readonly sdk: 'v1' | 'v2';
  readonly tools?: 'fixed' | 'mirror';
  readonly home?: TemporaryHome;
  /** What the host declares that it can answer. Default nothing. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  /** Called before it connects, to set its handlers. */
  readonly prepare?: (client: ModernClient | LegacyClient) => void;
}

export interface Message {
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

export interface InProcessHost {
  readonly client: ModernClient | LegacyClient;
  readonly composed: ComposedBroker;
  /** What the product sent, oldest first. */
  readonly received: readonly Message[];
  /** How often it sent that notification. */
  count(notification: string): number;
  /** `connect_to_mcp_server`; returns the payload. */
  connect(args: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  call(name: string, args?: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

export async function startInProcessHost(options: InProcessHostOptions): Promise<InProcessHost> {
  const composed = await composedBroker(options.home === undefined ? {} : { home: options.home });
  const toServer = new PassThrough();
  const toHost = new PassThrough();
  const serving = serveStdio(
    ({ era }) =>
      createMcpServer({
        broker: async () => composed.broker,
        principalFor: () => composed.principal,
        skills: openSkillLibrary('/nonexistent'),
        era,
        tools: options.tools ?? 'fixed',
        version: '0.0.0-test',
        log: silentLog,
      }),
    { transport: new StdioServerTransport(toServer, toHost) },
  );
  const transport = new StreamTransport(toServer, toHost);
  const info = { name: 'test-host', version: '1' };
  const capabilities = options.capabilities ?? {};
  const client =
    options.sdk === 'v1'
      ? new LegacyClient(info, { capabilities })
      : new ModernClient(info, { versionNegotiation: { mode: 'auto' }, capabilities });
  options.prepare?.(client);
  await client.connect(transport as never);

  const call: InProcessHost['call'] = async (name, args = {}) =>
    (await client.callTool({ name, arguments: args })) as Readonly<Record<string, unknown>>;
  return {
    client,
    composed,
    received: transport.received,
    count: (notification) => transport.received.filter(({ method }) => method === notification).length,
    connect: async (args) => (await call('connect_to_mcp_server', args))['structuredContent'] as Message,
    call,
    close: async () => {
      await client.close();
      await serving.close();
      await composed.close();
    },
  };
}

/** The host's end of the streams, one message a line, as both SDK lines ask for it. */
class StreamTransport {
  readonly received: Message[] = [];
  onclose?: () => void;
  onmessage?: (message: never) => void;
  readonly #toServer: PassThrough;
  #rest = '';

  constructor(toServer: PassThrough, toHost: PassThrough) {
    this.#toServer = toServer;
    toHost.setEncoding('utf8').on('data', (chunk: string) => this.#receive(chunk));
  }

  async start(): Promise<void> {}

  async send(message: object): Promise<void> {
    this.#toServer.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    this.onclose?.();
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Message;
      this.received.push(message);
      this.onmessage?.(message as never);
    }
  }
}
