/**
 * The barest host: spawns a stdio server, writes JSON-RPC lines and reads the answers. It costs next to nothing,
 * so that what is timed is the server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Command {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

interface Answer {
  readonly id?: number;
  readonly result?: { readonly isError?: boolean; readonly [key: string]: unknown };
  readonly error?: unknown;
}

export interface StdioHost {
  readonly pid: number;
  /** Sends `initialize`; resolves when it is answered. */
  initialize(): Promise<void>;
  /** The result of a tool call; rejects where it is an error. */
  callTool(name: string, args: Readonly<Record<string, unknown>>): Promise<NonNullable<Answer['result']>>;
  listTools(): Promise<string>;
  /** Everything written to standard error so far. */
  stderr(): string;
  /** Ends the process, whatever it is doing. */
  kill(): Promise<void>;
}

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
};

export function startStdioHost({ args, env, cwd }: Command): StdioHost {
  const child = spawn(process.execPath, args, { env, cwd, stdio: 'pipe' });
  const exited = once(child, 'exit');
  const waiting = new Map<number, (line: string) => void>();
  let lastId = 0;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  readLines(child, (line) => {
    const { id } = JSON.parse(line) as Answer;
    if (id !== undefined) waiting.get(id)?.(line);
  });

  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

  async function ask(method: string, params: object): Promise<string> {
    lastId += 1;
    const id = lastId;
    const answered = new Promise<string>((resolve) => waiting.set(id, resolve));
    send({ id, method, params });
    const gone = exited.then(([code]) => {
      throw new Error(`${args[0]} left with ${code}: ${stderr}`);
    });
    return Promise.race([answered, gone]).finally(() => waiting.delete(id));
  }

  return {
    pid: child.pid ?? 0,
    async initialize() {
      await ask('initialize', INITIALIZE);
      send({ method: 'notifications/initialized' });
    },
    async callTool(name, parameters) {
      const line = await ask('tools/call', { name, arguments: parameters });
      const { result } = JSON.parse(line) as Answer;
      if (result === undefined || result.isError === true) throw new Error(`${name} failed: ${line.slice(0, 500)}`);
      return result;
    },
    listTools: () => ask('tools/list', {}),
    stderr: () => stderr,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
}
