/**
 * Servers that are programs, as they run: one process for each owner, account and server, started on demand.
 * A process keeps the environment that it was started with, so it is started anew when that has changed.
 */
import type { Owner } from '../core/principal.js';
import { connectSubprocess, createStartLimit, type StartLimit, type UpstreamConnection } from '../upstream/index.js';
import { connectOptions } from './connect-options.js';
import { connectionKey, connectionKeys } from './connection-key.js';
import type { StartedServer } from './known-server.js';
import { isDeclaredTo } from './named-host.js';
import type { Parts } from './parts.js';
import type { ProcessEnvironment } from './process-environment.js';

export interface Processes {
  /** @throws as `connectSubprocess` does. */
  open(
    server: StartedServer,
    environment: ProcessEnvironment,
    options: { readonly timeoutMs?: number },
  ): Promise<UpstreamConnection>;
  /** Ends every process of that name that `owners` have, whichever account it is for, or one account's. */
  dropAll(owners: readonly Owner[], serverName: string, account?: string): Promise<void>;
}

interface Started {
  readonly environment: ProcessEnvironment;
  readonly starts: StartLimit;
}

/** @param onToolsChanged called each time one tells that its tools changed. */
export function createProcesses(parts: Parts, onToolsChanged: () => void): Processes {
  const started = new Map<string, Started>();

  async function open(
    server: StartedServer,
    environment: ProcessEnvironment,
    options: { readonly timeoutMs?: number },
  ): Promise<UpstreamConnection> {
    const key = connectionKey(server);
    if (!isDeclaredTo(parts.pool.get(key), parts.attended.host)) parts.pool.retire(key);
    const before = started.get(key);
    const running = parts.pool.get(key);
    if (before !== undefined && running !== undefined && !isSame(before.environment, environment)) {
      if (mayGoOn(running, before.environment)) return running;
      parts.pool.retire(key);
    }
    started.set(key, { environment, starts: before?.starts ?? createStartLimit(parts.clock) });
    return parts.pool.use(key, () => start(server, key, options));
  }

  /** It is in use, and what it was started with is still good: it is started anew when it is idle. */
  function mayGoOn({ operationsUnderWay = 0 }: UpstreamConnection, { goodUntil }: ProcessEnvironment): boolean {
    return operationsUnderWay > 0 && (goodUntil === undefined || goodUntil > parts.clock.now());
  }

  async function start(
    server: StartedServer,
    key: string,
    options: { readonly timeoutMs?: number },
  ): Promise<UpstreamConnection> {
    const { command, args, cwd } = server.entry;
    return connectSubprocess(
      {
        command,
        args,
        ...(cwd !== undefined && { cwd }),
        environment: async () => started.get(key)?.environment.variables ?? {},
        starts: started.get(key)?.starts ?? createStartLimit(parts.clock),
      },
      await connectOptions(parts, server, { onToolsChanged, ...options }),
    );
  }

  async function dropAll(owners: readonly Owner[], serverName: string, account?: string): Promise<void> {
    const meant = connectionKeys(started, owners, serverName, account);
    for (const key of meant) started.delete(key);
    await Promise.all(meant.map((key) => parts.pool.drop(key)));
  }

  return { open, dropAll };
}

function isSame(a: ProcessEnvironment, b: ProcessEnvironment): boolean {
  const names = Object.keys(b.variables);
  return (
    names.length === Object.keys(a.variables).length && names.every((name) => a.variables[name] === b.variables[name])
  );
}
