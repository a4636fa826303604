/**
 * Who holds a lease, in words by which another process of the same machine sees whether that process still lives.
 * A killed process so gives its leases up at once: a refresh that it left behind is settled within the
 * seconds in which an authorization server forgives that a token is sent again.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const SEPARATOR = ' ';
const STATE_FIELD = 0;
const STARTED_FIELD = 19;

/** This process: where its number counts, its number, and when it began. */
export function ownLeaseHolder(): string {
  return [place(), String(process.pid), startedAt(process.pid) ?? ''].join(SEPARATOR);
}

/** True only where it is certain: of another machine, container or boot nothing can be known from here. */
export function isLeaseHolderGone(holder: string): boolean {
  const [where, pid, started] = holder.split(SEPARATOR);
  if (where !== place() || pid === undefined || !/^[1-9]\d*$/u.test(pid)) return false;
  if (!isRunning(Number(pid))) return true;
  const now = startedAt(Number(pid));
  return now !== undefined && now !== started;
}

/** Sends nothing: signal 0 only asks. A process of another user may not be asked, so there is one. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Process numbers are given again; the tick at which a process began tells two of them apart. Linux only. */
function startedAt(pid: number): string | undefined {
  const status = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name before them is in parentheses and may hold anything.
  const fields = status?.slice(status.lastIndexOf(')') + 2).split(' ');
  return fields?.[STATE_FIELD] === 'Z' ? 'ended' : fields?.[STARTED_FIELD];
}

/** Where a process number means one process: a boot and a process namespace of Linux, elsewhere the machine. */
function place(): string {
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = textOf(() => readlinkSync('/proc/self/ns/pid'));
  return boot === undefined || namespace === undefined ? `host:${hostname()}` : `${boot}/${namespace}`;
}

function textOf(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
