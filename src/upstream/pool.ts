/**
 * Keeps connections by key: one for each owner, account and server. Opening is shared by whoever asks
 * at the same time; what nobody has used for a while is closed.
 */
import { RETIRED_CONNECTION_POLL_MS, UPSTREAM_IDLE_CLOSE_MS } from '../core/limits.js';
import type { ConnectionPool, UpstreamConnection } from './types.js';

export interface ConnectionPoolOptions {
  /** How long a connection may go unused, in milliseconds. Default UPSTREAM_IDLE_CLOSE_MS. */
  readonly idleCloseMs?: number;
}

interface Entry {
  readonly opening: Promise<UpstreamConnection>;
  connection: UpstreamConnection | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

export function createConnectionPool({
  idleCloseMs = UPSTREAM_IDLE_CLOSE_MS,
}: ConnectionPoolOptions = {}): ConnectionPool {
  const entries = new Map<string, Entry>();
  const retired = new Set<Entry>();
  let closed = false;

  const forget = async (key: string, entry: Entry): Promise<void> => {
    if (entries.get(key) === entry) entries.delete(key);
    clearTimeout(entry.idleTimer);
    const connection = await entry.opening.catch(() => undefined);
    await connection?.close();
  };

  /** Nobody gets it any more; it is closed when the last operation on it has ended. */
  const retire = (entry: Entry): void => {
    retired.add(entry);
    clearTimeout(entry.idleTimer);
    if ((entry.connection?.operationsUnderWay ?? 0) === 0) {
      retired.delete(entry);
      void entry.opening.then((connection) => connection.close()).catch(() => {});
      return;
    }
    entry.idleTimer = setTimeout(() => retire(entry), RETIRED_CONNECTION_POLL_MS);
    entry.idleTimer.unref();
  };

  const restartIdleTimer = (key: string, entry: Entry): void => {
    clearTimeout(entry.idleTimer);
    entry.idleTimer = setTimeout(() => {
      if ((entry.connection?.operationsUnderWay ?? 0) > 0) restartIdleTimer(key, entry);
      else void forget(key, entry);
    }, idleCloseMs);
    entry.idleTimer.unref();
  };

  const beginOpening = (key: string, open: () => Promise<UpstreamConnection>): Entry => {
    const entry: Entry = { opening: open(), connection: undefined, idleTimer: undefined };
    entries.set(key, entry);
    entry.opening.then(
      (connection) => {
        entry.connection = connection;
        if (entries.get(key) === entry) restartIdleTimer(key, entry);
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    return entry;
  };

  return {
    use(key, open) {
      if (closed) throw new TypeError('the connection pool is closed');
      const entry = entries.get(key);
      if (entry === undefined) return beginOpening(key, open).opening;
      if (entry.connection !== undefined) restartIdleTimer(key, entry);
      return entry.opening;
    },
    get(key) {
      const entry = entries.get(key);
      if (entry?.connection !== undefined) restartIdleTimer(key, entry);
      return entry?.connection;
    },
    retire(key) {
      const entry = entries.get(key);
      entries.delete(key);
      if (entry !== undefined) retire(entry);
    },
    all: () => [...entries.values(), ...retired].flatMap(({ connection }) => connection ?? []),
    async drop(key) {
      const entry = entries.get(key);
      if (entry !== undefined) await forget(key, entry);
    },
    async close() {
      closed = true;
      const left = [...entries, ...[...retired].map((entry) => ['', entry] as const)];
      await Promise.all(left.map(([key, entry]) => forget(key, entry)));
    },
  };
}
