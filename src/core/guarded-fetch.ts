/**
 * The fetch of discovery, registration, token and revocation requests: every URL checked against the
 * reach of the MCP server, the whole answer read and bounded, redirects never followed with a secret.
 */
import type * as Undici from 'undici';
import { readBoundedBody } from './bounded-body.js';
import type { Dispatchers, UndiciModule } from './dispatchers.js';
import { METADATA_MAX_BYTES, METADATA_MAX_REDIRECTS, METADATA_TIMEOUT_MS } from './limits.js';
import { networkFailureOf } from './network-failure.js';
import type { GuardedFetch, GuardedRequest, GuardedResponse } from './outbound.js';
import { assertUrlWithinReach, reachOf } from './reach.js';
import { responseHeaders } from './streamed-response.js';

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** What may follow a redirect to another origin; everything else could carry a credential. */
const HARMLESS_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'user-agent',
  'mcp-protocol-version',
]);

interface Exchange {
  sent: boolean;
  responded: boolean;
}

/** The guarded fetch for URLs derived from the server at `serverUrl`. A redirect beyond the third is returned as it is. */
export function createGuardedFetch(
  serverUrl: URL,
  dispatchers: Dispatchers,
  privateHosts: () => Promise<readonly string[]>,
): GuardedFetch {
  /** Sends the request, and follows where the answer leads as far as it may. */
  const follow = async (url: URL, request: GuardedRequest, signal: AbortSignal, exchange: Exchange) => {
    const listed = await privateHosts();
    const reach = reachOf(serverUrl, listed);
    let target = url;
    let headers = requestHeaders(request);
    for (let redirects = 0; ; redirects += 1) {
      assertUrlWithinReach(target, reach, listed);
      const dispatcher = await dispatchers.dispatcherFor(target, reach);
      const undici = await dispatchers.undici();
      const response = await exchangeOnce(undici, dispatcher, target, { ...request, headers }, signal, exchange);
      const next = redirects < METADATA_MAX_REDIRECTS ? followedRedirect(response, request, target) : undefined;
      if (next === undefined) return response;
      headers = next.origin === target.origin ? headers : harmlessHeaders(headers);
      target = next;
    }
  };

  return async (url, request = {}) => {
    const deadline = startDeadline(request.timeoutMs ?? METADATA_TIMEOUT_MS, request.signal);
    const exchange: Exchange = { sent: false, responded: false };
    try {
      return await follow(new URL(url), request, deadline.signal, exchange);
    } catch (error) {
      const aborted = request.signal?.aborted ?? false;
      throw networkFailureOf(error, { ...exchange, timedOut: deadline.timedOut(), aborted });
    } finally {
      deadline.clear();
    }
  };
}

async function exchangeOnce(
  undici: UndiciModule,
  dispatcher: Undici.Dispatcher,
  url: URL,
  request: GuardedRequest,
  signal: AbortSignal,
  exchange: Exchange,
): Promise<GuardedResponse> {
  exchange.sent = false;
  exchange.responded = false;
  const { statusCode, headers, body } = await dispatcher.compose(observing(undici, exchange)).request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method ?? 'GET',
    headers: { ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
    signal,
  });
  const received = responseHeaders(headers);
  const contentEncoding = received.get('content-encoding') ?? undefined;
  const bytes = await readBoundedBody(body, contentEncoding, request.maxBytes ?? METADATA_MAX_BYTES);
  return { status: statusCode, headers: received, body: bytes, url: url.href };
}

/** Notes when the request goes out on a connected socket, and when status and headers are there. */
function observing(
  { DecoratorHandler }: UndiciModule,
  exchange: Exchange,
): Undici.Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const inner: Undici.Dispatcher.DispatchHandler = new DecoratorHandler(handler);
    return dispatch(options, {
      onRequestStart(controller, context) {
        exchange.sent = true;
        inner.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...args) => inner.onRequestUpgrade?.(...args),
      onResponseStart(...args) {
        exchange.responded = true;
        inner.onResponseStart?.(...args);
      },
      onResponseData: (...args) => inner.onResponseData?.(...args),
      onResponseEnd: (...args) => inner.onResponseEnd?.(...args),
      onResponseError: (...args) => inner.onResponseError?.(...args),
    });
  };
}

function followedRedirect(response: GuardedResponse, request: GuardedRequest, from: URL): URL | undefined {
  if (request.redirects !== 'follow' || (request.method ?? 'GET') !== 'GET') return undefined;
  const location = REDIRECT_STATUSES.has(response.status) ? response.headers.get('location') : null;
  return location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

/** Compression is not asked for: metadata is small, and a bomb is not worth decoding. */
function requestHeaders(request: GuardedRequest): Record<string, string> {
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    'user-agent': 'mcp-oauth-broker',
    accept: 'application/json',
    ...Object.fromEntries(given),
    'accept-encoding': 'identity',
  };
}

function harmlessHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS_HEADERS.has(name)));
}

interface Deadline {
  readonly signal: AbortSignal;
  timedOut(): boolean;
  clear(): void;
}

/** One signal for the caller's cancellation and the time that the whole request may take. */
function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort();
  }, timeoutMs);
  const onCallerAbort = (): void => controller.abort();
  if (caller?.aborted) controller.abort();
  caller?.addEventListener('abort', onCallerAbort, { once: true });
  return {
    signal: controller.signal,
    timedOut: () => expired,
    clear: () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', onCallerAbort);
    },
  };
}
