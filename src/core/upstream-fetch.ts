/**
 * The streaming fetch of an MCP transport: one origin only, the same address checks as every other
 * request, redirects followed within the origin where they keep the method.
 */
import { setMaxListeners } from 'node:events';
import type * as Undici from 'undici';
import { DECODABLE_ENCODINGS } from './decoded-body.js';
import type { Dispatchers } from './dispatchers.js';
import { BrokerError } from './errors.js';
import { METADATA_MAX_REDIRECTS } from './limits.js';
import { PRODUCT_NAME } from './names.js';
import { networkFailureOf } from './network-failure.js';
import type { UpstreamFetch } from './outbound.js';
import { assertUrlWithinReach, reachOf } from './reach.js';
import { responseHeaders, streamedResponse } from './streamed-response.js';

const KEEPS_METHOD = new Set([307, 308]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * The fetch for the MCP server at `serverUrl`.
 * It throws BrokerError `url_not_allowed` for another origin (a redirect to one included), NetworkFailure
 * where no answer came, and the signal's reason where the caller cancelled.
 */
export function createUpstreamFetch(
  serverUrl: URL,
  dispatchers: Dispatchers,
  privateHosts: () => Promise<readonly string[]>,
): UpstreamFetch {
  return async (url, init = {}, headersAt) => {
    const listed = await privateHosts();
    const reach = reachOf(serverUrl, listed);
    let target = new URL(url);
    for (let redirects = 0; ; redirects += 1) {
      assertSameOrigin(target, serverUrl);
      assertUrlWithinReach(target, reach, listed);
      const dispatcher = await dispatchers.dispatcherFor(target, reach);
      const response = await exchangeOnce(
        dispatcher,
        target,
        headersAt ? { ...init, headers: headersAt(target) } : init,
      );
      const next = redirectTarget(response, init.method ?? 'GET', target);
      if (next === undefined || redirects === METADATA_MAX_REDIRECTS) return response;
      await response.body?.cancel().catch(() => {});
      target = next;
    }
  };
}

/** Not by `fetch`, which does the same at twice the cost of time and memory. */
async function exchangeOnce(
  dispatcher: Undici.Dispatcher,
  url: URL,
  { method = 'GET', headers, body, signal }: RequestInit,
): Promise<Response> {
  if (typeof (body ?? '') !== 'string') throw new TypeError('An MCP transport sends text.');
  // A transport may end all its requests by one signal; Node would take many of them for a leak, and tell the user.
  if (signal) setMaxListeners(0, signal);
  try {
    const answer = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: method as Undici.Dispatcher.HttpMethod,
      headers: requestHeaders(headers),
      ...(typeof body === 'string' && { body }),
      ...(signal && { signal }),
    });
    return streamedResponse(answer.statusCode, responseHeaders(answer.headers), answer.body);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw networkFailureOf(error);
  }
}

function requestHeaders(given: RequestInit['headers']): Record<string, string> {
  const headers = given instanceof Headers ? given : new Headers(given);
  return { 'user-agent': PRODUCT_NAME, 'accept-encoding': DECODABLE_ENCODINGS, ...Object.fromEntries(headers) };
}

function assertSameOrigin(url: URL, serverUrl: URL): void {
  if (url.origin === serverUrl.origin) return;
  throw new BrokerError('url_not_allowed', 'the server points to another origin for its own endpoint');
}

/** Where a redirect leads, if it is one that may be followed: any for GET, those that keep method and body for the rest. */
function redirectTarget(response: Response, method: string, from: URL): URL | undefined {
  const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
  if (location === null || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from);
  if (target.origin !== from.origin) return target;
  return method.toUpperCase() === 'GET' || KEEPS_METHOD.has(response.status) ? target : undefined;
}
