/**
 * What the last request to a server came to, and when authorization requests were made:
 * the source of `state` in listings, and the brake on endless step-ups.
 */
import { BrokerError } from '../core/errors.js';
import {
  OBSERVATION_MIN_INTERVAL_MS,
  STEP_UP_MAX_REQUESTS,
  STEP_UP_OPERATIONS_MAX,
  STEP_UP_WINDOW_MS,
} from '../core/limits.js';
import type { ServerObservation } from '../vault/index.js';
import { type AnyServer, boundUrl } from './known-server.js';
import type { Parts } from './parts.js';

interface Seen {
  readonly state: ServerObservation['state'];
  readonly authType?: ServerObservation['authType'];
  readonly reason?: string;
  readonly toolCount?: number;
  readonly priorEra?: 'modern' | 'legacy';
  /** The tool or method that went through: what was asked for it before no longer counts. */
  readonly succeeded?: string;
}

type AuthorizationRequests = NonNullable<ServerObservation['authorizationRequests']>;

export async function observation(parts: Parts, server: AnyServer): Promise<ServerObservation | undefined> {
  const stored = await (await parts.vault()).observations.get(server.id);
  return stored?.value.serverUrl === boundUrl(server.entry) ? stored.value : undefined;
}

/**
 * Notes what a request came to. A repeated success is written at most once a minute, and told from memory in between;
 * a repeated failure has none, and is written once.
 * The request has been acted on: a vault that cannot be written must not make its caller send it again.
 */
export async function observe(parts: Parts, server: AnyServer, seen: Seen): Promise<void> {
  await withoutHarm(parts, server, () => noteSeen(parts, server, seen));
}

/** Where a call shows that the server cannot be used as it is: it does not answer, or what the user's file names for it is missing. */
const STATED_FAILURES: ReadonlySet<string> = new Set(['upstream_unreachable', 'invalid_input']);

/** The same of what was thrown on the way to its answer; any other error says nothing of the server's state. */
export async function observeFailure(parts: Parts, server: AnyServer, error: unknown): Promise<void> {
  if (error instanceof BrokerError && STATED_FAILURES.has(error.code))
    await observe(parts, server, { state: 'error', reason: error.code });
}

async function noteSeen(parts: Parts, server: AnyServer, { succeeded, ...state }: Seen): Promise<void> {
  const now = parts.clock.now();
  const vault = await parts.vault();
  if (state.state === 'connected') parts.latestSuccesses.note(unseen(server), now);
  await vault.observations.update(server.id, (current) => {
    const before = current?.serverUrl === boundUrl(server.entry) ? current : undefined;
    const hasNewInstant =
      state.state === 'connected' && now - (before?.lastVerifiedAt ?? 0) >= OBSERVATION_MIN_INTERVAL_MS;
    const authorizationRequests = stillCounting(before?.authorizationRequests, succeeded, now);
    const isCountSame = authorizationRequests === before?.authorizationRequests;
    if (before !== undefined && !hasNewInstant && isCountSame && addsNothing(before, state)) return current;
    const { reason: _reason, ...kept } = before ?? unseen(server);
    return {
      ...kept,
      ...state,
      ...(authorizationRequests !== undefined && { authorizationRequests }),
      ...(state.state === 'connected' && { lastVerifiedAt: now }),
    };
  });
}

/** An authorization request is made: a first sign-in (`operation` null) or a step-up of that operation. */
export async function noteAuthorizationRequest(
  parts: Parts,
  server: AnyServer,
  operation: string | null,
): Promise<void> {
  const now = parts.clock.now();
  const vault = await parts.vault();
  await vault.observations.update(server.id, (current) => {
    const before = current?.serverUrl === boundUrl(server.entry) ? current : unseen(server);
    return { ...before, authorizationRequests: [...recent(before, now), { at: now, operation }] };
  });
}

/**
 * At most three authorization requests in ten minutes without a success of the same tool or method, the first
 * sign-in included (checklist SHOULD 7).
 * @throws {BrokerError} `insufficient_scope`.
 */
export async function checkStepUpLimit(parts: Parts, server: AnyServer, operation: string): Promise<void> {
  const seen = await observation(parts, server);
  const requests = recent(seen, parts.clock.now()).filter(
    (request) => request.operation === operation || (request.operation === null && !hasSucceeded(request, operation)),
  );
  if (requests.length < STEP_UP_MAX_REQUESTS) return;
  throw new BrokerError(
    'insufficient_scope',
    `The server asked for more scopes ${STEP_UP_MAX_REQUESTS} times and still refuses.`,
  );
}

/**
 * The requests that count after `operation` went through: no longer its step-ups, and no longer the first sign-in
 * where it is about this operation. The same list where nothing changes.
 */
function stillCounting(
  requests: AuthorizationRequests | undefined,
  operation: string | undefined,
  now: number,
): AuthorizationRequests | undefined {
  if (requests === undefined || operation === undefined) return requests;
  const isAffected = (request: AuthorizationRequests[number]): boolean =>
    now - request.at < STEP_UP_WINDOW_MS &&
    (request.operation === operation || (request.operation === null && !hasSucceeded(request, operation)));
  if (!requests.some(isAffected)) return requests;
  return requests
    .filter((request) => request.operation !== operation)
    .map((request) => (isAffected(request) ? withSuccess(request, operation) : request));
}

function hasSucceeded(request: AuthorizationRequests[number], operation: string): boolean {
  return request.succeeded?.includes(operation) ?? false;
}

function withSuccess(request: AuthorizationRequests[number], operation: string): AuthorizationRequests[number] {
  return { ...request, succeeded: [...(request.succeeded ?? []), operation].slice(-STEP_UP_OPERATIONS_MAX) };
}

async function withoutHarm(parts: Parts, server: AnyServer, note: () => Promise<void>): Promise<void> {
  try {
    await note();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    parts.log.warn({ serverName: server.entry.serverName, code: error.code }, 'what a request came to was not noted');
  }
}

function recent(seen: ServerObservation | undefined, now: number): AuthorizationRequests {
  return (seen?.authorizationRequests ?? []).filter((request) => now - request.at < STEP_UP_WINDOW_MS);
}

function addsNothing(before: ServerObservation, seen: Omit<Seen, 'succeeded'>): boolean {
  return (
    before.state === seen.state &&
    before.reason === seen.reason &&
    (seen.authType === undefined || before.authType === seen.authType) &&
    (seen.toolCount === undefined || before.toolCount === seen.toolCount) &&
    (seen.priorEra === undefined || before.priorEra === seen.priorEra)
  );
}

function unseen(server: AnyServer): ServerObservation {
  return {
    owner: server.owner,
    serverName: server.entry.serverName,
    account: server.account,
    serverUrl: boundUrl(server.entry),
    authType: 'unknown',
    state: 'auth_required',
  };
}
