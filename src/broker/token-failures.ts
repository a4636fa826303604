/** How a token request that came to nothing is said: always retryable where nothing is wrong with what was sent. */
import { BrokerError } from '../core/errors.js';

const REFRESHING_ELSEWHERE_RETRY_SECONDS = 5;

/** The tokens that the winner has redeemed are not there yet. */
export function refreshingElsewhere(): never {
  throw new BrokerError('token_request_failed', 'Another process is still refreshing the token.', {
    retryable: true,
    retryAfterSeconds: REFRESHING_ELSEWHERE_RETRY_SECONDS,
  });
}

/** Sent, twice, and never answered. */
export function outcomeUnknown(waitMs: number): BrokerError {
  return new BrokerError('refresh_outcome_unknown', 'The token was sent for refresh twice and no answer came back.', {
    retryable: true,
    retryAfterSeconds: Math.ceil(waitMs / 1_000),
  });
}

/** The authorization server did not answer, or not with tokens. */
export function tokenRequestFailed(message: string, retryable: boolean, retryAfterSeconds?: number): BrokerError {
  return new BrokerError('token_request_failed', message, {
    retryable,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
