/**
 * The sign-in that waits for its user, as the next call finds it: still open (the same `authUrl`, never a second),
 * failed (said once), out of time, or replaced by what this call changes.
 */
import { BrokerError } from '../core/errors.js';
import type { ClientConfiguration, PendingAuthorization, SignInFailure } from '../vault/index.js';
import { authenticatingClient } from './authenticating-client.js';
import type { ConnectArguments } from './broker.js';
import { changesSignIn, namesOtherScope } from './changed-sign-in.js';
import { doubtEndpoints } from './form-endpoints.js';
import type { KnownServer } from './known-server.js';
import { STEP_SIGN_IN_ANEW } from './next-steps.js';
import { letPortGo } from './open-pages.js';
import type { AuthReason, RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import { pollDeviceCode } from './poll-device-code.js';
import { renewedSignIn } from './pushed-sign-in.js';
import { chooseRedirect, isPortForeign } from './redirect-uri.js';
import { forgetRegistration, suspectRegistration } from './registration.js';
import { settledPending } from './settled-sign-in.js';
import { requireSignIn, type SignInRequest, sameSignIn } from './sign-in.js';
import { unattendedGrantType } from './unattended-grant.js';

export type PendingState =
  | { readonly kind: 'answer'; readonly payload: RequiresAuth | RequiresOauthConfig }
  /** The last one ran out of time: begin anew and say so. */
  | { readonly kind: 'begin_anew'; readonly reason: AuthReason }
  | { readonly kind: 'none' };

/** @throws {BrokerError} what a failed sign-in came to, once; and as `requireSignIn` does. */
export async function pendingSignIn(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  args: ConnectArguments,
): Promise<PendingState> {
  if (unattendedGrantType(server.entry) !== undefined || !(await parts.vaultExists())) return { kind: 'none' };
  await pollDeviceCode(parts, server.id);
  const pending = await settledPending(parts, server);
  if (pending === undefined) return { kind: 'none' };
  if (statesOtherKind(args)) return forget(parts, server, pending, undefined);
  if (changesSignIn(pending, server, args, configuration))
    return { kind: 'answer', payload: await replace(parts, server, configuration, pending, args.scope) };
  if (pending.failure !== undefined)
    return { kind: 'answer', payload: await sayFailure(parts, server, configuration, pending, pending.failure) };
  if (pending.answeredAt !== undefined) return forget(parts, server, pending, undefined);
  if (pending.expiresAt <= parts.clock.now()) {
    await suspect(parts, server, pending);
    const doubted = await doubtEndpoints(parts, server, configuration, pending);
    if (doubted?.endpointsDoubted !== true) return forget(parts, server, pending, 'state_expired');
    await remove(parts, server, pending);
    const request: SignInRequest = { operation: null, reason: 'state_expired' };
    return { kind: 'answer', payload: await requireSignIn(parts, server, doubted, request) };
  }
  if (await mustMove(parts, server, configuration, pending)) {
    const payload = await beginElsewhere(parts, server, configuration, pending);
    return { kind: 'answer', payload };
  }
  const current = await renewedSignIn(parts, pending);
  if (current.failure !== undefined)
    return { kind: 'answer', payload: await sayFailure(parts, server, configuration, current, current.failure) };
  // A key that cannot be read keeps the codes from being redeemed: whoever mends it has to be told.
  if (current.device !== undefined) await authenticatingClient(parts, current.serverName, current.client);
  return { kind: 'answer', payload: await sameSignIn(parts, current) };
}

/** A foreign program has taken the port meanwhile, and the client is one that we can register for another. */
async function mustMove(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  pending: PendingAuthorization,
): Promise<boolean> {
  if (pending.flow !== 'browser' || pending.client.origin !== 'registered') return false;
  const redirect = await chooseRedirect(parts, server, configuration);
  return redirect.kind === 'default' && (await isPortForeign(parts, pending.redirectUri));
}

async function beginElsewhere(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  pending: PendingAuthorization,
): Promise<RequiresAuth | RequiresOauthConfig> {
  return requireSignIn(parts, server, configuration, {
    operation: null,
    insteadOf: pending.state,
    ...(await samePurpose(parts, server, pending, undefined)),
  });
}

/** The caller says that the server takes no OAuth at all: the sign-in is not what was meant. */
function statesOtherKind({ authType }: ConnectArguments): boolean {
  return authType === 'none' || authType === 'bearer' || authType === 'api_key';
}

async function replace(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  pending: PendingAuthorization,
  scope: string | undefined,
): Promise<RequiresAuth | RequiresOauthConfig> {
  return requireSignIn(parts, server, configuration, {
    operation: null,
    replace: true,
    ...(await samePurpose(parts, server, pending, scope)),
  });
}

/** What replaces a sign-in has the same reason, and asks for no less, unless the caller names the scope. */
async function samePurpose(
  parts: Parts,
  server: KnownServer,
  pending: PendingAuthorization,
  scope: string | undefined,
): Promise<Pick<SignInRequest, 'reason' | 'neededScope' | 'scopeInHand' | 'scopeOverride'>> {
  const reason = pending.reason as AuthReason | undefined;
  if (reason === undefined || namesOtherScope(pending, scope)) return {};
  if (reason === 'scope_rejected') return { reason, scopeOverride: '' };
  if (reason !== 'insufficient_scope') return { reason };
  const grant = await (await parts.vault()).grants.get(server.id);
  return { reason, neededScope: pending.scope, scopeInHand: grant?.value.scope };
}

async function forget(
  parts: Parts,
  server: KnownServer,
  pending: PendingAuthorization,
  reason: AuthReason | undefined,
): Promise<PendingState> {
  await remove(parts, server, pending);
  return reason === undefined ? { kind: 'none' } : { kind: 'begin_anew', reason };
}

async function remove(parts: Parts, server: KnownServer, pending: PendingAuthorization): Promise<void> {
  const vault = await parts.vault();
  await vault.pendings.update(server.id, (current) => (current?.state === pending.state ? undefined : current));
  await letPortGo(parts, pending);
}

/** A kept registration whose authorize page nobody came back from may be one that the server has forgotten. */
async function suspect(parts: Parts, server: KnownServer, pending: PendingAuthorization): Promise<void> {
  // A client that was given device codes is known.
  if (!pending.clientIsKept || pending.device !== undefined) return;
  await suspectRegistration(
    parts,
    server,
    pending.authorizationServer.issuer,
    pending.redirectUri,
    pending.client.clientId,
  );
}

/** Says how the sign-in failed, and forgets it: the call after this one begins anew. */
async function sayFailure(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  pending: PendingAuthorization,
  failure: SignInFailure,
): Promise<RequiresAuth | RequiresOauthConfig> {
  await remove(parts, server, pending);
  switch (failure.code) {
    case 'scope_rejected': {
      const isForTheUser =
        pending.scopeIsCallers || pending.scope === undefined || pending.reason === 'insufficient_scope';
      if (isForTheUser)
        return requireSignIn(parts, server, configuration, { operation: null, configure: 'scope_rejected' });
      return requireSignIn(parts, server, configuration, {
        operation: null,
        reason: 'scope_rejected',
        scopeOverride: '',
      });
    }
    case 'client_rejected': {
      const { authorizationServer, redirectUri, client, reason } = pending;
      if (client.origin === 'registered')
        await forgetRegistration(parts, server, authorizationServer.issuer, redirectUri, client.clientId);
      const mayRegisterAgain = client.origin === 'registered' && reason !== 'client_rejected';
      if (mayRegisterAgain)
        return requireSignIn(parts, server, configuration, { operation: null, reason: 'client_rejected' });
      return requireSignIn(parts, server, configuration, { operation: null, configure: 'client_rejected' });
    }
    default:
      if (failure.code !== 'authorization_denied') await doubtEndpoints(parts, server, configuration, pending);
      throw new BrokerError(failure.code, failure.message, {
        retryable: failure.retryable,
        issuer: pending.authorizationServer.issuer,
        ...(failure.code === 'token_request_failed' && { nextStep: STEP_SIGN_IN_ANEW }),
        ...remainingWait(failure, pending, parts.clock.now()),
      });
  }
}

/** What is left of the time that the token endpoint asked for, which ran since it answered. */
function remainingWait(
  { retryAfterSeconds }: SignInFailure,
  { answeredAt }: PendingAuthorization,
  now: number,
): { retryAfterSeconds?: number } {
  if (retryAfterSeconds === undefined) return {};
  const elapsedSeconds = Math.floor((now - (answeredAt ?? now)) / 1_000);
  return elapsedSeconds < retryAfterSeconds ? { retryAfterSeconds: retryAfterSeconds - elapsedSeconds } : {};
}
