/**
 * MCP over the standard streams of a child process (2025-11-25 and 2026-07-28, transports, stdio): one message a line.
 * The SDK's own transport passes on the first process of a tree only, and its errors say nothing of the process.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  deserializeMessage,
  type JSONRPCMessage,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { BrokerError } from '../core/errors.js';
import { SUBPROCESS_OUTPUT_WAIT_MS, UPSTREAM_MESSAGE_MAX_BYTES } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { protocolError, unreachable } from './answers.js';
import { createLineSplitter } from './line-splitter.js';
import type { Subprocess } from './subprocess.js';

export class SubprocessTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;
  /** By this and `pid` the SDK knows a child process: there silence of an older server is no failure. */
  readonly stderr = null;
  readonly #child: Subprocess;
  readonly #log: Log;
  #fault: BrokerError | undefined;
  #isClosed = false;
  #hasSkipped = false;

  constructor(child: Subprocess, log: Log) {
    this.#child = child;
    this.#log = log;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Why nothing more comes, where the server is to blame. */
  get fault(): BrokerError | undefined {
    return this.#fault;
  }

  async start(): Promise<void> {
    const lines = createLineSplitter({
      maxBytes: UPSTREAM_MESSAGE_MAX_BYTES,
      onLine: (line) => this.#receive(line),
      onTooLong: () =>
        void this.#fail(protocolError(`the server sent a message of more than ${UPSTREAM_MESSAGE_MAX_BYTES} bytes`)),
    });
    const { stdout, exited } = this.#child;
    stdout.on('data', (chunk: Buffer) => {
      if (!this.#isClosed) lines.push(chunk);
    });
    stdout.on('error', (error) => this.onerror?.(error));
    void exited.then(async (how) => {
      // What it wrote last may still be in the pipe, which a process that it left behind may hold open.
      if (!stdout.readableEnded)
        await Promise.race([once(stdout, 'end'), delay(SUBPROCESS_OUTPUT_WAIT_MS)]).catch(() => {});
      await this.#fail(processEnded(how));
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { stdin } = this.#child;
    if (this.#isClosed || !stdin.writable)
      throw this.#fault ?? unreachable(new Error('the process takes no more input'));
    await new Promise<void>((resolve) => {
      // A pipe that broke is told of by the end of the process.
      stdin.write(serializeMessage(message), () => resolve());
    });
  }

  async close(): Promise<void> {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    await this.#child.end();
    if (wasOpen) this.onclose?.();
  }

  async #fail(fault: BrokerError): Promise<void> {
    if (this.#isClosed) return;
    this.#fault = fault;
    this.onerror?.(fault);
    await this.close();
  }

  /** What is no message is skipped: many programs greet on standard output. */
  #receive(line: string): void {
    let message: JSONRPCMessage;
    try {
      message = deserializeMessage(line);
    } catch {
      this.#noteSkipped(line);
      return;
    }
    this.onmessage?.(message);
  }

  #noteSkipped(line: string): void {
    if (this.#hasSkipped || line.trim() === '') return;
    this.#hasSkipped = true;
    this.#log.warn(
      { pid: this.pid },
      'a server writes lines to standard output that are no messages; they are skipped',
    );
  }
}

function processEnded(how: string): BrokerError {
  return new BrokerError('upstream_unreachable', `the server's process ended (${how})`, {
    retryable: true,
    nextStep:
      'Call again: the process is started anew. If it ends again, ask the user to run the command of this server (servers.json) in a terminal; with MCP_OAUTH_LOG=debug the log of the broker shows what it says.',
  });
}
