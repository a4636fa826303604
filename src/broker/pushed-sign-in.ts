/**
 * Sign-ins whose request is pushed (RFC 9126). What the user visits then ends sooner than the sign-in: it is pushed
 * anew with the same state and verifier, so that nobody who is still signing in is cut off.
 */
import { BrokerError } from '../core/errors.js';
import { PUSH_LEASE_MS, PUSHED_REQUEST_RENEW_AHEAD_FRACTION, PUSHED_REQUEST_RENEW_AHEAD_MS } from '../core/limits.js';
import { ownerTuple } from '../core/principal.js';
import {
  type AuthorizationParameters,
  authorizationUrlOf,
  type PushOutcome,
  pushAuthorizationRequest,
} from '../oauth/index.js';
import type { PendingAuthorization, SignInFailure } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import { bindingOf } from './bound-token.js';
import { isUnanswered } from './live-sign-in.js';
import type { Parts } from './parts.js';
import { failureOfError } from './sign-in-failure.js';

export type SignInPush =
  /** With the URL to visit: that of the pushed request, or of a plain one where it may be plain. */
  | { readonly kind: 'ready'; readonly pending: PendingAuthorization }
  | { readonly kind: 'refused'; readonly failure: SignInFailure };

/**
 * Pushes the request of `pending` where the authorization server takes that. Where it only offers it and cannot for
 * now, the request is made without.
 * @throws {BrokerError} `authorization_failed` where it has to be pushed and cannot be; retryable where no answer came.
 */
export async function pushSignIn(
  parts: Parts,
  pending: PendingAuthorization,
  parameters: AuthorizationParameters,
): Promise<SignInPush> {
  const { authorizationServer, client } = pending;
  const endpoint = authorizationServer.pushedAuthorizationRequestEndpoint;
  if (endpoint === undefined) return { kind: 'ready', pending };
  const fetch = parts.network.guardedFetch(new URL(pending.serverUrl));
  const outcome = await pushAuthorizationRequest({
    authorizationServer,
    endpoint,
    client: await authenticatingClient(parts, pending.serverName, client),
    parameters,
    dpop: bindingOf(parts, pending.dpop),
    fetch,
  });
  if (outcome.kind === 'rejected') return { kind: 'refused', failure: failureOfPush(outcome) };
  if (outcome.kind !== 'pushed') {
    if (authorizationServer.requirePushedAuthorizationRequests === true) throw cannotBePushed(outcome);
    parts.log.warn({ serverName: pending.serverName, outcome: outcome.kind }, 'a request could not be pushed');
    const { pushed: _none, ...rest } = pending;
    const authorizationUrl = authorizationUrlOf(authorizationServer.authorizationEndpoint, parameters);
    return { kind: 'ready', pending: { ...rest, authorizationUrl } };
  }
  const pushedAt = parts.clock.now();
  const { tokenEndpointAuthMethod = client.tokenEndpointAuthMethod } = outcome;
  return {
    kind: 'ready',
    pending: {
      ...pending,
      client: { ...client, tokenEndpointAuthMethod },
      authorizationUrl: authorizationUrlOf(authorizationServer.authorizationEndpoint, {
        client_id: client.clientId,
        request_uri: outcome.requestUri,
      }),
      pushed: { parameters, pushedAt, expiresAt: pushedAt + outcome.expiresInSeconds * 1_000 },
    },
  };
}

/**
 * The open sign-in with a URL that lasts for a while. Where the authorization server refuses the request now, that is
 * how the sign-in has failed, and `failure` says so.
 * @throws {BrokerError} as `pushSignIn` does, where the URL has ended.
 */
export async function renewedSignIn(parts: Parts, pending: PendingAuthorization): Promise<PendingAuthorization> {
  if (!endsSoon(pending, parts.clock.now())) return pending;
  const vault = await parts.vault();
  const id = idOf(pending);
  const lease = await vault.acquireLease(['push', ...id], PUSH_LEASE_MS, PUSH_LEASE_MS);
  try {
    const current = (await vault.pendings.get(id))?.value;
    // Another process was faster, or the sign-in has ended meanwhile.
    if (current === undefined || !isSameAndOpen(current, pending) || !endsSoon(current, parts.clock.now()))
      return current?.state === pending.state ? current : pending;
    const renewed = await pushedAgain(parts, current);
    const written = await vault.pendings.update(id, (now) =>
      now !== undefined && isSameAndOpen(now, pending) ? renewed : now,
    );
    return written?.state === pending.state ? written : pending;
  } finally {
    await lease?.release();
  }
}

/**
 * A URL of the sign-in's own for one visit: a pushed request may have been used up by the last one.
 * Where the authorization server refuses it, the sign-in has failed.
 */
export async function urlForVisit(
  parts: Parts,
  pending: PendingAuthorization,
): Promise<{ readonly url: string } | { readonly failure: SignInFailure }> {
  if (pending.pushed === undefined) return { url: pending.authorizationUrl };
  let push: SignInPush;
  try {
    push = await pushSignIn(parts, pending, pending.pushed.parameters);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    if (pending.pushed.expiresAt > parts.clock.now()) return { url: pending.authorizationUrl };
    return { failure: { code: 'authorization_failed', retryable: error.retryable, message: error.message } };
  }
  if (push.kind === 'ready') return { url: push.pending.authorizationUrl };
  const { failure } = push;
  const vault = await parts.vault();
  await vault.pendings.update(idOf(pending), (now) =>
    now !== undefined && isSameAndOpen(now, pending) ? { ...now, failure } : now,
  );
  return { failure };
}

/** Where it cannot be pushed for now, the old URL serves for as long as it lasts. */
async function pushedAgain(parts: Parts, current: PendingAuthorization): Promise<PendingAuthorization> {
  if (current.pushed === undefined) return current;
  try {
    const push = await pushSignIn(parts, current, current.pushed.parameters);
    return push.kind === 'ready' ? push.pending : { ...current, failure: push.failure };
  } catch (error) {
    if (error instanceof BrokerError && current.pushed.expiresAt > parts.clock.now()) return current;
    throw error;
  }
}

/** A pushed request is renewed when less than a quarter of its lifetime, and less than 15 seconds, is left. */
function endsSoon({ pushed }: PendingAuthorization, now: number): boolean {
  if (pushed === undefined) return false;
  const lifetimeMs = pushed.expiresAt - pushed.pushedAt;
  const aheadMs = Math.min(PUSHED_REQUEST_RENEW_AHEAD_MS, lifetimeMs * PUSHED_REQUEST_RENEW_AHEAD_FRACTION);
  return pushed.expiresAt - now <= aheadMs;
}

function isSameAndOpen(current: PendingAuthorization, pending: PendingAuthorization): boolean {
  return current.state === pending.state && isUnanswered(current);
}

function failureOfPush({ error, retryAfterSeconds }: Extract<PushOutcome, { kind: 'rejected' }>): SignInFailure {
  const failure = failureOfError(error);
  return failure.retryable && retryAfterSeconds !== undefined ? { ...failure, retryAfterSeconds } : failure;
}

function cannotBePushed(outcome: Exclude<PushOutcome, { kind: 'pushed' | 'rejected' }>): BrokerError {
  if (outcome.kind === 'malformed')
    return new BrokerError('authorization_failed', 'The authorization server gave no usable answer to the request.');
  const { retryAfterSeconds } = outcome;
  return new BrokerError('authorization_failed', 'The authorization server could not take the request for now.', {
    retryable: true,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

function idOf(pending: PendingAuthorization): readonly string[] {
  return [...ownerTuple(pending.owner), pending.serverName, pending.account];
}
