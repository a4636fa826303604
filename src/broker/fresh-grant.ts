/**
 * The one place where a token is refreshed (RFC 6749 section 6): lease, read again, adopt or redeem, write, release.
 * A transient failure changes nothing; only a parsed `invalid_grant` on the current generation ends a grant.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BrokerError } from '../core/errors.js';
import { REFRESH_AHEAD_WAIT_MS, REFRESH_LEASE_MS, REFRESH_LEASE_WAIT_MS } from '../core/limits.js';
import type { Grant, Lease } from '../vault/index.js';
import { accessOf, type GrantAccess, needsRefresh, stillValid, usable, withoutRefreshToken } from './grant-access.js';
import { type KnownServer, refuseOtherUrl } from './known-server.js';
import type { Parts } from './parts.js';
import { redeemRefreshToken } from './refresh-transaction.js';
import { createRefreshedGrants } from './refreshed-grants.js';
import { refreshingElsewhere } from './token-failures.js';

export interface FreshGrants {
  /**
   * The grant, refreshed first where that is due.
   * `refusedToken`: an access token that the server refused though it has not expired; a newer one is adopted, else it is refreshed once.
   * @throws {BrokerError} `server_url_mismatch` where it was made for another URL; `token_request_failed`, `refresh_outcome_unknown`, `vault_busy`: retryable, nothing lost.
   */
  freshGrant(server: KnownServer, refusedToken?: string): Promise<GrantAccess>;
  /** Resolves when no redemption is under way: a commit in flight ends before the process does. */
  settled(): Promise<void>;
}

export function createFreshGrants(parts: Parts): FreshGrants {
  const underWay = new Map<string, Promise<GrantAccess>>();
  const refreshedGrants = createRefreshedGrants(parts);

  async function freshGrant(server: KnownServer, refusedToken?: string): Promise<GrantAccess> {
    const unwritten = await refreshedGrants.unwritten(server.id);
    const grant = unwritten ?? (await (await parts.vault()).grants.get(server.id))?.value;
    if (grant !== undefined) refuseOtherUrl(server, grant.serverUrl);
    const now = parts.clock.now();
    if (unwritten !== undefined) return stillValid(unwritten, now, refusedToken) ?? notWrittenYet();
    const access = accessOf(grant, now);
    if (access.kind !== 'usable') return access;
    if (!needsRefresh(access.grant, now, refusedToken)) return usable(access.grant);
    if (access.grant.refreshToken === undefined) return withoutRefreshToken(access.grant, now, refusedToken);
    const refreshed = refreshOnce(server, access.grant, refusedToken);
    const valid = stillValid(access.grant, now, refusedToken);
    return valid === undefined ? refreshed : soonerOf(refreshed, valid);
  }

  /** Callers of one process share a refresh; it is nobody's to cancel. */
  function refreshOnce(server: KnownServer, grant: Grant, refusedToken: string | undefined): Promise<GrantAccess> {
    const key = JSON.stringify([server.id, refusedToken ?? null]);
    const running = underWay.get(key);
    if (running !== undefined) return running;
    const refresh = refreshUnderLease(server, grant, refusedToken).finally(() => underWay.delete(key));
    underWay.set(key, refresh);
    return refresh;
  }

  async function refreshUnderLease(
    server: KnownServer,
    before: Grant,
    refusedToken: string | undefined,
  ): Promise<GrantAccess> {
    const vault = await parts.vault();
    let lease: Lease | undefined;
    try {
      lease = await vault.acquireLease(['refresh', ...server.id], REFRESH_LEASE_MS, REFRESH_LEASE_WAIT_MS);
    } catch (error) {
      // A vault that cannot be written refuses the refresh, not the token that is still good.
      const valid = stillValid(before, parts.clock.now(), refusedToken);
      if (valid !== undefined) return valid;
      throw error;
    }
    if (lease === undefined) return stillValid(before, parts.clock.now(), refusedToken) ?? refreshingElsewhere();
    try {
      const current = await vault.grants.get(server.id);
      const access = accessOf(current?.value, parts.clock.now());
      if (current === undefined || access.kind !== 'usable') return access;
      if (!needsRefresh(access.grant, parts.clock.now(), refusedToken)) return usable(access.grant);
      return await redeemRefreshToken({ parts, vault, server, lease, refusedToken, refreshedGrants }, current);
    } finally {
      await release(lease);
    }
  }

  /** A lease that cannot be given back runs out by itself; what was done under it stays done. */
  async function release(lease: Lease): Promise<void> {
    await lease.release().catch((error: unknown) => {
      parts.log.warn({ cause: String(error) }, 'the lease of a refresh could not be given back');
    });
  }

  return {
    freshGrant,
    settled: async () => {
      await Promise.allSettled(underWay.values());
      await refreshedGrants.flush();
    },
  };
}

/** A refresh ahead of time delays no call for long: the token in hand is still good, and the refresh goes on. */
async function soonerOf(refreshed: Promise<GrantAccess>, valid: GrantAccess): Promise<GrantAccess> {
  const settled = new AbortController();
  const patience = delay(REFRESH_AHEAD_WAIT_MS, valid, { ref: false, signal: settled.signal }).catch(() => valid);
  try {
    return await Promise.race([refreshed, patience]);
  } finally {
    settled.abort();
  }
}

function notWrittenYet(): never {
  throw new BrokerError('vault_busy', 'The vault has not taken the last refreshed tokens yet.', { retryable: true });
}
