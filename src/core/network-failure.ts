/**
 * Turns what undici and the sockets under it fail with into `NetworkFailure`, by error codes.
 * Our own refusals (a forbidden address found while resolving) come out as the `BrokerError` they are.
 */
import { BrokerError } from './errors.js';
import { NetworkFailure } from './outbound.js';

/** What was seen of a request before it failed. */
export interface RequestProgress {
  /** The request went out on a connected socket. Undefined: not observed, then told by the error's code. */
  readonly sent?: boolean;
  /** Status and headers had arrived. */
  readonly responded?: boolean;
  readonly timedOut?: boolean;
  readonly aborted?: boolean;
}

const RESOLVER_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);
const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
]);
const OVERFLOW_CODES = new Set(['UND_ERR_HEADERS_OVERFLOW', 'HPE_HEADER_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE']);
const TIMEOUT_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
/** OpenSSL's verification results, as Node names them, and Node's own TLS errors. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|CRL_|UNABLE_TO_|EPROTO$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|UND_ERR_PRX_TLS$)|CERT/u;

/** The error to throw for `error`; `what` names the kind of server in the message. */
export function networkFailureOf(error: unknown, progress: RequestProgress = {}): BrokerError | NetworkFailure {
  const own = causesOf(error).find((cause) => cause instanceof BrokerError || cause instanceof NetworkFailure);
  if (own instanceof BrokerError || own instanceof NetworkFailure) return own;
  const code = codeOf(error);
  const sent = progress.sent ?? !failedBeforeSending(code);
  const options = { cause: error };
  if (progress.timedOut) return new NetworkFailure('timeout', sent, 'the server did not answer in time', options);
  if (progress.aborted) return new NetworkFailure('aborted', sent, 'the request was cancelled', options);
  if (OVERFLOW_CODES.has(code))
    return new NetworkFailure('too_large', sent, 'the headers of the answer are too large', options);
  if (TIMEOUT_CODES.has(code)) return new NetworkFailure('timeout', sent, 'the server did not answer in time', options);
  if (progress.responded) return new NetworkFailure('truncated', true, 'the answer ended early', options);
  if (RESOLVER_CODES.has(code)) return new NetworkFailure('dns', false, 'the host name was not found', options);
  if (!sent && TLS_CODE.test(code))
    return new NetworkFailure('tls', false, 'no secure connection could be made', options);
  if (!sent) return new NetworkFailure('connect', false, 'no connection could be made', options);
  return new NetworkFailure('reset', true, 'the connection was closed before an answer came', options);
}

function failedBeforeSending(code: string): boolean {
  return (
    RESOLVER_CODES.has(code) || CONNECT_CODES.has(code) || code === 'UND_ERR_CONNECT_TIMEOUT' || TLS_CODE.test(code)
  );
}

/** The first code in the chain of causes; a failed connection over several addresses carries it on its parts. */
function codeOf(error: unknown): string {
  for (const cause of causesOf(error)) {
    if (cause !== null && typeof cause === 'object' && 'code' in cause && typeof cause.code === 'string')
      return cause.code;
  }
  return '';
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  let next = error;
  while (next !== undefined && next !== null && !causes.includes(next)) {
    causes.push(next);
    if (next instanceof AggregateError) causes.push(...next.errors);
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
}
