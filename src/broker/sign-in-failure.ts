/** How a sign-in failed, in the contract's words: one exhaustive switch from the wire to what is said. */
import type { BrokerError } from '../core/errors.js';
import { type AuthorizationResponse, registeredErrorOf, type TokenOutcome } from '../oauth/index.js';
import type { SignInFailure } from '../vault/index.js';

type ResponseError = Extract<AuthorizationResponse, { kind: 'error' }>['error'];

export const ISSUER_MISMATCH: SignInFailure = {
  code: 'issuer_mismatch',
  retryable: false,
  message: 'The answer does not come from the authorization server that was asked.',
};

/** An error at the redirect URI (RFC 6749 section 4.1.2.1), after `state` and `iss` have been checked. */
export function failureOfError(error: ResponseError): SignInFailure {
  switch (error) {
    case 'access_denied':
      return {
        code: 'authorization_denied',
        retryable: false,
        message: 'The user or the authorization server refused the sign-in.',
      };
    case 'invalid_scope':
      return {
        code: 'scope_rejected',
        retryable: false,
        message: 'The authorization server refused the requested scope.',
      };
    case 'invalid_client':
    case 'unauthorized_client':
      return { code: 'client_rejected', retryable: false, message: 'The authorization server refused the client.' };
    case 'server_error':
    case 'temporarily_unavailable':
      return {
        code: 'authorization_failed',
        retryable: true,
        message: 'The authorization server could not complete the sign-in for now.',
      };
    default:
      return {
        code: 'authorization_failed',
        retryable: false,
        message: `The authorization server ended the sign-in with an error${named(error)}.`,
      };
  }
}

/** What came instead of tokens when the code was exchanged (RFC 6749 section 5.2). */
export function failureOfExchange(outcome: Exclude<TokenOutcome, { kind: 'tokens' }>): SignInFailure {
  switch (outcome.kind) {
    case 'rejected':
      return failureOfRejection(outcome.error);
    case 'unavailable':
    case 'unknown':
      return {
        code: 'token_request_failed',
        retryable: true,
        message: `The code could not be exchanged for tokens. ${outcome.message}`.trim(),
        ...(outcome.kind === 'unavailable' &&
          outcome.retryAfterSeconds !== undefined && { retryAfterSeconds: outcome.retryAfterSeconds }),
      };
    case 'malformed':
      return {
        code: 'token_request_failed',
        retryable: false,
        message: `The token endpoint gave no usable answer. ${outcome.message}`.trim(),
      };
  }
}

/** An error by which the authorization server refuses a code, or to give one (RFC 6749 section 5.2, RFC 8628 section 3.5). */
export function failureOfRejection(error: string): SignInFailure {
  if (error === 'access_denied') return failureOfError(error);
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    return {
      code: 'client_rejected',
      retryable: false,
      message: 'The authorization server refused the client or its secret.',
    };
  }
  if (error === 'invalid_scope') {
    return {
      code: 'scope_rejected',
      retryable: false,
      message: 'The authorization server refused the requested scope.',
    };
  }
  const isTransient = error === 'server_error' || error === 'temporarily_unavailable';
  return {
    code: 'authorization_failed',
    retryable: isTransient,
    message: `The token endpoint refused the authorization code${named(registeredErrorOf(error))}.`,
  };
}

/** The error by its registered name, and what that means where its name does not say it. */
function named(error: ResponseError): string {
  switch (error) {
    case 'other':
      return '';
    case 'invalid_target':
      return ` (invalid_target: it knows no resource by this server's address; "oauth": {"resource": …} in servers.json can name it)`;
    case 'invalid_grant':
      return ' (invalid_grant: the code was used before, has expired, or was issued for something else)';
    default:
      return ` (${error})`;
  }
}

/** The token endpoint is one that must not be asked (an address that is not allowed, plain http). */
export function failureOfRefusal(error: BrokerError): SignInFailure {
  return {
    code: 'token_request_failed',
    retryable: false,
    message: `The code could not be exchanged for tokens: ${error.message}`,
  };
}
