/** The built command line, as somebody runs it in a terminal whose output is read by a script. */
import { spawn } from 'node:child_process';
import { type BrokerOptions, brokerEnvironment } from './broker-process.js';
import { builtBroker } from './built-broker.js';
import type { TemporaryHome } from './temporary-home.js';

export interface CommandRun {
  readonly exitCode: number | null;
  /** What it printed with `--json`, the last line of it. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param stdin all that there is to read */
export async function runCommand(
  home: TemporaryHome,
  args: readonly string[],
  { env, stdin = '' }: { readonly env?: BrokerOptions['env']; readonly stdin?: string } = {},
): Promise<CommandRun> {
  const child = spawn(process.execPath, [await builtBroker(), ...args, '--json'], {
    cwd: home.path,
    env: brokerEnvironment(home, env),
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk;
    });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, payload: lastPayload(output.stdout), ...output }));
  });
}

function lastPayload(stdout: string): CommandRun['payload'] {
  return JSON.parse(stdout.trim().split('\n').at(-1) || '{}') as CommandRun['payload'];
}
