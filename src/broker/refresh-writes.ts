/** What a refresh writes: by compare-and-swap under its lease, and never over what another has written since. */
import { BrokerError, type ErrorCode } from '../core/errors.js';
import type { Grant, Lease, Vault, Versioned } from '../vault/index.js';
import { actOn } from './audit.js';
import { accessOf, type GrantAccess, stillValid, usable } from './grant-access.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import type { RefreshedGrants } from './refreshed-grants.js';
import { revokeGrant } from './revoke-grant.js';
import { refreshingElsewhere } from './token-failures.js';

/** What one transaction works on. */
export interface Redemption {
  readonly parts: Parts;
  readonly vault: Vault;
  readonly server: KnownServer;
  readonly lease: Lease;
  /** An access token that the server refused though it has not expired. */
  readonly refusedToken: string | undefined;
  readonly refreshedGrants: RefreshedGrants;
}

/** @returns the new generation, or undefined where another writer was first. */
export function write(
  { vault, server, lease }: Redemption,
  held: Versioned<Grant>,
  grant: Grant,
): Promise<number | undefined> {
  return vault.grants.compareAndSwap(server.id, grant, held.generation, lease);
}

/** Notes an attempt that came to nothing. That the vault does not take the note makes no valid token less valid. */
export async function note(redemption: Redemption, held: Versioned<Grant>, grant: Grant): Promise<void> {
  try {
    await write(redemption, held, grant);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    redemption.parts.log.warn({ serverName: grant.serverName, code: error.code }, 'a refresh could not be noted');
  }
}

/** A refresh that came to nothing: that it cannot be written down is no reason to fail, too. */
export function auditFailure(
  { parts, server }: Redemption,
  { value }: Versioned<Grant>,
  code: ErrorCode,
): Promise<void> {
  return parts.audit.note(server.principal, {
    event: 'refresh_failed',
    ...actOn(server),
    code,
    credential: value.accessToken,
  });
}

/** Another writer was first: what it wrote counts, and nothing of it is deleted. */
export async function adoptWinner({ parts, vault, server, refusedToken }: Redemption): Promise<GrantAccess> {
  const winner = (await vault.grants.get(server.id))?.value;
  const valid = winner === undefined ? undefined : stillValid(winner, parts.clock.now(), refusedToken);
  if (valid !== undefined) return valid;
  const access = accessOf(winner, parts.clock.now());
  return access.kind === 'usable' ? refreshingElsewhere() : access;
}

/** Where the lease ran out meanwhile the new tokens still replace those they were redeemed from, but never anyone's newer ones. */
export async function commit(
  redemption: Redemption,
  redeemed: Versioned<Grant>,
  refreshed: Grant,
): Promise<GrantAccess> {
  const { parts, vault, server } = redemption;
  const access = usable(refreshed);
  const written = await redemption.refreshedGrants.write(server.id, refreshed, redeemed);
  if (written === 'superseded') {
    // Cleared while these were on their way, for a member who was removed for instance: nobody else could end them.
    if ((await vault.grants.get(server.id)) === undefined) await revokeGrant(parts, refreshed);
    return adoptWinner(redemption);
  }
  await parts.audit.record(server.principal, {
    event: 'refreshed',
    ...actOn(server),
    credential: refreshed.accessToken,
    replaces: redeemed.value.accessToken,
  });
  return access;
}
