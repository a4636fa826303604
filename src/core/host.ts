/**
 * The agent's host as the servers behind us may use it: what it can be asked, and what it can be told.
 * `server` makes one for each call, `broker` puts the name of a server on it, `upstream` asks.
 */
import { displayText } from './display-text.js';
import { isObject, type JsonObject } from './json-object.js';

export const HOST_METHODS = ['elicitation/create', 'sampling/createMessage', 'roots/list'] as const;
export type HostMethod = (typeof HOST_METHODS)[number];

/** A request of a server for the host, without `_meta`. */
export interface HostRequest {
  readonly method: HostMethod;
  readonly params?: JsonObject;
}

/** What a host is told; it never answers. */
export type HostNotification =
  | { readonly method: 'notifications/message'; readonly params: JsonObject }
  | { readonly method: 'notifications/elicitation/complete'; readonly params: { readonly elicitationId: string } };

/** What the host declared that it can answer, and no more: in an order of its own, so that equal ones look equal. */
export interface HostCapabilities {
  readonly elicitation?: { readonly form?: object; readonly url?: object };
  readonly sampling?: { readonly context?: object; readonly tools?: object };
  readonly roots?: { readonly listChanged?: true };
}

/** RFC 5424 severities, least first. */
export const HOST_LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;
export type HostLogLevel = (typeof HOST_LOG_LEVELS)[number];

export interface AskOptions {
  /** The words and the URL are ours, and shown whatever was given as a secret: a URL to sign in at must stay whole. */
  readonly isOurs?: boolean;
  readonly signal?: AbortSignal;
  /** The host works on the answer; what it says, with its numbers only. */
  readonly onProgress?: (progress: { readonly progress: number; readonly total?: number }) => void;
}

/** What a 2026-07-28 server has to know before it can answer, as it sent it. */
export interface InputRound {
  readonly inputRequests: JsonObject;
  readonly requestState?: string;
}

/** The host's answers to an `InputRound`, with what the server gave to be sent back. */
export interface InputAnswers {
  readonly inputResponses?: JsonObject;
  readonly requestState?: string;
}

export interface Host {
  readonly capabilities: HostCapabilities;
  /**
   * True of a host of 2026-07-28: it is asked by the result of a call of its own, so only while one is under way.
   * The rounds of a server of that era are passed on to it instead of being asked one by one.
   */
  readonly isAskedByResult: boolean;
  /** The least severe message that it wants; it may change. Undefined: it has not said. */
  readonly logLevel: HostLogLevel | undefined;
  /**
   * Resolves to the host's result, as it sent it.
   * @throws {HostRefusal} where it cannot be asked, refused, or did not answer in time; the signal's reason where that is aborted.
   */
  ask(request: HostRequest, options?: AskOptions): Promise<JsonObject>;
  /** Never fails: a host that is gone hears nothing. */
  tell(notification: HostNotification): void;
}

export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;

/** The host did not answer a request. `code` is the JSON-RPC code that the server behind us gets. */
export class HostRefusal extends Error {
  override readonly name = 'HostRefusal';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(displayText(message));
  }
}

export function isHostMethod(method: unknown): method is HostMethod {
  return HOST_METHODS.some((known) => known === method);
}

export function isHostLogLevel(level: unknown): level is HostLogLevel {
  return HOST_LOG_LEVELS.some((known) => known === level);
}

/** Whether a message of `level` is one of those that a host wants which asked for `least`. */
export function isAtLeast(level: HostLogLevel, least: HostLogLevel): boolean {
  return HOST_LOG_LEVELS.indexOf(level) >= HOST_LOG_LEVELS.indexOf(least);
}

/** What of a host's declared capabilities concerns the servers behind us; a bare `elicitation` means forms. */
export function hostCapabilities(declared: unknown, canTellOfRoots: boolean): HostCapabilities {
  const { elicitation, sampling, roots } = membersOf(declared);
  return {
    ...(isObject(elicitation) && { elicitation: elicitationModes(elicitation) }),
    ...(isObject(sampling) && { sampling: { ...declaredIn(sampling, 'context'), ...declaredIn(sampling, 'tools') } }),
    ...(isObject(roots) && { roots: canTellOfRoots && roots['listChanged'] === true ? { listChanged: true } : {} }),
  };
}

/** Why `request` cannot be put to a host with these capabilities; undefined where it can. */
export function refusalFor({ method, params = {} }: HostRequest, able: HostCapabilities): HostRefusal | undefined {
  const capability = method.split('/', 1)[0] as 'elicitation' | 'sampling' | 'roots';
  if (able[capability] === undefined)
    return new HostRefusal(METHOD_NOT_FOUND, `The host does not support ${capability}.`);
  if (method === 'elicitation/create') return refusalForMode(params['mode'] ?? 'form', able.elicitation ?? {});
  const wantsTools = params['tools'] !== undefined || params['toolChoice'] !== undefined;
  if (method === 'sampling/createMessage' && wantsTools && able.sampling?.tools === undefined)
    return new HostRefusal(INVALID_PARAMS, 'The host does not support tools in sampling.');
  return undefined;
}

function refusalForMode(mode: unknown, able: { readonly form?: object; readonly url?: object }) {
  const isAble = (mode === 'form' && able.form !== undefined) || (mode === 'url' && able.url !== undefined);
  return isAble ? undefined : new HostRefusal(INVALID_PARAMS, 'The host does not support this mode of elicitation.');
}

function elicitationModes(declared: JsonObject): { form?: object; url?: object } {
  const modes = { ...declaredIn(declared, 'form'), ...declaredIn(declared, 'url') };
  return Object.keys(modes).length === 0 ? { form: {} } : modes;
}

function declaredIn(declared: JsonObject, name: string): Readonly<Record<string, object>> {
  return isObject(declared[name]) ? { [name]: {} } : {};
}

function membersOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
