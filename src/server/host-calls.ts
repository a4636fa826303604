/**
 * The host's requests as calls that may ask it something: a host of before 2026-07-28 directly, one of that era by
 * input-required results, whose state comes back with its next request.
 */
import { createHash } from 'node:crypto';
import {
  CLIENT_CAPABILITIES_META_KEY,
  LOG_LEVEL_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { CallContext } from '../broker/index.js';
import { type Clock, systemClock } from '../core/clock.js';
import {
  type Host,
  type HostCapabilities,
  type HostLogLevel,
  type HostNotification,
  HostRefusal,
  hostCapabilities,
  isAtLeast,
  isHostLogLevel,
  METHOD_NOT_FOUND,
} from '../core/host.js';
import type { JsonObject } from '../core/json-object.js';
import { redactJson, redactText } from '../core/redaction.js';
import { askDirectly } from './direct-host.js';
import { INPUT_REQUIRED, type ToolResult } from './payload.js';
import type { ProtocolEra } from './protocol-era.js';
import { createStateSeal } from './sealed-state.js';
import { type CallInHand, createSuspendedCalls, type Leg, type SuspendedCallsOptions } from './suspended-calls.js';

/** Those of ours that 2026-07-28 lets be answered by a question. */
const ROUND_METHODS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get']);

type Progress = Parameters<NonNullable<CallContext['onProgress']>>[0];

export interface HostCalls {
  /**
   * Answers one request of the host; `work` may ask it what it has declared that it can answer. Of a method that cannot
   * be answered by a question (all but `tools/call` and `prompts/get`), a host of 2026-07-28 is asked nothing.
   * @param params of the request: with them the host has to come again where it was asked by a result.
   * @throws {ProtocolError} `InvalidParams` for a state that is not of this request, was used or is too old; and as `work` does.
   */
  run(context: ServerContext, params: unknown, work: (call: CallContext) => Promise<ToolResult>): Promise<ToolResult>;
  /** Takes note of what the host of this request declares, where nothing is run for it. */
  attend(context: ServerContext): void;
  /** The host as it may be asked and told outside of a request: what servers behind us learn when we connect. */
  standing(): Host | undefined;
  /** `logging/setLevel` of a host of before 2026-07-28. */
  setLogLevel(level: HostLogLevel): void;
}

export interface HostCallsOptions extends SuspendedCallsOptions {
  readonly era: ProtocolEra;
  readonly clock?: Clock;
  /** Of a host of before 2026-07-28. Default HOST_ANSWER_TIMEOUT_MS. */
  readonly answerTimeoutMs?: number;
}

export function createHostCalls(server: Server, options: HostCallsOptions): HostCalls {
  const suspended = createSuspendedCalls<HostLeg>(options);
  const seal = createStateSeal(options.clock ?? systemClock);
  const askOlder = askDirectly(server, options.answerTimeoutMs);
  let logLevel: HostLogLevel | undefined;
  let standing: Host | undefined;

  const tellOlder = (notification: HostNotification): void => {
    if (isWanted(notification, logLevel, true)) server.notification(redactJson(notification)).catch(() => {});
  };

  function olderHost(): Host {
    return {
      capabilities: hostCapabilities(server.getClientCapabilities(), true),
      isAskedByResult: false,
      get logLevel() {
        return logLevel;
      },
      ask: askOlder,
      tell: tellOlder,
    };
  }

  /** The host of one call, as long as that lasts. */
  function newerHost(call: CallInHand<HostLeg>, capabilities: HostCapabilities): Host {
    return {
      capabilities,
      isAskedByResult: true,
      get logLevel() {
        return call.leg()?.logLevel;
      },
      ask: (request, asking) => call.ask(request, asking),
      tell: (notification) => call.leg()?.tell(notification),
    };
  }

  /** Between calls nobody can be asked; while one is under way, that one is as good as another. */
  function newerStandingHost(capabilities: HostCapabilities): Host {
    return {
      capabilities,
      isAskedByResult: true,
      logLevel: undefined,
      ask: async (request, asking) => {
        const call = suspended.latest();
        if (call === undefined) throw new HostRefusal(METHOD_NOT_FOUND, 'No call of the host is under way.');
        return call.ask(request, asking);
      },
      tell: () => {},
    };
  }

  function attend(context: ServerContext): Host {
    if (options.era === 'legacy') {
      standing ??= olderHost();
      return standing;
    }
    const capabilities = declaredBy(context);
    if (standing === undefined || JSON.stringify(standing.capabilities) !== JSON.stringify(capabilities))
      standing = newerStandingHost(capabilities);
    return standing;
  }

  async function runNewer(
    context: ServerContext,
    params: unknown,
    work: (call: CallContext) => Promise<ToolResult>,
  ): Promise<ToolResult> {
    const capabilities = declaredBy(context);
    const request = requestOf(context, params);
    const leg = legOf(context);
    const state = context.mcpReq.requestState<unknown>();
    const going = typeof state === 'string' ? suspended.resume(request, state, leg) : undefined;
    if (going !== undefined) return going;
    const opened = typeof state === 'string' ? seal.open(request, state) : { state: undefined };
    if (opened === undefined || (state !== undefined && typeof state !== 'string')) throw invalidState();
    return suspended.begin(request, leg, async (call) => {
      const answers = {
        ...(context.mcpReq.inputResponses !== undefined && { inputResponses: leg.answers }),
        ...(opened.state !== undefined && { requestState: opened.state }),
      };
      const result = await work({
        signal: call.signal,
        get onProgress() {
          return call.leg()?.onProgress === undefined
            ? undefined
            : (progress: Progress) => call.leg()?.onProgress?.(progress);
        },
        host: newerHost(call, capabilities),
        answers,
      });
      return result['resultType'] === INPUT_REQUIRED ? sealed(request, result) : result;
    });
  }

  /** The state of the server behind us, for this request and none but us. */
  function sealed(request: string, result: ToolResult): ToolResult {
    const state = seal.seal(request, result['requestState'] as string | undefined);
    if (state === undefined)
      throw new ProtocolError(ProtocolErrorCode.InternalError, 'The state of the server is too long');
    return { ...result, requestState: state };
  }

  return {
    async run(context, params, work) {
      const host = attend(context);
      if (host.isAskedByResult && ROUND_METHODS.has(context.mcpReq.method)) return runNewer(context, params, work);
      const { signal, onProgress } = legOf(context);
      return work({ signal, onProgress, ...(!host.isAskedByResult && { host }) });
    },
    attend: (context) => void attend(context),
    standing: () => standing,
    setLogLevel(level) {
      logLevel = level;
    },
  };
}

/** One request of the host, with what it wants to hear while it waits. */
interface HostLeg extends Leg {
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly logLevel: HostLogLevel | undefined;
  tell(notification: HostNotification): void;
}

function legOf({ mcpReq }: ServerContext): HostLeg {
  const level = (mcpReq.envelope as JsonObject | undefined)?.[LOG_LEVEL_META_KEY];
  const logLevel = isHostLogLevel(level) ? level : undefined;
  // A host that is gone hears nothing; its end is noticed elsewhere.
  const notify = (notification: Parameters<typeof mcpReq.notify>[0]): void =>
    void mcpReq.notify(notification).catch(() => {});
  const progressToken = mcpReq._meta?.progressToken;
  return {
    signal: mcpReq.signal,
    answers: (mcpReq.inputResponses ?? {}) as JsonObject,
    logLevel,
    tell: (notification) => {
      const isOfThisEra = notification.method === 'notifications/message';
      if (isOfThisEra && isWanted(notification, logLevel, false)) notify(redactJson(notification));
    },
    onProgress:
      progressToken === undefined
        ? undefined
        : ({ progress, total, message }) =>
            notify({
              method: 'notifications/progress',
              params: {
                progressToken,
                progress,
                ...(total === undefined ? {} : { total }),
                ...(message === undefined ? {} : { message: redactText(message) }),
              },
            }),
  };
}

/** Of a message, whether the host wants it at its level. */
function isWanted({ method, params }: HostNotification, least: HostLogLevel | undefined, byDefault: boolean): boolean {
  if (method !== 'notifications/message') return true;
  const { level } = params;
  if (!isHostLogLevel(level)) return false;
  return least === undefined ? byDefault : isAtLeast(level, least);
}

/** What a host of 2026-07-28 declares with each request. */
function declaredBy({ mcpReq }: ServerContext): HostCapabilities {
  const envelope = mcpReq.envelope as JsonObject | undefined;
  return hostCapabilities(envelope?.[CLIENT_CAPABILITIES_META_KEY], false);
}

/** The same for the same request, whatever the order of its members; its `_meta` does not count. */
function requestOf({ mcpReq: { method } }: ServerContext, params: unknown): string {
  const { _meta, ...asked } = (params ?? {}) as JsonObject;
  return createHash('sha256').update(canonicalJson({ method, asked })).digest('base64');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

function invalidState(): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid or expired requestState', {
    reason: 'invalid_request_state',
  });
}
