/**
 * Processes that run a script of these tests together with `src`, bundled once so that each starts in a moment.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface SourceProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Sends a line, and resolves with the next line that comes back. */
  ask(line: string): Promise<string>;
  /** The next line that it says; rejects, with what it said on stderr, when it ends without. */
  nextLine(): Promise<string>;
  /** Every line that it said and nobody has read, once it has ended. */
  rest(): Promise<readonly string[]>;
  kill(): Promise<void>;
}

export interface SourceProcesses {
  start(environment: NodeJS.ProcessEnv): SourceProcess;
  /** Kills what still runs, and removes the bundle. */
  close(): Promise<void>;
}

/** @param script the name of a file of this folder, such as `unleased-broker-process.ts` */
export async function bundleForProcesses(script: string): Promise<SourceProcesses> {
  // Inside the project, so that the native modules are found.
  const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'source-process-'));
  const outfile = join(folder, `${basename(script, '.ts')}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(script, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['libsql', '@napi-rs/keyring'],
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module';\nconst require = $createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  });
  const started = new Set<SourceProcess>();
  return {
    start: (environment) => {
      // Where Node has such a cache, the second process starts faster than the first.
      const env = { ...environment, NODE_COMPILE_CACHE: folder };
      const running = follow(spawn(process.execPath, [outfile], { env, stdio: 'pipe' }));
      started.add(running);
      running.child.on('exit', () => started.delete(running));
      return running;
    },
    close: async () => {
      await Promise.all([...started].map((running) => running.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcessWithoutNullStreams): SourceProcess {
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = once(child, 'close');
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done === true) throw new Error(`The process ended without another line: ${stderr}`);
    return value;
  };
  return {
    child,
    nextLine,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return nextLine();
    },
    rest: async () => {
      const unread: string[] = [];
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) unread.push(line.value);
      return unread;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
