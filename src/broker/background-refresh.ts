/**
 * Keeps the servers that this process has used connected: their tokens are refreshed before they run out, though nobody
 * calls. The lease makes it once for all processes; what fails here is tried again later and is nobody's error.
 */
import {
  BACKGROUND_REFRESH_INTERVAL_MS,
  BACKGROUND_REFRESH_RETRY_MAX_MS,
  BACKGROUND_REFRESHES_MAX,
} from '../core/limits.js';
import type { FreshGrants } from './fresh-grant.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';

interface Watched {
  readonly server: KnownServer;
  /** Not before, in milliseconds since the epoch; after a failure. */
  notBefore: number;
  failures: number;
}

/** The same grants, whose servers are watched once they were used with a refresh token. */
export function keepRefreshed(parts: Parts, fresh: FreshGrants): FreshGrants {
  const watched = new Map<string, Watched>();

  function watch(server: KnownServer): void {
    const key = JSON.stringify(server.id);
    // The entry as it is now: the user's file may have changed since.
    watched.set(key, { notBefore: 0, failures: 0, ...watched.get(key), server });
    parts.background.start('refreshing ahead of time', everyInterval);
  }

  /** Ends with the process's background work; the timer alone keeps no process alive. */
  function everyInterval(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(() => void refreshAll(signal), BACKGROUND_REFRESH_INTERVAL_MS);
      timer.unref();
      const end = (): void => {
        clearInterval(timer);
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
    });
  }

  async function refreshAll(signal: AbortSignal): Promise<void> {
    const now = parts.clock.now();
    const ready = [...watched].filter(([, { notBefore }]) => notBefore <= now).slice(0, BACKGROUND_REFRESHES_MAX);
    for (const [key, entry] of ready) {
      if (signal.aborted) return;
      await refresh(key, entry);
    }
  }

  async function refresh(key: string, entry: Watched): Promise<void> {
    // Whose turn it was goes to the end, so that none is left out where many are due.
    watched.delete(key);
    try {
      const access = await fresh.refreshAhead(entry.server);
      if (access.kind === 'usable') watched.set(key, { server: entry.server, notBefore: 0, failures: 0 });
    } catch (error) {
      const failures = entry.failures + 1;
      const waitMs = Math.min(BACKGROUND_REFRESH_INTERVAL_MS * 2 ** failures, BACKGROUND_REFRESH_RETRY_MAX_MS);
      watched.set(key, { server: entry.server, notBefore: parts.clock.now() + waitMs, failures });
      parts.log.debug({ err: error, serverName: entry.server.entry.serverName }, 'a refresh ahead of time failed');
    }
  }

  return {
    ...fresh,
    async freshGrant(server, refusedToken) {
      const access = await fresh.freshGrant(server, refusedToken);
      if (access.kind === 'usable' && access.grant.refreshToken !== undefined) watch(server);
      return access;
    },
  };
}
