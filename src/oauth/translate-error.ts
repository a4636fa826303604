/** The only place where errors of oauth4webapi and of the network become values and errors of ours. */
import * as oauth from 'oauth4webapi';
import { BrokerError } from '../core/errors.js';
import { NetworkFailure } from '../core/outbound.js';
import type { TokenOutcome } from './types.js';

const REQUEST_TIMEOUT = 408;
const TOO_EARLY = 425;
const TOO_MANY_REQUESTS = 429;

/** A status that says nothing about the request itself: the same one may succeed later. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === REQUEST_TIMEOUT || status === TOO_EARLY || status === TOO_MANY_REQUESTS;
}

/**
 * What a failed token request comes to.
 *
 * @returns `rejected` only for an error answer that the library has parsed (RFC 6749 section 5.2); `unknown`
 *   where the request left us and no whole answer came back
 * @throws whatever is neither the network's nor the library's, `BrokerError` included
 */
export function tokenOutcomeOfError(error: unknown): TokenOutcome {
  if (error instanceof NetworkFailure) return tokenOutcomeOfFailure(error);
  const answer = errorAnswerOf(error);
  if (answer === undefined) throw error;
  if (answer.error !== undefined) return { kind: 'rejected', error: answer.error };
  return { kind: 'malformed', message: 'The token endpoint gave an answer that is no token response.' };
}

function tokenOutcomeOfFailure(failure: NetworkFailure): TokenOutcome {
  if (!failure.requestSent) {
    return { kind: 'unavailable', message: `The token endpoint could not be reached (${failure.kind}).` };
  }
  if (failure.kind === 'too_large') {
    return { kind: 'malformed', message: 'The token endpoint gave an answer that is far too large.' };
  }
  return { kind: 'unknown', message: `The token request was sent, but no whole answer came back (${failure.kind}).` };
}

/** An answer that the library would not take: the parsed error in it (RFC 6749 section 5.2), where there is one. */
export interface ErrorAnswer {
  readonly error?: string;
  readonly description?: string;
}

/** What was wrong with an answer; undefined for an error that is not about an answer at all. */
export function errorAnswerOf(error: unknown): ErrorAnswer | undefined {
  if (error instanceof oauth.ResponseBodyError) {
    const { error: name, error_description: description } = error;
    return typeof description === 'string' ? { error: name, description } : { error: name };
  }
  const isUnusable =
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.UnsupportedOperationError ||
    error instanceof oauth.WWWAuthenticateChallengeError;
  return isUnusable ? {} : undefined;
}

/** Discovery or registration could not be finished now; the same call may succeed later. */
export function discoveryUnavailable(message: string, retryAfterSeconds?: number, cause?: unknown): BrokerError {
  return new BrokerError('discovery_failed', message, {
    retryable: true,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(cause === undefined ? {} : { cause }),
  });
}
