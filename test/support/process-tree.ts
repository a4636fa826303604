/** Which processes a process has started, and with what, as Linux shows them under /proc. */
import { readdir, readFile } from 'node:fs/promises';

export const showsProcesses = process.platform === 'linux';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** NUL between the arguments. */
  readonly commandLine: string;
  readonly environment: string;
}

/** Every process below `root`, of whatever depth, that still runs. */
export async function descendantsOf(root: number): Promise<readonly RunningProcess[]> {
  const all = await everyProcess();
  const below = (parent: number): readonly RunningProcess[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(root);
}

async function everyProcess(): Promise<readonly RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => look(pid).catch(() => undefined)));
  return found.filter((one) => one !== undefined);
}

/** Undefined for one that has ended and whose parent has not asked after it yet. */
async function look(pid: number): Promise<RunningProcess | undefined> {
  const [, state, parent] = /^\d+ \(.*\) (\S) (\d+)/su.exec(await readFile(`/proc/${pid}/stat`, 'utf8')) ?? [];
  if (state === undefined || state === 'Z' || state === 'X') return undefined;
  const [commandLine, environment] = await Promise.all(
    ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  return { pid, parent: Number(parent), commandLine: commandLine ?? '', environment: environment ?? '' };
}
