/**
 * One SDK client on one transport, from its handshake to its end. It asks and answers verbatim: the
 * SDK neither validates, strips nor dereferences what a server sends.
 */
import type { Client, RequestOptions } from '@modelcontextprotocol/client';
import { isDeeperThan } from '../core/bounded-json.js';
import type { JsonObject } from '../core/json-object.js';
import { UPSTREAM_CALL_MAX_TOTAL_MS, UPSTREAM_JSON_MAX_DEPTH, UPSTREAM_REQUEST_TIMEOUT_MS } from '../core/limits.js';
import { VERBATIM } from '../core/verbatim.js';
import { protocolError, unreachable } from './answers.js';
import { assumeComplete } from './assumed-result-type.js';
import { CALL_TAG_HEADER, type CallTraces } from './call-traces.js';
import { startDeadline } from './deadline.js';
import { createLogLevel, withHost } from './declared-host.js';
import { handOnInTurn } from './in-turn.js';
import { translateError } from './translate-error.js';
import type { CallOptions, ConnectOptions, HostChange, ProtocolEra, TransportKind, UpstreamResult } from './types.js';
import { setListsAside, withLists } from './whole-lists.js';

type Progress = Parameters<NonNullable<CallOptions['onProgress']>>[0];

export interface SessionRequestOptions extends CallOptions {
  /** The answer may be a round of a 2026-07-28 server: then the result has the `resultType` of one. */
  readonly mayNeedInput?: boolean;
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
  /** Tells a server of before 2026-07-28, where it wants to know. Never throws. */
  hostChanged(what: HostChange): void;
  /** Calls back on every change of tools that the server tells of unasked. */
  onToolsChanged(callback: () => void): void;
  /** Asks a modern server to tell of changes. Resolves when it has agreed, with a promise for when it no longer does. */
  subscribeToTools(): Promise<{ readonly ended: Promise<unknown> }>;
  /** Ends the session here and, where the server keeps one, there. Never throws. */
  end(): Promise<void>;
}

/** A connected `client` as a session. */
export function createSession(
  client: Client,
  transport: TransportKind,
  calls: CallTraces,
  endOnServer: () => Promise<void>,
  { host: standing, requestTimeoutMs = UPSTREAM_REQUEST_TIMEOUT_MS }: Pick<ConnectOptions, 'host' | 'requestTimeoutMs'>,
): Session {
  const era = client.getProtocolEra() ?? 'legacy';
  if (client.transport !== undefined) {
    handOnInTurn(client.transport);
    if (era === 'modern') {
      assumeComplete(client.transport);
      setListsAside(client.transport);
    }
  }
  const capabilities = client.getServerCapabilities();
  const logLevel = createLogLevel(client);
  let ended = false;

  async function ask(
    method: string,
    params: JsonObject | undefined,
    options: SessionRequestOptions,
    allowInputRequired: boolean,
  ): Promise<UpstreamResult> {
    const { signal, onProgress, headers, host } = options;
    if (era === 'legacy' && host !== undefined) await logLevel.follow(host);
    signal?.throwIfAborted();
    const call = calls.begin(host);
    const deadline = startDeadline(requestTimeoutMs, UPSTREAM_CALL_MAX_TOTAL_MS, signal);
    call.pause = deadline.pause;
    const requestOptions: RequestOptions = {
      // The deadline is ours: the time that the user takes to answer does not count.
      timeout: UPSTREAM_CALL_MAX_TOTAL_MS,
      headers: { ...headers, [CALL_TAG_HEADER]: call.tag },
      signal: deadline.signal,
      onprogress: (progress) => {
        deadline.restart();
        onProgress?.(progress as Progress);
      },
      allowInputRequired,
    };
    let isAnswered = false;
    try {
      const request = { method, ...(params === undefined ? {} : { params }) };
      const result = withLists(await Promise.race([client.request(request, VERBATIM, requestOptions), call.broken]));
      if (isDeeperThan(result, UPSTREAM_JSON_MAX_DEPTH))
        throw protocolError(`the server's answer is nested deeper than ${UPSTREAM_JSON_MAX_DEPTH}`);
      isAnswered = true;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.isOver()) throw unreachable(new Error(`no sign of life within ${requestTimeoutMs} ms`));
      throw call.fault ?? translateError(error);
    } finally {
      deadline.end();
      calls.end(call, isAnswered);
    }
  }

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

    async request(method, params, { mayNeedInput = false, answers, ...options } = {}) {
      if (era === 'modern') {
        const answered = answers === undefined ? params : { ...params, ...answers };
        return ask(method, withHost(answered, options.host), options, mayNeedInput);
      }
      // Of a server of before a `resultType` means nothing, and must not be taken for a round.
      const { resultType: _notOfThisEra, ...result } = await ask(method, params, options, false);
      return result;
    },

    hostChanged(what) {
      if (era !== 'legacy' || standing === undefined) return;
      if (what === 'log_level') void logLevel.follow(standing);
      else if (standing.capabilities.roots?.listChanged === true) client.sendRootsListChanged().catch(() => {});
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
