/**
 * The fetch given to an SDK transport. It adds the entry's headers and the credential to each request,
 * and turns answers that are not MCP into typed errors, so that none has to be guessed from the SDK's.
 */
import { BrokerError } from '../core/errors.js';
import { discardBody, protocolError, refusalOf, SessionGoneError, statusError, unreachable } from './answers.js';
import { withBoundedBody } from './bounded-stream.js';
import { CALL_TAG_HEADER, type CallTraces } from './call-traces.js';
import { RefusedError, type RemoteTarget } from './types.js';

/** Visible ASCII, spaces and tabs (RFC 9110 section 5.5); anything else never reaches a library that might quote it. */
const SENDABLE_VALUE = /^[\t\x20-\x7e]*$/u;

export interface WireFetch {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Why the legacy SSE stream could not be opened; its library keeps no more than a number. */
  streamFailure(): Error | undefined;
}

export interface WireFetchOptions {
  readonly target: RemoteTarget;
  readonly transport: 'streamable-http' | 'sse';
  readonly calls: CallTraces;
  /** The legacy SSE stream, which all answers come by, has ended. */
  readonly onStreamEnd: () => void;
}

/** The fetch of one session's transport. */
export function createWireFetch({ target, transport, calls, onStreamEnd }: WireFetchOptions): WireFetch {
  let streamFailure: Error | undefined;

  const send = async (url: string | URL, init: RequestInit): Promise<Response> => {
    const credential = await target.credential();
    const { method = 'GET' } = init;
    const headersAt = (at: URL): Headers =>
      requestHeaders(target, new Headers(init.headers), credential?.headers({ method, url: at }));
    const response = await sendOnce(url, init, headersAt);
    if (credential?.wantsOtherHeaders?.({ method, url: new URL(url) }, response) !== true) return response;
    await discardBody(response);
    return sendOnce(url, init, headersAt);
  };

  const sendOnce = async (url: string | URL, init: RequestInit, headersAt: (at: URL) => Headers): Promise<Response> => {
    try {
      return await target.fetch(url, init, headersAt);
    } catch (error) {
      if (init.signal?.aborted || error instanceof BrokerError) throw error;
      throw unreachable(error);
    }
  };

  const openLegacyStream = async (url: string | URL, init: RequestInit): Promise<Response> => {
    try {
      const response = await send(url, init);
      if (response.status === 200) return withBoundedBody(response, () => {}, onStreamEnd);
      streamFailure = statusError(response) ?? new RefusedError(refusalOf(response));
      return response;
    } catch (error) {
      streamFailure = error instanceof Error ? error : unreachable(error);
      throw error;
    }
  };

  const exchange = async (url: string | URL, init: RequestInit): Promise<Response> => {
    const sent = init.headers instanceof Headers ? init.headers : new Headers(init.headers);
    const call = calls.find(sent.get(CALL_TAG_HEADER));
    const response = await send(url, init);
    const failure = statusError(response) ?? goneOrRejected(response, sent, transport);
    if (failure !== undefined) {
      await discardBody(response);
      throw failure;
    }
    return withBoundedBody(
      response,
      (fault) => {
        if (call !== undefined) call.fault = fault;
      },
      () => call?.exchangeEnded(),
    );
  };

  return {
    fetch: (url, init = {}) => {
      const isLegacyStream = transport === 'sse' && (init.method ?? 'GET') === 'GET';
      return isLegacyStream ? openLegacyStream(url, init) : exchange(url, init);
    },
    streamFailure: () => streamFailure,
  };
}

function goneOrRejected(response: Response, sent: Headers, transport: 'streamable-http' | 'sse'): Error | undefined {
  if (response.status === 404 && (transport === 'sse' || sent.has('mcp-session-id')))
    return new SessionGoneError('the server no longer knows this session');
  // The legacy transport's own error says no more than a text does.
  if (transport === 'sse' && !response.ok) return protocolError(`the server answered HTTP ${response.status}`);
  return undefined;
}

/** Adds to the transport's `headers`, which win over the entry's; the credential wins over both. */
function requestHeaders(
  target: RemoteTarget,
  headers: Headers,
  credential: Readonly<Record<string, string>> = {},
): Headers {
  headers.delete(CALL_TAG_HEADER);
  for (const [name, value] of Object.entries(target.headers)) if (!headers.has(name)) setHeader(headers, name, value);
  for (const [name, value] of Object.entries(credential)) setHeader(headers, name, value);
  return headers;
}

function setHeader(headers: Headers, name: string, value: string): void {
  if (!SENDABLE_VALUE.test(value))
    throw new BrokerError('invalid_input', 'a header of this server holds a character that cannot be sent');
  headers.set(name, value);
}
