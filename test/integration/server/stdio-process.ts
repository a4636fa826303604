/** A child that speaks JSON-RPC on its standard streams, seen byte by byte: what it wrote where, and when it ended. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface JsonRpcMessage {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface StdioProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Whole lines of standard output so far. */
  readonly lines: readonly string[];
  stderr(): string;
  send(message: object): void;
  request(method: string, params?: object): Promise<JsonRpcMessage>;
  /** Resolves with the first message that fits, already received or not. */
  message(fits: (message: JsonRpcMessage) => boolean): Promise<JsonRpcMessage>;
  initialize(protocolVersion?: string): Promise<JsonRpcMessage>;
  exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly at: number }>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function startProcess(args: readonly string[], env: NodeJS.ProcessEnv = {}): StdioProcess {
  const child = spawn(process.execPath, [...args], { env: { PATH: process.env['PATH'], ...env }, stdio: 'pipe' });
  const lines: string[] = [];
  const arrived = new Set<() => void>();
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    for (const look of arrived) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    at: Date.now(),
  }));

  let lastId = 0;
  const started: StdioProcess = {
    child,
    lines,
    stderr: () => stderr,
    send: (message) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    request(method, params) {
      const id = ++lastId;
      started.send({ id, method, ...(params === undefined ? {} : { params }) });
      return started.message((message) => message.id === id && message.method === undefined);
    },
    message(fits) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.map((line) => JSON.parse(line) as JsonRpcMessage).find(fits);
          if (found === undefined) return;
          arrived.delete(look);
          resolve(found);
        };
        arrived.add(look);
        look();
        void exited.then(({ code, signal }) => reject(new Error(`the process ended (${code ?? signal}): ${stderr}`)));
      });
    },
    async initialize(protocolVersion = '2025-11-25') {
      const answer = await started.request('initialize', {
        protocolVersion,
        capabilities: {},
        clientInfo: { name: 'Test Host', version: '1' },
      });
      started.send({ method: 'notifications/initialized' });
      return answer;
    },
    exited,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
  return started;
}

const STAND_IN = new URL('./stand-in.ts', import.meta.url).pathname;

/** The real server before the stand-in broker. */
export function startStandIn(env: NodeJS.ProcessEnv = {}): StdioProcess {
  return startProcess(['--import', 'tsx', STAND_IN], env);
}

/** The command by which an SDK's stdio transport starts the same. */
export const STAND_IN_COMMAND = { command: process.execPath, args: ['--import', 'tsx', STAND_IN] };
