/**
 * One redemption of a refresh token, under a lease: the intent is written before the token is sent, so that a
 * process killed in between leaves a trace, and the answer is committed by compare-and-swap.
 */
import { profileFor } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { RETRY_AFTER_MAX_SECONDS, UNKNOWN_REDEMPTION_PAUSE_MS } from '../core/limits.js';
import { refreshTokens, type TokenOutcome, type TokenSet } from '../oauth/index.js';
import type { Grant, Lease, Vault, Versioned } from '../vault/index.js';
import { currentClient } from './current-client.js';
import { accessOf, type GrantAccess, stillValid, usable } from './grant-access.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import type { RefreshedGrants } from './refreshed-grants.js';
import { forgetRegistration } from './registration.js';

/** A redemption whose outcome is unknown is tried once more, then said honestly. */
const REDEMPTION_ATTEMPTS = 2;
/** Nobody is asked to wait longer: an instant further away was written before the clock was set back. */
const MAX_WAIT_MS = RETRY_AFTER_MAX_SECONDS * 1_000;

const REFRESHING_ELSEWHERE_RETRY_SECONDS = 5;

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

/**
 * Redeems the refresh token of `current` and commits the answer.
 * @throws {BrokerError} `token_request_failed` or `refresh_outcome_unknown` when the access token cannot be used either.
 */
export async function redeemRefreshToken(redemption: Redemption, current: Versioned<Grant>): Promise<GrantAccess> {
  const waitMs = (current.value.refreshNotBefore ?? 0) - redemption.parts.clock.now();
  if (waitMs > 0 && waitMs <= MAX_WAIT_MS)
    return usableOrFail(redemption, current.value, whyToWait(current.value, waitMs));

  const client = await currentClient(redemption.parts, current.value);
  if (client === undefined) return { kind: 'ended', grant: current.value };
  let held: Versioned<Grant> = { ...current, value: { ...current.value, client } };
  let outcome: TokenOutcome = { kind: 'unknown', message: '' };
  let attempts = Math.min(current.value.refreshIntent?.attempts ?? 0, REDEMPTION_ATTEMPTS - 1);
  while (outcome.kind === 'unknown' && attempts < REDEMPTION_ATTEMPTS) {
    attempts += 1;
    const intended = await writeIntent(redemption, held, attempts);
    if ('kind' in intended) return intended;
    held = intended;
    outcome = await redeem(redemption, held.value);
  }
  return settle(redemption, held, outcome, attempts);
}

/** The probe write before the authorization server hears of anything; a vault that cannot be written keeps valid tokens usable. */
async function writeIntent(
  redemption: Redemption,
  held: Versioned<Grant>,
  attempts: number,
): Promise<Versioned<Grant> | GrantAccess> {
  const { parts, vault, server, lease, refusedToken } = redemption;
  const value: Grant = { ...held.value, refreshIntent: { startedAt: parts.clock.now(), attempts } };
  let generation: number | undefined;
  try {
    generation = await vault.grants.compareAndSwap(server.id, value, held.generation, lease);
  } catch (error) {
    const valid = stillValid(held.value, parts.clock.now(), refusedToken);
    if (valid !== undefined) return valid;
    throw error;
  }
  return generation === undefined ? adoptWinner(redemption) : { value, generation };
}

function redeem({ parts, server }: Redemption, grant: Grant): Promise<TokenOutcome> {
  const profile = profileFor({ name: server.entry.oauth.profile, issuer: grant.authorizationServer.issuer });
  const scope = profile?.scopeOnRefresh === true ? (grant.requestedScope ?? grant.scope) : undefined;
  return refreshTokens({
    authorizationServer: grant.authorizationServer,
    client: grant.client,
    refreshToken: grant.refreshToken ?? '',
    ...(scope !== undefined && { scope }),
    resource: grant.resource,
    fetch: parts.network.guardedFetch(new URL(server.entry.url)),
  });
}

/** One exhaustive switch from what the authorization server did to what becomes of the grant. */
async function settle(
  redemption: Redemption,
  held: Versioned<Grant>,
  outcome: TokenOutcome,
  attempts: number,
): Promise<GrantAccess> {
  const now = redemption.parts.clock.now();
  const unchanged = asBefore(held.value, attempts);
  switch (outcome.kind) {
    case 'tokens':
      return commit(redemption, held.value, refreshedGrant(withoutIntent(held.value), outcome.tokens, now));
    case 'rejected':
      return settleRejection(redemption, held, outcome.error, attempts);
    case 'unavailable': {
      const { retryAfterSeconds } = outcome;
      await note(redemption, held, {
        ...unchanged,
        ...(retryAfterSeconds !== undefined && { refreshNotBefore: now + retryAfterSeconds * 1_000 }),
      });
      return usableOrFail(redemption, unchanged, tokenRequestFailed(outcome.message, true, retryAfterSeconds));
    }
    case 'malformed':
      await note(redemption, held, unchanged);
      return usableOrFail(redemption, unchanged, tokenRequestFailed(outcome.message, false));
    case 'unknown':
      await note(redemption, held, { ...held.value, refreshNotBefore: now + UNKNOWN_REDEMPTION_PAUSE_MS });
      return usableOrFail(redemption, held.value, outcomeUnknown(UNKNOWN_REDEMPTION_PAUSE_MS));
  }
}

