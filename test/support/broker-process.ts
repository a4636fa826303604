/**
 * The product as a host runs it: a child process over stdio, with a home and a minimal environment of its own.
 */
import { createHash } from 'node:crypto';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { builtBroker } from './built-broker.js';
import { ChildTransport, type Exit } from './child-transport.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

export interface BrokerOptions {
  /** Default a temporary one, removed by `close()`. A given one is left to whoever made it. */
  readonly home?: TemporaryHome;
  /** Added to the minimal environment; `undefined` removes a variable of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Which SDK line the host uses: `v2` (default) speaks 2026-07-28, `v1` the revisions up to 2025-11-25. */
  readonly sdk?: 'v1' | 'v2';
  /** With `v1`: the revision that the host asks for. Default its latest. */
  readonly protocolVersion?: string;
  /** What the host calls itself: the agent of the principal. Default `test-host`. */
  readonly clientName?: string;
  /** Path of the program. Default the built one. */
  readonly program?: string;
}

/** The fields of payloads that tests go on with; what a payload should hold is for the tests to say. */
export interface Payload {
  readonly status?: string;
  readonly serverName?: string;
  readonly authUrl?: string | null;
  readonly launchUrl?: string;
  readonly configUrl?: string;
  readonly redirectUri?: string;
  readonly reason?: string;
  readonly code?: string;
  readonly scope?: string;
  readonly expiresAt?: string;
  readonly [key: string]: unknown;
}

export interface BrokerAnswer {
  /** The structured content. */
  readonly payload: Payload;
  readonly result: {
    readonly content?: unknown;
    readonly structuredContent?: unknown;
    readonly isError?: boolean;
    readonly _meta?: Readonly<Record<string, unknown>>;
    readonly [key: string]: unknown;
  };
}

export interface BrokerProcess {
  readonly home: TemporaryHome;
  readonly pid: number;
  /** The host's client, for what `call` does not cover. */
  readonly client: ModernClient | LegacyClient;
  call(tool: string, args?: Readonly<Record<string, unknown>>): Promise<BrokerAnswer>;
  /** `connect_to_mcp_server`; returns the payload. */
  connect(args: Readonly<Record<string, unknown>>): Promise<Payload>;
  /** Every byte that the process has written so far. */
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<Exit>;
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Ends stdin, as a host does, waits for the process to leave, and removes a home of its own. */
  close(): Promise<Exit>;
}

/** Starts the broker and initializes it; rejects with its stderr when it does not come up. */
export async function startBroker(options: BrokerOptions = {}): Promise<BrokerProcess> {
  const home = options.home ?? (await temporaryHome());
  const transport = new ChildTransport(process.execPath, [options.program ?? (await builtBroker())], {
    cwd: home.path,
    env: brokerEnvironment(home, options.env),
  });
  if (options.protocolVersion !== undefined) askForRevision(transport, options.protocolVersion);
  const client = createClient(options.sdk ?? 'v2', options.clientName ?? 'test-host');
  await Promise.race([
    client.connect(transport as never),
    transport.exited.then(({ code }) => {
      throw new Error(`The broker left with ${code}: ${transport.stderr}`);
    }),
  ]);

  const call = async (tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<BrokerAnswer> => {
    const result = (await client.callTool({ name: tool, arguments: args })) as BrokerAnswer['result'];
    return { payload: (result.structuredContent ?? {}) as Payload, result };
  };

  const leave = async (end: () => void): Promise<Exit> => {
    end();
    const exit = await transport.exited;
    if (!options.home) await home.remove();
    return exit;
  };

  return {
    home,
    pid: transport.child.pid ?? 0,
    client,
    call,
    connect: async (args) => (await call('connect_to_mcp_server', args)).payload,
    stdout: () => transport.stdout,
    stderr: () => transport.stderr,
    exited: transport.exited,
    kill: async (signal = 'SIGKILL') => {
      transport.child.kill(signal);
      return transport.exited;
    },
    close: () => leave(() => transport.child.stdin.end()),
  };
}

/**
 * The whole environment of a broker under test. The vault's key is given, the same for all brokers of a home,
 * so that no test writes to the keyring of the person who runs it.
 */
export function brokerEnvironment(home: TemporaryHome, extra: BrokerOptions['env'] = {}): NodeJS.ProcessEnv {
  const environment = {
    PATH: process.env.PATH,
    HOME: home.path,
    MCP_OAUTH_HOME: home.path,
    MCP_OAUTH_KEY: createHash('sha256').update(home.path).digest('base64'),
    MCP_OAUTH_CALLBACK_PORT: '0',
    ...extra,
  };
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
}

/** The SDK has no option for it: an older host is one that asks for less. */
function askForRevision(transport: ChildTransport, protocolVersion: string): void {
  const send = transport.send.bind(transport);
  transport.send = (message) => {
    const { method, params } = message as { method?: string; params?: object };
    return send(method === 'initialize' ? Object.assign(message, { params: { ...params, protocolVersion } }) : message);
  };
}

function createClient(sdk: 'v1' | 'v2', name: string): ModernClient | LegacyClient {
  const info = { name, version: '1.0.0' };
  return sdk === 'v1' ? new LegacyClient(info) : new ModernClient(info, { versionNegotiation: { mode: 'auto' } });
}
