/**
 * One redemption of a refresh token, under a lease: the intent is written before the token is sent, so that a
 * process killed in between leaves a trace, and the answer is committed by compare-and-swap.
 */
import type { BrokerError } from '../core/errors.js';
import { RETRY_AFTER_MAX_SECONDS } from '../core/limits.js';
import { type ClientCredentials, refreshTokens, type TokenOutcome } from '../oauth/index.js';
import type { Grant, Versioned } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import { bindingOf } from './bound-token.js';
import { currentClient } from './current-client.js';
import { type GrantAccess, stillValid } from './grant-access.js';
import { profileAt } from './provider-profile.js';
import { settle, usableOrFail } from './refresh-settlement.js';
import { adoptWinner, type Redemption } from './refresh-writes.js';
import { outcomeUnknown, tokenRequestFailed } from './token-failures.js';

/** A redemption whose outcome is unknown is tried once more, then said honestly. */
const REDEMPTION_ATTEMPTS = 2;
/** Nobody is asked to wait longer: an instant further away was written before the clock was set back. */
const MAX_WAIT_MS = RETRY_AFTER_MAX_SECONDS * 1_000;

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
  const authenticating = await authenticatingClient(redemption.parts, current.value.serverName, client);
  let held: Versioned<Grant> = { ...current, value: { ...current.value, client } };
  let outcome: TokenOutcome = { kind: 'unknown', message: '' };
  let attempts = Math.min(current.value.refreshIntent?.attempts ?? 0, REDEMPTION_ATTEMPTS - 1);
  while (outcome.kind === 'unknown' && attempts < REDEMPTION_ATTEMPTS) {
    attempts += 1;
    const intended = await writeIntent(redemption, held, attempts);
    if ('kind' in intended) return intended;
    held = intended;
    outcome = await redeem(redemption, held.value, authenticating);
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

function redeem({ parts, server }: Redemption, grant: Grant, client: ClientCredentials): Promise<TokenOutcome> {
  const profile = profileAt(server, grant.authorizationServer.issuer);
  const scope = profile?.scopeOnRefresh === true ? (grant.requestedScope ?? grant.scope) : undefined;
  return refreshTokens({
    authorizationServer: { ...grant.authorizationServer, quirks: profile },
    client,
    refreshToken: grant.refreshToken ?? '',
    ...(scope !== undefined && { scope }),
    resource: grant.resource,
    dpop: bindingOf(parts, grant.dpopKey && { key: grant.dpopKey }),
    fetch: parts.network.guardedFetch(new URL(server.entry.url)),
  });
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