/** The authorization server's own word. Two of its words end a grant, and the record is kept, marked. */
async function settleRejection(
  redemption: Redemption,
  held: Versioned<Grant>,
  error: string,
  attempts: number,
): Promise<GrantAccess> {
  if (error === 'invalid_grant')
    return end(redemption, held, attempts > 1 ? 'refresh_outcome_unknown' : 'grant_rejected');
  const { origin } = held.value.client;
  if (error === 'invalid_client' && (origin === 'registered' || origin === 'metadata_document')) {
    const { authorizationServer, redirectUri, client } = held.value;
    await forgetRegistration(
      redemption.parts,
      redemption.server,
      authorizationServer.issuer,
      redirectUri,
      client.clientId,
    );
    return end(redemption, held, 'client_rejected');
  }
  const unchanged = asBefore(held.value, attempts);
  await note(redemption, held, unchanged);
  // The grant is as good as before: with the client mended, it is refreshed without a sign-in.
  if (error === 'invalid_client' && origin === 'configured')
    return (
      stillValid(unchanged, redemption.parts.clock.now(), redemption.refusedToken) ?? {
        kind: 'ended',
        grant: unchanged,
        reason: 'client_rejected',
      }
    );
  const failure =
    error === 'invalid_client'
      ? new BrokerError('client_rejected', "The authorization server refused the client that the user's file names.")
      : tokenRequestFailed('The authorization server refused to refresh the token.', false);
  return usableOrFail(redemption, unchanged, failure);
}

async function end(
  redemption: Redemption,
  held: Versioned<Grant>,
  reason: NonNullable<Grant['endedReason']>,
): Promise<GrantAccess> {
  const ended: Grant = { ...withoutIntent(held.value), state: 'ended', endedReason: reason };
  const generation = await write(redemption, held, ended);
  return generation === undefined ? adoptWinner(redemption) : { kind: 'ended', grant: ended, reason };
}

function write(
  { vault, server, lease }: Redemption,
  held: Versioned<Grant>,
  grant: Grant,
): Promise<number | undefined> {
  return vault.grants.compareAndSwap(server.id, grant, held.generation, lease);
}

/** Notes an attempt that came to nothing. That the vault does not take the note makes no valid token less valid. */
async function note(redemption: Redemption, held: Versioned<Grant>, grant: Grant): Promise<void> {
  try {
    await write(redemption, held, grant);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    redemption.parts.log.warn({ serverName: grant.serverName, code: error.code }, 'a refresh could not be noted');
  }
}

/** Another writer was first: what it wrote counts, and nothing of it is deleted. */
async function adoptWinner({ parts, vault, server, refusedToken }: Redemption): Promise<GrantAccess> {
  const winner = (await vault.grants.get(server.id))?.value;
  const valid = winner === undefined ? undefined : stillValid(winner, parts.clock.now(), refusedToken);
  if (valid !== undefined) return valid;
  const access = accessOf(winner, parts.clock.now());
  return access.kind === 'usable' ? refreshingElsewhere() : access;
}

/** The tokens that the winner has redeemed are not there yet. */
export function refreshingElsewhere(): never {
  throw new BrokerError('token_request_failed', 'Another process is still refreshing the token.', {
    retryable: true,
    retryAfterSeconds: REFRESHING_ELSEWHERE_RETRY_SECONDS,
  });
}

/** Where the lease ran out meanwhile the new tokens still replace those they were redeemed from, but never anyone's newer ones. */
async function commit(redemption: Redemption, redeemed: Grant, refreshed: Grant): Promise<GrantAccess> {
  const access = usable(refreshed);
  const written = await redemption.refreshedGrants.write(redemption.server.id, refreshed, redeemed.refreshToken);
  return written === 'superseded' ? adoptWinner(redemption) : access;
}

function refreshedGrant(before: Grant, tokens: TokenSet, now: number): Grant {
  const { expiresAt: _old, refreshNotBefore: _wait, ...kept } = before;
  return {
    ...kept,
    accessToken: tokens.accessToken,
    ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken }),
    ...(tokens.scope !== undefined && { scope: tokens.scope }),
    obtainedAt: now,
    ...(tokens.expiresInSeconds !== undefined && { expiresAt: now + tokens.expiresInSeconds * 1_000 }),
    lastRefreshedAt: now,
  };
}

function withoutIntent(grant: Grant): Grant {
  const { refreshIntent: _intent, ...rest } = grant;
  return rest;
}

/** As it was before this attempt: that an earlier one went unanswered is not forgotten. */
function asBefore(grant: Grant, attempts: number): Grant {
  const { refreshIntent } = grant;
  if (attempts <= 1 || refreshIntent === undefined) return withoutIntent(grant);
  return { ...grant, refreshIntent: { ...refreshIntent, attempts: attempts - 1 } };
}

function usableOrFail({ parts, refusedToken }: Redemption, grant: Grant, failure: BrokerError): GrantAccess {
  const valid = stillValid(grant, parts.clock.now(), refusedToken);
  if (valid !== undefined) return valid;
  throw failure;
}

function whyToWait(grant: Grant, waitMs: number): BrokerError {
  const isUnknown = (grant.refreshIntent?.attempts ?? 0) >= REDEMPTION_ATTEMPTS;
  return isUnknown
    ? outcomeUnknown(waitMs)
    : tokenRequestFailed(
        'The authorization server asked to wait before the next token request.',
        true,
        Math.ceil(waitMs / 1_000),
      );
}

function outcomeUnknown(waitMs: number): BrokerError {
  return new BrokerError('refresh_outcome_unknown', 'The token was sent for refresh twice and no answer came back.', {
    retryable: true,
    retryAfterSeconds: Math.ceil(waitMs / 1_000),
  });
}

function tokenRequestFailed(message: string, retryable: boolean, retryAfterSeconds?: number): BrokerError {
  return new BrokerError('token_request_failed', message, {
    retryable,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
