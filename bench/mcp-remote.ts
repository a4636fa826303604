/**
 * mcp-remote, the sibling that the product is compared with: fetched from npm into `.cache/` at one version, never a dependency.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const VERSION = '0.15.1';
const CACHE = resolve(fileURLToPath(new URL('../.cache/mcp-remote', import.meta.url)));
const FETCH_TIMEOUT_MS = 40_000;

/** Its script, or undefined where it cannot be fetched: those columns then say so. */
export async function fetchMcpRemote(): Promise<string | undefined> {
  const folder = join(CACHE, 'node_modules/mcp-remote');
  if ((await versionIn(folder)) !== VERSION && !(await install())) return undefined;
  return join(folder, 'dist/proxy.js');
}

async function install(): Promise<boolean> {
  await mkdir(CACHE, { recursive: true });
  const options = ['--prefix', CACHE, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await promisify(execFile)('npm', ['install', ...options, `mcp-remote@${VERSION}`], { timeout: FETCH_TIMEOUT_MS });
    return true;
  } catch (error) {
    console.log(`mcp-remote@${VERSION} could not be fetched: ${error instanceof Error ? error.name : 'failed'}`);
    return false;
  }
}

async function versionIn(folder: string): Promise<string | undefined> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(manifest) as { version?: string }).version;
}
