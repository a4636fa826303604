/**
 * The one place where a token is renewed: a refresh token is redeemed (RFC 6749 section 6), or a grant without a user
 * asked for anew. A transient failure changes nothing; only a parsed `invalid_grant` on the current generation ends one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BrokerError } from '../core/errors.js';
import { BACKGROUND_REFRESH_AHEAD_MS, REFRESH_AHEAD_WAIT_MS } from '../core/limits.js';
import type { Grant } from '../vault/index.js';
import { accessOf, type GrantAccess, needsRefresh, stillValid, usable, withoutRefreshToken } from './grant-access.js';
import { type KnownServer, refuseOtherUrl } from './known-server.js';
import type { Parts } from './parts.js';
import { redeemRefreshToken } from './refresh-transaction.js';
import { createRefreshedGrants } from './refreshed-grants.js';
import { createRenewals, type Renewal } from './renewal-lease.js';
import { ownUnattendedGrant, unattendedGrantType } from './unattended-grant.js';
import { renewUnattendedGrant } from './unattended-renewal.js';

export interface FreshGrants {
  /**
   * The grant, renewed first where that is due. A grant without a user is always `usable`, or says why not by an error.
   * `refusedToken`: an access token that the server refused though it has not expired; a newer one is adopted, else it is renewed once.
   * @throws {BrokerError} `server_url_mismatch` where it was made for another URL; `token_request_failed`,
   *   `refresh_outcome_unknown`, `vault_busy`: retryable, nothing lost; without a user also `client_rejected`,
   *   `grant_rejected`, `insufficient_scope`, and as discovery does.
   */
  freshGrant(server: KnownServer, refusedToken?: string): Promise<GrantAccess>;
  /** The same for a server that nobody calls now: renewed earlier, and only where somebody signed in. */
  refreshAhead(server: KnownServer): Promise<GrantAccess>;
  /** Resolves when no renewal is under way: a commit in flight ends before the process does. */
  settled(): Promise<void>;
}

export function createFreshGrants(parts: Parts): FreshGrants {
  const renewals = createRenewals(parts);
  const refreshedGrants = createRefreshedGrants(parts);

  function freshGrant(server: KnownServer, refusedToken?: string): Promise<GrantAccess> {
    return unattendedGrantType(server.entry) === undefined
      ? freshSignedIn(server, { refusedToken })
      : freshUnattended(server, refusedToken);
  }

  async function freshSignedIn(
    server: KnownServer,
    { refusedToken, aheadMs }: { readonly refusedToken?: string | undefined; readonly aheadMs?: number },
  ): Promise<GrantAccess> {
    const unwritten = await refreshedGrants.unwritten(server.id);
    const grant = unwritten ?? (await stored(server));
    if (grant !== undefined) refuseOtherUrl(server, grant.serverUrl);
    if (unwritten !== undefined) return stillValid(unwritten, parts.clock.now(), refusedToken) ?? notWrittenYet();
    const settled = (current: Grant | undefined) => settledSignedIn(current, parts.clock.now(), refusedToken, aheadMs);
    return renewedWhereDue(grant, {
      server,
      refusedToken,
      before: grant,
      settled,
      renew: ({ vault, lease, current }) =>
        current === undefined
          ? Promise.resolve({ kind: 'none' })
          : redeemRefreshToken({ parts, vault, server, lease, refusedToken, refreshedGrants }, current),
    });
  }

  async function freshUnattended(server: KnownServer, refusedToken: string | undefined): Promise<GrantAccess> {
    const grant = ownUnattendedGrant(server, await stored(server));
    const settled = (current: Grant | undefined) => {
      const own = ownUnattendedGrant(server, current);
      return own === undefined || needsRefresh(own, parts.clock.now(), refusedToken) ? undefined : usable(own);
    };
    return renewedWhereDue(grant, {
      server,
      refusedToken,
      before: grant,
      settled,
      renew: (turn) => renewUnattendedGrant(parts, server, turn, refusedToken),
    });
  }

  async function renewedWhereDue(grant: Grant | undefined, renewal: Renewal): Promise<GrantAccess> {
    const settled = renewal.settled(grant);
    if (settled !== undefined) return settled;
    const renewed = renewals.renew(renewal);
    const valid = grant && stillValid(grant, parts.clock.now(), renewal.refusedToken);
    return valid === undefined ? renewed : soonerOf(renewed, valid);
  }

  async function stored(server: KnownServer): Promise<Grant | undefined> {
    return (await (await parts.vault()).grants.get(server.id))?.value;
  }

  return {
    freshGrant,
    refreshAhead: (server) => freshSignedIn(server, { aheadMs: BACKGROUND_REFRESH_AHEAD_MS }),
    settled: async () => {
      await renewals.settled();
      await refreshedGrants.flush();
    },
  };
}

/** What a sign-in brought, as it is; undefined where it must be refreshed and can be. */
function settledSignedIn(
  grant: Grant | undefined,
  now: number,
  refusedToken: string | undefined,
  aheadMs: number | undefined,
): GrantAccess | undefined {
  // Left from when the user's file named another grant type: nobody has signed in.
  if (grant?.unattended !== undefined) return { kind: 'none' };
  const access = accessOf(grant, now);
  if (access.kind !== 'usable') return access;
  if (!needsRefresh(access.grant, now, refusedToken, aheadMs)) return usable(access.grant);
  return access.grant.refreshToken === undefined ? withoutRefreshToken(access.grant, now, refusedToken) : undefined;
}

/** A renewal ahead of time delays no call for long: the token in hand is still good, and the renewal goes on. */
async function soonerOf(renewed: Promise<GrantAccess>, valid: GrantAccess): Promise<GrantAccess> {
  const settled = new AbortController();
  const patience = delay(REFRESH_AHEAD_WAIT_MS, valid, { ref: false, signal: settled.signal }).catch(() => valid);
  try {
    return await Promise.race([renewed, patience]);
  } finally {
    settled.abort();
  }
}

function notWrittenYet(): never {
  throw new BrokerError('vault_busy', 'The vault has not taken the last refreshed tokens yet.', { retryable: true });
}
