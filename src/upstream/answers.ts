/**
 * What an HTTP answer of an MCP server means before its body is read: a refusal, a server in trouble,
 * a session that is gone. Shared by the probe and the transports.
 */
import { BrokerError } from '../core/errors.js';
import { CHALLENGE_MAX_BYTES } from '../core/limits.js';
import { NetworkFailure } from '../core/outbound.js';
import { retryAfterSeconds } from '../core/retry-after.js';
import { type Refusal, RefusedError } from './types.js';

/** JSON-RPC code by which a 2026-07-28 server says that the `Mcp-Param-*` headers do not fit the body (SEP-2243). */
const HEADER_MISMATCH = -32_020;

/** The server no longer knows our session (404 to a request that carried one, 2025-11-25 transports). */
export class SessionGoneError extends Error {
  override readonly name = 'SessionGoneError';
}

/** The cause of `upstream_unreachable` where the server did answer. */
export class HttpTrouble extends Error {
  override readonly name = 'HttpTrouble';
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/** The refusal in `response`, with its challenge unparsed. A challenge longer than CHALLENGE_MAX_BYTES is dropped: half of one could mislead. */
export function refusalOf(response: Response): Refusal {
  const challenge = response.headers.get('www-authenticate');
  const isBounded = challenge !== null && Buffer.byteLength(challenge) <= CHALLENGE_MAX_BYTES;
  return { status: response.status, wwwAuthenticate: isBounded ? challenge : null };
}

/** The error that `response` stands for where its status alone says so; undefined where the body has to be read. */
export function statusError(response: Response): RefusedError | BrokerError | undefined {
  if (response.status === 401 || response.status === 403) return new RefusedError(refusalOf(response));
  if (response.status === 408 || response.status === 429 || response.status >= 500) return serverTrouble(response);
  return undefined;
}

/** Lets go of a body that nobody will read; that it may have failed by then does not matter. */
export async function discardBody(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

/** The server answered, and said that it cannot serve now. */
function serverTrouble(response: Response): BrokerError {
  const waitSeconds = retryAfterSeconds(response.headers.get('retry-after'));
  return new BrokerError('upstream_unreachable', `the server answered HTTP ${response.status}`, {
    retryable: true,
    cause: new HttpTrouble(response.status),
    ...(waitSeconds === undefined ? {} : { retryAfterSeconds: waitSeconds }),
  });
}

/** No answer came; text of ours, the network's own words are its cause. */
export function unreachable(cause: unknown): BrokerError {
  const message =
    cause instanceof NetworkFailure ? `the server did not answer: ${cause.message}` : 'the server did not answer';
  return new BrokerError('upstream_unreachable', message, { retryable: true, cause });
}

/** An answer that is not MCP. */
export function protocolError(message: string, cause?: unknown): BrokerError {
  return new BrokerError('upstream_protocol_error', message, { cause });
}

/** Whether the server rejected a call, before acting on it, because our picture of the tool is out of date. */
export function isHeaderMismatch(error: unknown): boolean {
  return error instanceof BrokerError && error.upstreamError?.code === HEADER_MISMATCH;
}
