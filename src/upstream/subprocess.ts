/** Starts a server that is a program: without a shell, in a process group of its own, its standard error in our log. */
import type { ChildProcessByStdio } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import spawn from 'cross-spawn';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { SUBPROCESS_LOG_LINE_MAX_BYTES, SUBPROCESS_LOG_MAX_BYTES } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { redactText } from '../core/redaction.js';
import { createLineSplitter } from './line-splitter.js';
import { processGroup } from './process-group.js';
import type { SubprocessTarget } from './types.js';

export interface Subprocess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when the process itself has ended, to how: `exit code 1` or `signal SIGKILL`. */
  readonly exited: Promise<string>;
  /** Ends it with everything that it started; never throws. */
  end(): Promise<void>;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** @throws {BrokerError} `upstream_unreachable`, not retryable, where there is no such program or folder. */
export async function startSubprocess(
  { command, args, cwd }: Pick<SubprocessTarget, 'command' | 'args' | 'cwd'>,
  environment: Readonly<Record<string, string>>,
  log: Log,
): Promise<Subprocess> {
  checkCommand(command);
  if (cwd !== undefined) await checkFolder(cwd);
  const child = spawn(command, [...args], {
    ...(cwd !== undefined && { cwd }),
    env: { ...environment },
    stdio: 'pipe',
    // On Windows this would open a console window; there the tree of the process stands for its group.
    detached: process.platform !== 'win32',
    windowsHide: true,
  }) as Child;
  const group = processGroup(child);
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  logErrors(child.stderr, basename(command), log);
  // That nobody reads any more is seen by the end of the process.
  child.stdin.on('error', () => {});
  try {
    await hasStarted(child);
  } catch (error) {
    void group.end();
    throw cannotStart(command, error);
  }
  return { pid: child.pid ?? 0, stdin: child.stdin, stdout: child.stdout, exited, end: group.end };
}

function hasStarted(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.on('error', reject);
  });
}

/** A path from where the broker happens to run would be another program for every host. */
function checkCommand(command: string): void {
  const isPath = command.includes('/') || (process.platform === 'win32' && command.includes('\\'));
  if (!isPath || isAbsolute(command)) return;
  throw unstartable(`the command ${displayText(command)} is a relative path`);
}

async function checkFolder(cwd: string): Promise<void> {
  const isFolder = await stat(cwd).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder || !isAbsolute(cwd)) throw unstartable(`there is no folder ${displayText(cwd)} to start the server in`);
}

function cannotStart(command: string, error: unknown): BrokerError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const why = code === 'ENOENT' ? 'was not found' : `cannot be started (${code})`;
  return unstartable(`the command ${displayText(command)} ${why}`, error);
}

function unstartable(message: string, cause?: unknown): BrokerError {
  return new BrokerError('upstream_unreachable', message, {
    nextStep:
      'Ask the user to correct the entry of this server in servers.json: command has to be an installed program on the PATH, or the absolute path of one, and cwd an absolute path.',
    ...(cause !== undefined && { cause }),
  });
}

/** Bounded, and redacted before anything is cut: half a secret would not be known for one. */
function logErrors(stderr: Readable, command: string, log: Log): void {
  let left = SUBPROCESS_LOG_MAX_BYTES;
  const lines = createLineSplitter({
    maxBytes: SUBPROCESS_LOG_LINE_MAX_BYTES,
    onLine: (line) => {
      if (left <= 0 || line === '') return;
      left -= line.length;
      log.debug({ command, stderr: redactText(line) }, left > 0 ? 'a server says' : 'a server says, for the last time');
    },
    onTooLong: () => log.debug({ command }, 'a line of a server is too long for the log'),
  });
  stderr.on('data', (chunk: Buffer) => lines.push(chunk));
  stderr.on('error', () => {});
}
