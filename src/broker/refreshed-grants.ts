/**
 * Refreshed tokens on their way into the vault. They exist nowhere else, so a vault that does not take them is asked
 * again; where it still refuses they stay in memory, in use, and are offered again by every later call.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BrokerError } from '../core/errors.js';
import { COMMIT_RETRY_MS, COMMIT_RETRY_TOTAL_MS } from '../core/limits.js';
import type { Grant, Vault, Versioned } from '../vault/index.js';
import type { Parts } from './parts.js';

export interface RefreshedGrants {
  /**
   * Writes `refreshed` in place of the grant whose refresh token was `redeemed`, whoever else wrote to that meanwhile,
   * and of an earlier one that a store has fallen back to.
   * `superseded`: there are newer tokens, or the grant was cleared. `kept`: the vault refuses; held in memory.
   */
  write(
    id: readonly string[],
    refreshed: Grant,
    redeemed: Versioned<Grant>,
  ): Promise<'written' | 'superseded' | 'kept'>;
  /** The grant that the vault has not taken to this day, offered to it once more. */
  unwritten(id: readonly string[]): Promise<Grant | undefined>;
  /** Offers everything once more, before the process ends. */
  flush(): Promise<void>;
}

interface Unwritten {
  readonly id: readonly string[];
  readonly refreshed: Grant;
  readonly redeemed: Versioned<Grant>;
}

export function createRefreshedGrants(parts: Parts): RefreshedGrants {
  const kept = new Map<string, Unwritten>();

  async function write(
    id: readonly string[],
    refreshed: Grant,
    redeemed: Versioned<Grant>,
  ): Promise<'written' | 'superseded' | 'kept'> {
    const startedAt = performance.now();
    for (;;) {
      const outcome = await offer({ id, refreshed, redeemed });
      if (outcome !== 'refused') return outcome;
      if (performance.now() - startedAt >= COMMIT_RETRY_TOTAL_MS) break;
      await delay(COMMIT_RETRY_MS);
    }
    kept.set(JSON.stringify(id), { id, refreshed, redeemed });
    parts.log.error({ serverName: refreshed.serverName }, 'refreshed tokens could not be written and stay in memory');
    return 'kept';
  }

  async function offer(tokens: Unwritten): Promise<'written' | 'superseded' | 'refused'> {
    try {
      return (await replaceTokens(await parts.vault(), tokens)) ? 'written' : 'superseded';
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      parts.log.warn({ serverName: tokens.refreshed.serverName, code: error.code }, 'the vault refuses new tokens');
      return 'refused';
    }
  }

  async function unwritten(id: readonly string[]): Promise<Grant | undefined> {
    const tokens = kept.get(JSON.stringify(id));
    if (tokens === undefined) return undefined;
    if ((await offer(tokens)) === 'refused') return tokens.refreshed;
    kept.delete(JSON.stringify(id));
    return undefined;
  }

  async function flush(): Promise<void> {
    await Promise.all([...kept.values()].map(({ id }) => unwritten(id)));
  }

  return { write, unwritten, flush };
}

/** Returns false where the tokens that were redeemed are no longer the stored ones. */
async function replaceTokens(vault: Vault, { id, refreshed, redeemed }: Unwritten): Promise<boolean> {
  for (;;) {
    const current = await vault.grants.get(id);
    if (current === undefined || !isReplacedBy(redeemed, current)) return false;
    if ((await vault.grants.compareAndSwap(id, refreshed, current.generation)) !== undefined) return true;
  }
}

/** Generations only rise, so a lower one is that of a server that took over with an older copy: what it has was redeemed before. */
function isReplacedBy(redeemed: Versioned<Grant>, current: Versioned<Grant>): boolean {
  return current.value.refreshToken === redeemed.value.refreshToken || current.generation < redeemed.generation;
}
