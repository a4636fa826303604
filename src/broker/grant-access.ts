/** What a stored authorization is good for at an instant: pure, no clock, no vault. */
import { REFRESH_AHEAD_LIFETIME_FRACTION, REFRESH_AHEAD_MS } from '../core/limits.js';
import { rememberSecret } from '../core/redaction.js';
import type { Grant } from '../vault/index.js';
import { rememberKey } from './bound-token.js';

export type GrantAccess =
  | { readonly kind: 'usable'; readonly grant: Grant }
  | { readonly kind: 'none' }
  /** Sign in again; `reason` as the grant's record says, absent where it has simply run out. */
  | { readonly kind: 'ended'; readonly grant: Grant; readonly reason?: Grant['endedReason'] | undefined };

/** What the record alone says: an expired token that can neither be refreshed nor asked for anew has ended. */
export function accessOf(grant: Grant | undefined, now: number): GrantAccess {
  if (grant === undefined) return { kind: 'none' };
  if (grant.state === 'ended') return { kind: 'ended', grant, reason: grant.endedReason };
  const hasExpired = grant.expiresAt !== undefined && grant.expiresAt <= now;
  const canRenew = grant.refreshToken !== undefined || grant.unattended !== undefined;
  return hasExpired && !canRenew ? { kind: 'ended', grant } : { kind: 'usable', grant };
}

/** Due when less than a quarter of the lifetime, and less than `aheadMs` (five minutes), is left. */
export function isRefreshDue(grant: Grant, now: number, aheadMs: number = REFRESH_AHEAD_MS): boolean {
  if (grant.expiresAt === undefined) return false;
  const leftMs = grant.expiresAt - now;
  const lifetimeMs = Math.max(0, grant.expiresAt - grant.obtainedAt);
  return leftMs <= 0 || (leftMs < aheadMs && leftMs < lifetimeMs * REFRESH_AHEAD_LIFETIME_FRACTION);
}

/** Whether the access token must be replaced: it was refused, or its refresh is due. */
export function needsRefresh(grant: Grant, now: number, refusedToken: string | undefined, aheadMs?: number): boolean {
  return grant.accessToken === refusedToken || isRefreshDue(grant, now, aheadMs);
}

/** The grant where its access token can still be sent; undefined where it has ended, expired or was refused. */
export function stillValid(grant: Grant, now: number, refusedToken: string | undefined): GrantAccess | undefined {
  const hasTime = grant.expiresAt === undefined || grant.expiresAt > now;
  const isValid = grant.state === 'active' && grant.accessToken !== refusedToken && hasTime;
  return isValid ? usable(grant) : undefined;
}

/** An access token without a refresh token lasts until it expires or is refused. */
export function withoutRefreshToken(grant: Grant, now: number, refusedToken: string | undefined): GrantAccess {
  const wasRefused = grant.accessToken === refusedToken;
  return (
    stillValid(grant, now, refusedToken) ?? {
      kind: 'ended',
      grant,
      ...(wasRefused && { reason: 'token_rejected' as const }),
    }
  );
}

/** Makes the tokens known to the redaction filter before anyone can see them. */
export function usable(grant: Grant): GrantAccess {
  rememberSecret(grant.accessToken);
  if (grant.refreshToken !== undefined) rememberSecret(grant.refreshToken);
  if (grant.dpopKey !== undefined) rememberKey(grant.dpopKey);
  return { kind: 'usable', grant };
}
