/**
 * The host as one server may use it: what the server asks and tells carries its name, in words of ours, so that nobody
 * takes it for us or for another server. A URL is shown, never opened.
 */
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import {
  type Host,
  type HostNotification,
  HostRefusal,
  type HostRequest,
  INVALID_PARAMS,
  type InputRound,
  isHostMethod,
  refusalFor,
} from '../core/host.js';
import type { JsonObject } from '../core/json-object.js';
import {
  ELICITATION_MESSAGE_MAX_LENGTH,
  HOST_REQUESTS_MAX,
  LOGGER_NAME_MAX_LENGTH,
  URL_ARGUMENT_MAX_LENGTH,
} from '../core/limits.js';
import { inputRoundOf, type UpstreamConnection } from '../upstream/index.js';
import type { CallContext, ProxiedCall } from './broker.js';
import type { AnyServer } from './known-server.js';
import type { Parts } from './parts.js';

type Progress = Parameters<NonNullable<CallContext['onProgress']>>[0];

const SHOWABLE_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:']);

/** The context of a call, with the host as the server that is called may use it. */
export function namedContext(context: CallContext, { entry: { serverName } }: AnyServer): CallContext {
  const { signal, host, answers } = context;
  return {
    ...(signal !== undefined && { signal }),
    // A call that goes on with another request of the host may have a progress token then, or none any more.
    onProgress: (progress) => context.onProgress?.(shownProgress(progress)),
    ...(host !== undefined && { host: namedHost(serverName, host) }),
    ...(answers !== undefined && { answers }),
  };
}

/** How a connection to `server` is told of the host of this process. */
export function standingHost({ attended: { host } }: Parts, { entry: { serverName } }: AnyServer): { host?: Host } {
  return host === undefined ? {} : { host: namedHost(serverName, host) };
}

/** Whether the server was told what this host can answer; of 2026-07-28 it is told with each request. */
export function isDeclaredTo(connection: UpstreamConnection | undefined, host: Host | undefined): boolean {
  if (connection === undefined || host === undefined || connection.era === 'modern') return true;
  return JSON.stringify(connection.declared ?? {}) === JSON.stringify(host.capabilities);
}

/** `host` for the server of that name. Asking throws HostRefusal for what the host cannot answer or nobody may be shown. */
function namedHost(serverName: string, host: Host): Host {
  return {
    isAskedByResult: host.isAskedByResult,
    get capabilities() {
      return host.capabilities;
    },
    get logLevel() {
      return host.logLevel;
    },
    ask: async (request, options) => host.ask(shownRequest(serverName, request, host), options),
    tell: (notification) => host.tell(shownNotification(serverName, notification)),
  };
}

/** Where the result is no result yet, but what the server has to know first, ready to be shown. @throws {BrokerError} as `shownRound`. */
export function passedOn(call: ProxiedCall, { entry: { serverName } }: AnyServer, { host }: CallContext): ProxiedCall {
  const round = call.kind === 'upstream' ? inputRoundOf(call.result) : undefined;
  if (round === undefined || host === undefined) return call;
  return { kind: 'input_required', round: shownRound(serverName, round, host) };
}

/**
 * The round of a server, to be passed on to a host that takes rounds.
 * @throws {BrokerError} `upstream_protocol_error` where it asks for what the host cannot answer.
 */
function shownRound(serverName: string, round: InputRound, host: Host): InputRound {
  const asked = Object.entries(round.inputRequests);
  if (asked.length > HOST_REQUESTS_MAX) throw unanswerable(`it asks more than ${HOST_REQUESTS_MAX} things at once`);
  try {
    const shown = asked.map(([key, request]) => [key, shownRequest(serverName, hostRequest(request), host)] as const);
    return { ...round, inputRequests: Object.fromEntries(shown) };
  } catch (error) {
    throw error instanceof HostRefusal ? unanswerable(error.message) : error;
  }
}

function shownRequest(serverName: string, request: HostRequest, host: Host): HostRequest {
  const refusal = refusalFor(request, host.capabilities);
  if (refusal !== undefined) throw refusal;
  const { method, params = {} } = request;
  if (method !== 'elicitation/create') return request;
  const message = `The server "${serverName}" asks: ${shownText(params['message'], ELICITATION_MESSAGE_MAX_LENGTH)}`;
  if (params['mode'] !== 'url') return { method, params: { ...params, message } };
  return { method, params: { ...params, message, url: showableUrl(params['url']) } };
}

/** @throws {HostRefusal} for anything but an http or https URL without credentials in it. */
function showableUrl(url: unknown): string {
  const isBounded = typeof url === 'string' && url.length <= URL_ARGUMENT_MAX_LENGTH && URL.canParse(url);
  const parsed = isBounded ? new URL(url) : undefined;
  if (parsed !== undefined && SHOWABLE_PROTOCOLS.has(parsed.protocol) && `${parsed.username}${parsed.password}` === '')
    return parsed.href;
  throw new HostRefusal(INVALID_PARAMS, 'The URL of an elicitation must be an http or https URL without credentials.');
}

function shownProgress({ message, ...progress }: Progress): Progress {
  return typeof message === 'string' ? { ...progress, message: displayText(message) } : progress;
}

function shownNotification(serverName: string, notification: HostNotification): HostNotification {
  if (notification.method !== 'notifications/message') return notification;
  const { _meta, ...params } = notification.params;
  const { logger } = params;
  const name = typeof logger === 'string' ? `${serverName}/${shownText(logger, LOGGER_NAME_MAX_LENGTH)}` : serverName;
  return { ...notification, params: { ...params, logger: name } };
}

function hostRequest(request: unknown): HostRequest {
  const { method, params } = (request ?? {}) as { readonly method?: unknown; readonly params?: JsonObject };
  if (!isHostMethod(method)) throw unanswerable('it asks for something that no host can answer');
  // Its `_meta` belongs to the leg between it and us, as that of an older server's request does.
  const { _meta, ...asked } = params ?? {};
  return params === undefined ? { method } : { method, params: asked };
}

function shownText(text: unknown, maxLength: number): string {
  return displayText(typeof text === 'string' ? text : '', maxLength);
}

function unanswerable(why: string): BrokerError {
  return new BrokerError('upstream_protocol_error', `The server needs to know more before it can answer, but ${why}`);
}
