/** Turns the SDK's errors into ours. Nothing else in the product knows the SDK's error classes. */
import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { parseBoundedJson } from '../core/bounded-json.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { UPSTREAM_ERROR_MAX_BYTES } from '../core/limits.js';
import { NetworkFailure } from '../core/outbound.js';
import { protocolError, SessionGoneError, unreachable } from './answers.js';
import { RefusedError } from './types.js';

const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  SdkErrorCode.RequestTimeout,
  SdkErrorCode.ConnectionClosed,
  SdkErrorCode.NotConnected,
  SdkErrorCode.SendFailed,
]);

/** The error to throw for what an SDK call failed with: one of ours, or SessionGoneError. */
export function translateError(error: unknown): Error {
  const own = ownErrorIn(error);
  if (own !== undefined) return own instanceof NetworkFailure ? unreachable(own) : own;
  if (error instanceof ProtocolError) return answeredWithError(error.code, error.message, error);
  if (error instanceof SdkHttpError) return translateHttpError(error);
  if (error instanceof SdkError && UNREACHABLE_CODES.has(error.code)) return unreachable(error);
  return protocolError('the server did not answer as an MCP server does', error);
}

/** The HTTP status that made the SDK give up, where it was one. */
export function httpStatusOf(error: unknown): number | undefined {
  return error instanceof SdkHttpError ? error.status : undefined;
}

/** Negotiation wraps what our fetch threw. */
function ownErrorIn(error: unknown): BrokerError | RefusedError | SessionGoneError | NetworkFailure | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof BrokerError || cause instanceof RefusedError) return cause;
    if (cause instanceof SessionGoneError || cause instanceof NetworkFailure) return cause;
  }
  return undefined;
}

function translateHttpError(error: SdkHttpError): BrokerError {
  const rpcError = jsonRpcErrorIn(error.data);
  if (rpcError !== undefined) return answeredWithError(rpcError.code, rpcError.message, error);
  return protocolError(`the server answered HTTP ${error.status}`, error);
}

function answeredWithError(code: number, message: string, cause: unknown): BrokerError {
  const upstreamError = { code, message: displayText(message) };
  return new BrokerError('upstream_protocol_error', `the server answered with JSON-RPC error ${code}`, {
    upstreamError,
    cause,
  });
}

/** A JSON-RPC error in the body of an HTTP error. */
function jsonRpcErrorIn(detail: unknown): { code: number; message: string } | undefined {
  const text = memberOf(detail, 'text');
  if (typeof text !== 'string' || text.length > UPSTREAM_ERROR_MAX_BYTES) return undefined;
  const error = memberOf(parsedOrUndefined(text), 'error');
  const code = memberOf(error, 'code');
  const message = memberOf(error, 'message');
  return typeof code === 'number' ? { code, message: typeof message === 'string' ? message : '' } : undefined;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
