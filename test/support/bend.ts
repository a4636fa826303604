/**
 * What a test may do to the requests of a real server: refuse, delay, change or lose them.
 */
import { hasParameters, type RecordedRequest } from './request-log.js';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Readonly<Record<string, unknown>>;
}

/** What happens to the requests it matches, instead of plain forwarding. */
export interface Bend<Endpoint extends string> {
  readonly endpoint: Endpoint;
  /** Only requests with these parameters, such as `{ grant_type: 'refresh_token' }` or `{ method: 'tools/call' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Only this path. */
  readonly path?: string;
  /** For how many requests; without it until `straighten()`. */
  readonly times?: number;
  /** The request waits for this before anything else happens. */
  readonly holdBefore?: Promise<unknown>;
  /** `reset`: the connection is reset and the real server never sees the request. */
  readonly beforeForward?: 'reset';
  /** The answer given in place of the real server's, which never sees the request. */
  readonly respond?: Answer | ((request: RecordedRequest<Endpoint>) => Answer);
  /** Fields to replace in the real JSON answer; `undefined` removes one. */
  readonly patch?: Readonly<Record<string, unknown>>;
  /** Called when the real server has acted, before its answer goes anywhere. */
  readonly onForwarded?: () => void;
  /** The real answer waits for this: the real server has acted, the client does not know yet. */
  readonly holdAfter?: Promise<unknown>;
  /** The real server has acted, and its answer is lost: by a reset, or in the middle of the body. */
  readonly afterForward?: 'reset' | 'truncate';
}

export interface Bends<Endpoint extends string> {
  add(bend: Bend<Endpoint>): void;
  clear(): void;
  /** The oldest bend that matches the request and is not used up. */
  take(request: RecordedRequest<Endpoint>): Bend<Endpoint> | undefined;
}

export function createBends<Endpoint extends string>(): Bends<Endpoint> {
  let bends: { readonly bend: Bend<Endpoint>; remaining: number }[] = [];
  return {
    add: (bend) => void bends.push({ bend, remaining: bend.times ?? Number.POSITIVE_INFINITY }),
    clear: () => {
      bends = [];
    },
    take: (request) => {
      const found = bends.find(({ bend, remaining }) => remaining > 0 && matches(bend, request));
      if (found) found.remaining -= 1;
      return found?.bend;
    },
  };
}

function matches<Endpoint extends string>(bend: Bend<Endpoint>, request: RecordedRequest<Endpoint>): boolean {
  const isPath = bend.path === undefined || bend.path === request.path;
  return bend.endpoint === request.endpoint && isPath && hasParameters(request, bend.parameters);
}
