/** Runs a portable script as an agent would: from a bare copy of its folder, with nothing around it. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type ScriptName = 'discover-oauth' | 'build-auth-url' | 'exchange-token' | 'check-oauth-status';

export interface ScriptRun {
  readonly exitCode: number | null;
  readonly json: Readonly<Record<string, unknown>>;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface ScriptFolder {
  readonly path: string;
  /** A file beside the scripts. */
  file(name: string): string;
  run(script: ScriptName, args: readonly string[], options?: ScriptRunOptions): Promise<ScriptRun>;
  remove(): Promise<void>;
}

const SOURCE = fileURLToPath(new URL('../../skills/mcp-server-oauth/scripts', import.meta.url));

/** @param node - the executable; default the running one */
export async function copyScripts(node: string = process.execPath): Promise<ScriptFolder> {
  const path = await mkdtemp(join(tmpdir(), 'scripts-'));
  await cp(SOURCE, path, { recursive: true });
  return {
    path,
    file: (name) => join(path, name),
    run: (script, args, options = {}) => runScript(node, join(path, `${script}.js`), args, options),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

function runScript(
  node: string,
  script: string,
  args: readonly string[],
  { env = {}, input }: ScriptRunOptions,
): Promise<ScriptRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [script, ...args], { env: { PATH: process.env['PATH'], ...env } });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    child.stdin.on('error', () => {}).end(input);
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, json: parsed(output.stdout), ...output }));
  });
}

function parsed(stdout: string): Record<string, unknown> {
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    return {};
  }
}
