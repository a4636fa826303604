/**
 * One renewal of a grant at a time: the callers of one process share it, and those of other processes wait for its
 * lease and adopt what it brought. Nobody's cancellation ends it.
 */
import { REFRESH_LEASE_MS, REFRESH_LEASE_WAIT_MS } from '../core/limits.js';
import type { Grant, Lease, Vault, Versioned } from '../vault/index.js';
import { type GrantAccess, stillValid } from './grant-access.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { refreshingElsewhere } from './token-failures.js';

/** What a renewal works on: the lease is held, and `current` was read under it. */
export interface RenewalTurn {
  readonly vault: Vault;
  readonly lease: Lease;
  readonly current: Versioned<Grant> | undefined;
}

export interface Renewal {
  readonly server: KnownServer;
  /** An access token that the server refused though it has not expired. */
  readonly refusedToken: string | undefined;
  /** What was in hand before: used on where the vault or another process stands in the way. */
  readonly before: Grant | undefined;
  /** What the stored grant comes to without a renewal; undefined where one is due. */
  readonly settled: (stored: Grant | undefined) => GrantAccess | undefined;
  readonly renew: (turn: RenewalTurn) => Promise<GrantAccess>;
}

export interface Renewals {
  /** @throws {BrokerError} `vault_busy`, or `token_request_failed` while another process is at it; and as `renew` does. */
  renew(renewal: Renewal): Promise<GrantAccess>;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

export function createRenewals(parts: Parts): Renewals {
  const underWay = new Map<string, Promise<GrantAccess>>();

  function renew(renewal: Renewal): Promise<GrantAccess> {
    const key = JSON.stringify([renewal.server.id, renewal.refusedToken ?? null]);
    const running = underWay.get(key);
    if (running !== undefined) return running;
    const started = renewUnderLease(renewal).finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  }

  async function renewUnderLease(renewal: Renewal): Promise<GrantAccess> {
    const vault = await parts.vault();
    const { id } = renewal.server;
    let lease: Lease | undefined;
    try {
      lease = await vault.acquireLease(['refresh', ...id], REFRESH_LEASE_MS, REFRESH_LEASE_WAIT_MS);
    } catch (error) {
      // A vault that cannot be written refuses the renewal, not the token that is still good.
      const valid = validBefore(renewal);
      if (valid !== undefined) return valid;
      throw error;
    }
    if (lease === undefined) return validBefore(renewal) ?? refreshingElsewhere();
    try {
      const current = await vault.grants.get(id);
      return renewal.settled(current?.value) ?? (await renewal.renew({ vault, lease, current }));
    } finally {
      await release(lease);
    }
  }

  function validBefore({ before, refusedToken }: Renewal): GrantAccess | undefined {
    return before === undefined ? undefined : stillValid(before, parts.clock.now(), refusedToken);
  }

  /** A lease that cannot be given back runs out by itself; what was done under it stays done. */
  async function release(lease: Lease): Promise<void> {
    await lease.release().catch((error: unknown) => {
      parts.log.warn({ cause: String(error) }, 'the lease of a renewal could not be given back');
    });
  }

  return {
    renew,
    settled: async () => {
      await Promise.allSettled(underWay.values());
    },
  };
}
