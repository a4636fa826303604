/**
 * Asks a server, without a credential, whether it lets us in. It looks at status and headers only and
 * leaves no session behind.
 */
import { BrokerError } from '../core/errors.js';
import { UPSTREAM_CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { discardBody, protocolError, refusalOf, statusError, unreachable } from './answers.js';
import { type ConnectOptions, type Probe, RefusedError, type RemoteTarget } from './types.js';

const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
/** What a server takes a request without the header for; so sent with it, the request is what it was. */
const ASSUMED_VERSION = '2025-03-26';
const NO_POST_STATUSES = new Set([404, 405]);

type ProbeTarget = Omit<RemoteTarget, 'credential'>;

interface Asked {
  readonly response: Response;
  readonly probe: Probe | undefined;
}

/**
 * Probes the server: POST `initialize`, then `server/discover` where that is a 400, then the legacy stream where there is no POST.
 * @returns `open` for any 2xx; `refused` for 401, 403, and for 404 or 405 where the legacy stream is not there either.
 * @throws {BrokerError} `upstream_unreachable` (retryable) where no answer came or a 5xx; `upstream_protocol_error` for anything else.
 */
export async function probeRemote(target: ProbeTarget, options: ConnectOptions): Promise<Probe> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? UPSTREAM_CONNECT_TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const ask = (init: RequestInit): Promise<Asked> => askOnce(target, { ...init, signal }, options.signal);

  if (target.transport === 'sse') return (await askForStream(ask)) ?? notMcp();
  const initialized = await ask(post(initializeRequest(options), ASSUMED_VERSION));
  if (initialized.probe !== undefined) return initialized.probe;
  const refusal = refusalOf(initialized.response);
  if (NO_POST_STATUSES.has(refusal.status)) {
    const legacy = target.transport === 'auto' ? await askForStream(ask) : undefined;
    return legacy?.kind === 'open' || isAuthorizationRefusal(legacy) ? legacy : { kind: 'refused', refusal };
  }
  if (refusal.status !== 400) return notMcp();
  const discovered = await ask(post(discoverRequest(options), MODERN_VERSION));
  return discovered.probe ?? notMcp();
}

async function askForStream(ask: (init: RequestInit) => Promise<Asked>): Promise<Probe | undefined> {
  const { response, probe } = await ask({ method: 'GET', headers: { accept: 'text/event-stream' } });
  return probe ?? { kind: 'refused', refusal: refusalOf(response) };
}

function isAuthorizationRefusal(probe: Probe | undefined): probe is Probe {
  return probe?.kind === 'refused' && (probe.refusal.status === 401 || probe.refusal.status === 403);
}

/** Sends one request and says what its status means; the body is never read. */
async function askOnce(target: ProbeTarget, init: RequestInit, callerSignal: AbortSignal | undefined): Promise<Asked> {
  const headers = new Headers({ ...target.headers });
  new Headers(init.headers).forEach((value, name) => {
    headers.set(name, value);
  });
  const response = await target.fetch(target.url, { ...init, headers }).catch((error: unknown) => {
    callerSignal?.throwIfAborted();
    throw error instanceof BrokerError ? error : unreachable(error);
  });
  await discardBody(response);
  const failure = statusError(response);
  if (failure instanceof BrokerError) throw failure;
  if (failure instanceof RefusedError) return { response, probe: { kind: 'refused', refusal: failure.refusal } };
  if (!response.ok) return { response, probe: undefined };
  await endSession(target, response, headers, init);
  return { response, probe: { kind: 'open' } };
}

/** Whatever the answer, the probe has its own: a session that cannot be ended expires. */
async function endSession(target: ProbeTarget, response: Response, sent: Headers, init: RequestInit): Promise<void> {
  const sessionId = response.headers.get('mcp-session-id');
  if (sessionId === null) return;
  const headers = new Headers(sent);
  headers.delete('content-type');
  headers.set('mcp-session-id', sessionId);
  headers.set('mcp-protocol-version', LEGACY_VERSION);
  const { signal } = init;
  const request = { method: 'DELETE', headers, ...(signal === undefined ? {} : { signal }) };
  await target.fetch(target.url, request).then(discardBody, () => {});
}

interface ProbeMessage {
  readonly method: 'initialize' | 'server/discover';
  readonly params: Readonly<Record<string, unknown>>;
}

function post({ method, params }: ProbeMessage, version: string): RequestInit {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': version,
      'mcp-method': method,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method, params }),
  };
}

/** With the metadata that 2026-07-28 asks for on every request; older servers pass over it. */
function initializeRequest(options: ConnectOptions): ProbeMessage {
  const clientInfo = { name: options.clientName, version: options.clientVersion };
  return {
    method: 'initialize',
    params: { _meta: metaOf(options, ASSUMED_VERSION), protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo },
  };
}

function discoverRequest(options: ConnectOptions): ProbeMessage {
  return { method: 'server/discover', params: { _meta: metaOf(options, MODERN_VERSION) } };
}

function metaOf({ clientName, clientVersion }: ConnectOptions, version: string): Readonly<Record<string, unknown>> {
  return {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': { name: clientName, version: clientVersion },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
}

function notMcp(): never {
  throw protocolError('the server does not answer as an MCP server does');
}
