/** Where oauth4webapi meets the guarded fetch: it builds requests and reads rebuilt answers, and never opens a connection itself. */
import * as oauth from 'oauth4webapi';
import type { GuardedFetch, GuardedResponse } from '../core/outbound.js';

const USER_AGENT = 'mcp-oauth-broker';
const BAD_GATEWAY = 502;
const BODILESS = new Set([204, 205, 304]);

export interface LibraryRequest {
  readonly fetch: GuardedFetch;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** `json`: what the library has form-encoded is sent as a JSON object. */
  readonly format?: 'json' | undefined;
  /** Turns what came back into what the library can read. */
  readonly rebuild: (answer: GuardedResponse) => Response;
}

interface LibraryFetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | string | undefined;
}

/**
 * The options that send a request of the library through the guarded fetch. Redirects are refused: every request
 * made this way carries a secret (T45). Plain http is left to our own endpoint check, which allows loopback.
 */
export function libraryOptions(request: LibraryRequest): {
  headers: Record<string, string>;
  [oauth.allowInsecureRequests]: true;
  [oauth.customFetch]: (url: string, init: LibraryFetchInit) => Promise<Response>;
} {
  return {
    headers: { 'user-agent': USER_AGENT },
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (url, init) => {
      const answer = await request.fetch(url, {
        method: init.method === 'POST' ? 'POST' : 'GET',
        ...bodyOf(init, request.format),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        redirects: 'refuse',
        timeoutMs: request.timeoutMs,
      });
      return request.rebuild(answer);
    },
  };
}

function bodyOf(
  { headers, body }: LibraryFetchInit,
  format: 'json' | undefined,
): { headers: Record<string, string>; body?: string } {
  if (format !== 'json' || !(body instanceof URLSearchParams))
    return { headers, ...(body !== undefined && { body: body.toString() }) };
  return {
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(body)),
  };
}

/**
 * An answer of `status` with a JSON body, or with none, as the library wants it. A status that `Response` cannot
 * carry (some servers answer 999) is a bad gateway; one that may have no body has none.
 */
export function jsonResponse(
  status: number,
  body: Readonly<Record<string, unknown>> | undefined,
  headers: Record<string, string> = {},
): Response {
  const carried = status >= 200 && status <= 599 ? status : BAD_GATEWAY;
  if (body === undefined || BODILESS.has(carried)) return new Response(null, { status: carried, headers });
  return new Response(JSON.stringify(body), {
    status: carried,
    headers: { ...headers, 'content-type': 'application/json' },
  });
}
