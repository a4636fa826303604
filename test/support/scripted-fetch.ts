/**
 * A `GuardedFetch` that answers from a table, without a network, and remembers what it was asked.
 * For the pure side of the protocol; what is really sent is tested over loopback.
 */
import type { GuardedFetch, GuardedRequest, GuardedResponse } from '../../src/core/outbound.js';

export interface ScriptedFetch {
  readonly fetch: GuardedFetch;
  readonly requests: readonly { readonly url: string; readonly request: GuardedRequest }[];
}

export type ScriptedAnswer = GuardedResponse | Error;

/** Answers by URL; a list is used up one by one, its last answer stays. Any other URL is a 404. */
export function scriptedFetch(
  answers: Readonly<Record<string, ScriptedAnswer | readonly ScriptedAnswer[]>>,
): ScriptedFetch {
  const requests: { url: string; request: GuardedRequest }[] = [];
  const uses = new Map<string, number>();
  return {
    requests,
    fetch: async (url, request = {}) => {
      const key = String(url);
      requests.push({ url: key, request });
      const list = [answers[key] ?? textAnswer(404, 'not found')].flat();
      const use = uses.get(key) ?? 0;
      uses.set(key, use + 1);
      const answer = list[Math.min(use, list.length - 1)];
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error(`no answer for ${key}`);
      return answer;
    },
  };
}

/** A whole answer with a JSON body. */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): GuardedResponse {
  return textAnswer(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

/** A whole answer with this body, by default HTML. */
export function textAnswer(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): GuardedResponse {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { status, headers: new Headers({ 'content-type': 'text/html', ...headers }), body: bytes, url: '' };
}
