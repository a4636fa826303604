/**
 * The path of `dist/main.js`, built first where a source is newer.
 * Built under a lock, so that test workers that need it at the same time build it once.
 */
import { execFile } from 'node:child_process';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const DIST = join(PROJECT, 'dist/main.js');
const LOCK = join(tmpdir(), `mcp-oauth-broker-build-${Buffer.from(PROJECT).toString('base64url')}.lock`);
const LOCK_POLL_MS = 50;

/** Rejects with the output of the build when it fails. */
export async function builtBroker(): Promise<string> {
  await takeLock();
  try {
    if (!(await isFresh())) await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: PROJECT });
  } finally {
    await rm(LOCK, { force: true });
  }
  return DIST;
}

async function isFresh(): Promise<boolean> {
  const built = await modifiedAt(DIST);
  const sources = await readdir(join(PROJECT, 'src'), { recursive: true });
  const changes = await Promise.all(
    [...sources.map((file) => join('src', file)), 'package.json', '.esbuild.mjs'].map((file) =>
      modifiedAt(join(PROJECT, file)),
    ),
  );
  return built > Math.max(...changes);
}

async function modifiedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

async function takeLock(): Promise<void> {
  for (;;) {
    const lock = await open(LOCK, 'wx').catch(() => undefined);
    if (lock) {
      await lock.writeFile(String(process.pid));
      return lock.close();
    }
    const holder = Number(await readFile(LOCK, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(LOCK, { force: true });
    await wait(LOCK_POLL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
