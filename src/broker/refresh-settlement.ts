/** From the answer to a refresh to what becomes of the grant: only the authorization server's own word ends one. */
import { BrokerError } from '../core/errors.js';
import { UNKNOWN_REDEMPTION_PAUSE_MS } from '../core/limits.js';
import type { TokenOutcome, TokenSet } from '../oauth/index.js';
import type { Grant, Versioned } from '../vault/index.js';
import { type GrantAccess, stillValid } from './grant-access.js';
import { adoptWinner, auditFailure, commit, note, type Redemption, write } from './refresh-writes.js';
import { forgetRegistration } from './registration.js';
import { outcomeUnknown, tokenRequestFailed } from './token-failures.js';

/** One exhaustive switch from what the authorization server did to what becomes of the grant. */
export async function settle(
  redemption: Redemption,
  held: Versioned<Grant>,
  outcome: TokenOutcome,
  attempts: number,
): Promise<GrantAccess> {
  const now = redemption.parts.clock.now();
  const unchanged = asBefore(held.value, attempts);
  switch (outcome.kind) {
    case 'tokens':
      return commit(redemption, held, refreshedGrant(withoutIntent(held.value), outcome.tokens, now));
    case 'rejected':
      return settleRejection(redemption, held, outcome.error, attempts);
    case 'unavailable': {
      const { retryAfterSeconds } = outcome;
      await note(redemption, held, {
        ...unchanged,
        ...(retryAfterSeconds !== undefined && { refreshNotBefore: now + retryAfterSeconds * 1_000 }),
      });
      await auditFailure(redemption, held, 'token_request_failed');
      return usableOrFail(redemption, unchanged, tokenRequestFailed(outcome.message, true, retryAfterSeconds));
    }
    case 'malformed':
      await note(redemption, held, unchanged);
      await auditFailure(redemption, held, 'token_request_failed');
      return usableOrFail(redemption, unchanged, tokenRequestFailed(outcome.message, false));
    case 'unknown':
      await note(redemption, held, { ...held.value, refreshNotBefore: now + UNKNOWN_REDEMPTION_PAUSE_MS });
      await auditFailure(redemption, held, 'refresh_outcome_unknown');
      return usableOrFail(redemption, held.value, outcomeUnknown(UNKNOWN_REDEMPTION_PAUSE_MS));
  }
}

/** What it says while it could not look: the same request may go through later (RFC 6749 section 4.1.2.1). */
const TRANSIENT_ERRORS: readonly string[] = ['server_error', 'temporarily_unavailable'];

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
  await auditFailure(redemption, held, error === 'invalid_client' ? 'client_rejected' : 'token_request_failed');
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
      : tokenRequestFailed('The authorization server did not refresh the token.', TRANSIENT_ERRORS.includes(error));
  return usableOrFail(redemption, unchanged, failure);
}

async function end(
  redemption: Redemption,
  held: Versioned<Grant>,
  reason: Exclude<NonNullable<Grant['endedReason']>, 'token_rejected'>,
): Promise<GrantAccess> {
  const ended: Grant = { ...withoutIntent(held.value), state: 'ended', endedReason: reason };
  const generation = await write(redemption, held, ended);
  if (generation === undefined) return adoptWinner(redemption);
  await auditFailure(redemption, held, reason);
  return { kind: 'ended', grant: ended, reason };
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

/** The token in hand as long as it can be sent; else the failure. */
export function usableOrFail({ parts, refusedToken }: Redemption, grant: Grant, failure: BrokerError): GrantAccess {
  const valid = stillValid(grant, parts.clock.now(), refusedToken);
  if (valid !== undefined) return valid;
  throw failure;
}
