/**
 * Starts `vault-worker.ts` as processes of their own, bundled once so that a process starts in a moment.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface VaultWorker {
  readonly process: ChildProcess;
  /** The lines that it has said so far. */
  readonly lines: readonly string[];
  /** Resolves when it has said a line that begins so, rejects when it ended without. */
  said(beginning: string): Promise<void>;
  /** How it ended, and what it said on stderr. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stderr: string;
  }>;
}

export interface VaultWorkers {
  start(
    task: string,
    home: string,
    name: string,
    count?: number,
    how?: {
      readonly command?: readonly string[];
      readonly uid?: number;
      /** Added to this process's environment. */
      readonly env?: Readonly<Record<string, string>>;
    },
  ): VaultWorker;
  remove(): Promise<void>;
}

export async function buildVaultWorkers(): Promise<VaultWorkers> {
  // Inside the project, so that the native modules are found.
  const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'vault-worker-'));
  const script = join(folder, 'vault-worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./vault-worker.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['libsql', '@napi-rs/keyring', 'pino', 'pg', '@redis/client'],
    logLevel: 'silent',
  });
  // Some tests run it as a user without rights.
  await chmod(folder, 0o755);
  return {
    start: (task, home, name, count = 0, how = {}) => {
      const [command = process.execPath, ...before] = how.command ?? [process.execPath];
      const child = spawn(command, [...before, script, task, home, name, String(count)], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...how.env },
        ...(how.uid === undefined ? {} : { uid: how.uid, gid: how.uid }),
      });
      return workerOf(child);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function workerOf(child: ChildProcess): VaultWorker {
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  let rest = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      for (const [beginning, heard] of waiting) if (line.startsWith(beginning)) heard();
    }
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  // 'close' comes after the last byte of both streams.
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  return {
    process: child,
    lines,
    ended,
    said: async (beginning) => {
      if (lines.some((line) => line.startsWith(beginning))) return;
      const heard = new Promise<void>((resolve) => waiting.set(beginning, resolve));
      const gone = ended.then((end) => {
        throw new Error(`It ended (${end.code ?? end.signal}) without saying "${beginning}": ${end.stderr}`);
      });
      await Promise.race([heard, gone]);
    },
  };
}
