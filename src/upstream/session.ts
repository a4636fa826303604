/**
 * One SDK client on one transport, from its handshake to its end. It asks and answers verbatim: the
 * SDK neither validates, strips nor dereferences what a server sends.
 */
import type { Client, RequestOptions, StandardSchemaV1 } from '@modelcontextprotocol/client';
import { isDeeperThan } from '../core/bounded-json.js';
import { UPSTREAM_CALL_MAX_TOTAL_MS, UPSTREAM_JSON_MAX_DEPTH, UPSTREAM_REQUEST_TIMEOUT_MS } from '../core/limits.js';
import { protocolError } from './answers.js';
import { CALL_TAG_HEADER, type CallTraces } from './call-traces.js';
import { translateError } from './translate-error.js';
import type { CallOptions, ProtocolEra, TransportKind, UpstreamResult } from './types.js';

type Progress = Parameters<NonNullable<CallOptions['onProgress']>>[0];

export interface SessionRequestOptions extends CallOptions {
  /** Sent with this request only, where the transport has a request of its own for each. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a connection needs of a live session, whatever its transport. */
export interface Session {
  readonly transport: TransportKind;
  readonly era: ProtocolEra;
  readonly protocolVersion: string;
  readonly instructions: string | undefined;
  readonly hasTools: boolean;
  readonly hasPrompts: boolean;
  readonly hasResources: boolean;
  readonly hasCompletions: boolean;
  /** The server promised to tell when its tools change. */
  readonly tellsToolChanges: boolean;
  isClosed(): boolean;
  /** @throws RefusedError, SessionGoneError, BrokerError `upstream_unreachable` or `upstream_protocol_error`; the signal's reason where the caller cancelled. */
  request(
    method: string,
    params: Readonly<Record<string, unknown>> | undefined,
    options?: SessionRequestOptions,
  ): Promise<UpstreamResult>;
  /** Calls back on every change of tools that the server tells of unasked. */
  onToolsChanged(callback: () => void): void;
  /** Asks a modern server to tell of changes. Resolves when it has agreed, with a promise for when it no longer does. */
  subscribeToTools(): Promise<{ readonly ended: Promise<unknown> }>;
  /** Ends the session here and, where the server keeps one, there. Never throws. */
  end(): Promise<void>;
}

/** Accepts any object as it is: the SDK's own schemas would drop members and fill in defaults. */
const VERBATIM: StandardSchemaV1<unknown, UpstreamResult> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-oauth-broker',
    validate: (value) => (isObject(value) ? { value } : { issues: [{ message: 'the result is not an object' }] }),
  },
};

function isObject(value: unknown): value is UpstreamResult {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A connected `client` as a session. */
export function createSession(
  client: Client,
  transport: TransportKind,
  calls: CallTraces,
  endOnServer: () => Promise<void>,
): Session {
  const era = client.getProtocolEra() ?? 'legacy';
  const capabilities = client.getServerCapabilities();
  let ended = false;

  return {
    transport,
    era,
    protocolVersion: client.getNegotiatedProtocolVersion() ?? '',
    instructions: client.getInstructions(),
    hasTools: capabilities?.tools !== undefined,
    hasPrompts: capabilities?.prompts !== undefined,
    hasResources: capabilities?.resources !== undefined,
    hasCompletions: capabilities?.completions !== undefined,
    tellsToolChanges: capabilities?.tools?.listChanged === true,
    // A transport that closed by itself takes itself away from its client.
    isClosed: () => ended || client.transport === undefined,

    async request(method, params, options = {}) {
      const { signal, onProgress, headers } = options;
      signal?.throwIfAborted();
      const call = calls.begin();
      const request = { method, ...(params === undefined ? {} : { params }) };
      const requestOptions: RequestOptions = {
        timeout: UPSTREAM_REQUEST_TIMEOUT_MS,
        maxTotalTimeout: UPSTREAM_CALL_MAX_TOTAL_MS,
        resetTimeoutOnProgress: true,
        headers: { ...headers, [CALL_TAG_HEADER]: call.tag },
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onprogress: (progress) => onProgress(progress as Progress) }),
      };
      let isAnswered = false;
      try {
        const result = await Promise.race([client.request(request, VERBATIM, requestOptions), call.broken]);
        if (isDeeperThan(result, UPSTREAM_JSON_MAX_DEPTH))
          throw protocolError(`the server's answer is nested deeper than ${UPSTREAM_JSON_MAX_DEPTH}`);
        isAnswered = true;
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        throw call.fault ?? translateError(error);
      } finally {
        calls.end(call, isAnswered);
      }
    },

    onToolsChanged(callback) {
      client.setNotificationHandler('notifications/tools/list_changed', callback);
    },

    async subscribeToTools() {
      const subscription = await client.listen({ toolsListChanged: true }).catch((error: unknown) => {
        throw translateError(error);
      });
      if (subscription.honoredFilter.toolsListChanged !== true)
        throw protocolError('the server does not tell of changed tools');
      return { ended: subscription.closed };
    },

    async end() {
      ended = true;
      await endOnServer().catch(() => {});
      await client.close().catch(() => {});
    },
  };
}
