/**
 * Opens a session with a remote server: Streamable HTTP in either era, then the legacy SSE transport
 * where the server does not take a POST. The SDK is loaded with the first session.
 */
import { type JSONRPCMessage, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { BrokerError } from '../core/errors.js';
import { STREAM_REOPEN_MAX_MS, STREAM_REOPEN_MIN_MS, UPSTREAM_SESSION_END_TIMEOUT_MS } from '../core/limits.js';
import { HttpTrouble, unreachable } from './answers.js';
import { CALL_TAG_HEADER, type CallTraces, createCallTraces } from './call-traces.js';
import { createClient } from './client.js';
import { connectWithin } from './connect-within.js';
import { createSession, type Session } from './session.js';
import { httpStatusOf, translateError } from './translate-error.js';
import type { ConnectOptions, ProtocolEra, RemoteTarget } from './types.js';
import { createWireFetch, type WireFetch } from './wire-fetch.js';

type SendOptions = Parameters<StreamableHTTPClientTransport['send']>[1];

/** What a server of the legacy transport answers to a POST (2025-11-25, transports, backwards compatibility). */
const NO_POST_STATUSES = new Set([404, 405]);

/** What servers of before answer when a method that they do not know makes them fail. */
const PUZZLED_STATUSES = new Set([500, 501]);

/**
 * Opens a session.
 * @throws RefusedError, BrokerError `upstream_unreachable` or `upstream_protocol_error`; the signal's reason where the caller cancelled.
 */
export async function openRemoteSession(target: RemoteTarget, options: ConnectOptions): Promise<Session> {
  if (target.transport === 'sse') return openLegacySse(target, options);
  try {
    return await openStreamableHttp(target, options, options.priorEra);
  } catch (error) {
    if (target.transport === 'auto' && NO_POST_STATUSES.has(httpStatusOf(error) ?? 0))
      return openLegacySse(target, options);
    if (!mayBeWrongEra(error, options.priorEra)) throw translateError(error);
  }
  // A server of before may fail over a question that it does not know; one that was of before may have been renewed.
  const other = options.priorEra === 'legacy' ? undefined : 'legacy';
  return openStreamableHttp(target, options, other).catch((error: unknown) => {
    throw translateError(error);
  });
}

/** Whether asking in the other era may still succeed: never where the server refused or did not answer at all. */
function mayBeWrongEra(error: unknown, priorEra: ProtocolEra | undefined): boolean {
  const translated = translateError(error);
  if (!(translated instanceof BrokerError)) return false;
  if (priorEra === 'legacy') return translated.code === 'upstream_protocol_error';
  return translated.cause instanceof HttpTrouble && PUZZLED_STATUSES.has(translated.cause.status);
}

async function openStreamableHttp(
  target: RemoteTarget,
  options: ConnectOptions,
  priorEra: ProtocolEra | undefined,
): Promise<Session> {
  const calls = createCallTraces();
  const wire = createWireFetch({ target, transport: 'streamable-http', calls, onStreamEnd: () => {} });
  const transport = new TracedHttpTransport(target.url, wire, calls);
  const client = createClient(options, calls);
  await connectWithin(client, transport, options, priorEra);
  return createSession(client, 'streamable-http', calls, () => endServerSession(transport), options);
}

async function openLegacySse(target: RemoteTarget, options: ConnectOptions): Promise<Session> {
  const calls = createCallTraces();
  const client = createClient(options, calls);
  // A reopened stream is another session, which nobody has begun: the connection opens a new one instead.
  const wire = createWireFetch({ target, transport: 'sse', calls, onStreamEnd: () => void client.close() });
  const transport = new SSEClientTransport(target.url, { fetch: wire.fetch });
  try {
    await connectWithin(client, transport, options, 'legacy');
  } catch (error) {
    throw wire.streamFailure() ?? translateError(error);
  }
  return createSession(client, 'sse', calls, async () => {}, options);
}

/** DELETE of the session (2025-11-25), so that none is left behind; a server that is slow to answer is not waited for. */
async function endServerSession(transport: StreamableHTTPClientTransport): Promise<void> {
  if (transport.sessionId === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, UPSTREAM_SESSION_END_TIMEOUT_MS);
  });
  await Promise.race([transport.terminateSession(), tooSlow]).finally(() => clearTimeout(timer));
}

/** The server says how long to wait until its stream is opened again: not at once, over and over, nor beyond what a timer holds. */
function reopenLater(reopen: () => void, waitMs: number): () => void {
  const timer = setTimeout(reopen, Math.min(Math.max(waitMs, STREAM_REOPEN_MIN_MS), STREAM_REOPEN_MAX_MS));
  return () => clearTimeout(timer);
}

/** Streamable HTTP whose exchanges end with the operations they carry. */
class TracedHttpTransport extends StreamableHTTPClientTransport {
  readonly #calls: CallTraces;

  constructor(url: URL, wire: WireFetch, calls: CallTraces) {
    super(url, { fetch: wire.fetch, reconnectionScheduler: reopenLater });
    this.#calls = calls;
  }

  override send(message: JSONRPCMessage | JSONRPCMessage[], options?: SendOptions): Promise<void> {
    const call = this.#calls.find(options?.headers?.[CALL_TAG_HEADER]);
    if (options === undefined || call === undefined) return super.send(message, options);
    const { requestSignal } = options;
    const traced = {
      ...options,
      requestSignal: alsoEndedBy(call.exchange, requestSignal),
      onRequestStreamEnd: () => call.breakOff(() => call.fault ?? unreachable(undefined)),
    };
    return this.#calls.within(call, () => super.send(message, traced));
  }
}

/** By a listener: `AbortSignal.any` takes 0.1 ms of every call on Node 20. */
function alsoEndedBy(exchange: AbortController, signal: AbortSignal | undefined): AbortSignal {
  if (signal?.aborted === true) exchange.abort(signal.reason);
  signal?.addEventListener('abort', () => exchange.abort(signal.reason), { once: true, signal: exchange.signal });
  return exchange.signal;
}
