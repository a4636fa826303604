/**
 * JSON-RPC over a child's stdio, one message a line: the transport interface that both SDK lines ask for.
 * Ours instead of theirs, so that a test sees every byte and how the child ended.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A JSON-RPC message, not looked into. */
type Message = { readonly jsonrpc: '2.0' };

export class ChildTransport {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: never) => void;
  #rest = '';

  constructor(
    command: string,
    args: readonly string[],
    options: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
  ) {
    this.child = spawn(command, args, { ...options, stdio: 'pipe' });
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#receive(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.child.stdin.on('error', (error) => this.onerror?.(error));
    this.child.on('close', () => this.onclose?.());
  }

  async start(): Promise<void> {}

  async send(message: Message): Promise<void> {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends stdin, as a host does, and waits for the child to leave. */
  async close(): Promise<void> {
    this.child.stdin.end();
    await this.exited;
  }

  #receive(chunk: string): void {
    this.stdout += chunk;
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        this.onmessage?.(JSON.parse(line) as never);
      } catch (cause) {
        this.onerror?.(new Error(`Not JSON on stdout: ${line.slice(0, 200)}`, { cause }));
      }
    }
  }
}
