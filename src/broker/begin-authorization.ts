/**
 * How a sign-in begins: which client and redirect URI it uses, which scope it asks for, and whether the user has to
 * say something first. What is then asked for and stored is `open-sign-in.ts`.
 */
import { BrokerError } from '../core/errors.js';
import { assertPkce, createAuthorizationRequest, preflightAuthorization, selectScope } from '../oauth/index.js';
import type { ClientConfiguration } from '../vault/index.js';
import { type ClientChoice, chooseClient } from './client-selection.js';
import type { KnownServer } from './known-server.js';
import { openDeviceSignIn } from './open-device-sign-in.js';
import { type FoundAuthorizationServer, openSignIn, type SignInChoice, type SignInPurpose } from './open-sign-in.js';
import type { ConfigReason, RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import { profileAt, requestHabits } from './provider-profile.js';
import { type BoundRedirect, bindRedirect, chooseRedirect } from './redirect-uri.js';
import { forgetRegistration, type RegistrationOutcome, registeredClient } from './registration.js';
import { requiresConfig } from './requires-config.js';

/** The client refused to be had by itself: the 2025-03-26 default endpoints lead nowhere. */
export interface NoAuthorizationServer {
  readonly status: 'no_authorization_server';
}

/**
 * @returns the payload to answer with; `no_authorization_server` where only guessed endpoints were left and `/register` is not there.
 * @throws {BrokerError} `pkce_unsupported`, `insecure_url`, `url_not_allowed`, `redirect_not_allowed`, `callback_port_in_use`,
 *   `issuer_changed`, `discovery_failed` (retryable), `invalid_input`.
 */
export async function beginAuthorization(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
): Promise<RequiresAuth | RequiresOauthConfig | NoAuthorizationServer> {
  const { authorizationServer } = purpose.discovery;
  const profile = profileAt(server, authorizationServer.issuer);
  if (purpose.flow !== 'device')
    assertPkce(authorizationServer, server.entry.oauth.assumePkce ?? profile?.assumePkce ?? false);
  await checkEndpoints(parts, server, purpose.discovery);
  const redirect = await chooseRedirect(parts, server, configuration);
  const choice = await chooseClient(parts, server, authorizationServer, configuration, redirect);
  const scope = scopeToAsk(server, configuration, purpose);
  const mustAsk = questionFirst(parts, configuration, choice, purpose);
  // Guessed endpoints are there only where registration succeeds: then that comes before the question.
  const isGuess = authorizationServer.source === 'default_endpoints' && choice.kind === 'register';
  if (mustAsk !== undefined && !isGuess)
    return requiresConfig(parts, server, configuration, purpose.discovery, scope, mustAsk);

  const bound = await bindRedirect(parts, redirect, {
    listen: purpose.flow === 'browser',
    mayMove: choice.kind === 'register',
    ...(choice.kind === 'register' &&
      !authorizationServer.issParameterSupported && { issuerOfOwnPath: authorizationServer.issuer }),
  });
  const registration = await clientToUse(parts, server, choice, purpose, bound, scope);
  if (registration.kind !== 'registered')
    return askForClient(parts, server, configuration, purpose.discovery, scope, registration);
  if (mustAsk !== undefined) return requiresConfig(parts, server, configuration, purpose.discovery, scope, mustAsk);
  return openOrMend(parts, server, configuration, purpose, {
    bound,
    redirect,
    scope,
    client: registration.client,
    clientIsKept: registration.isKept,
  });
}

/** Nobody registered us. Why not, the user sees on the form: what a server says is nothing for an agent. */
async function askForClient(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  discovery: FoundAuthorizationServer,
  scope: string | undefined,
  registration: Exclude<RegistrationOutcome, { kind: 'registered' }>,
): Promise<RequiresOauthConfig | NoAuthorizationServer> {
  const refusal = registration.kind === 'rejected' ? registration.message : undefined;
  if (refusal !== undefined) parts.log.warn({ serverName: server.entry.serverName }, refusal);
  if (discovery.authorizationServer.source === 'default_endpoints') return { status: 'no_authorization_server' };
  const reason: ConfigReason = refusal === undefined ? 'registration_unavailable' : 'registration_rejected';
  return requiresConfig(parts, server, configuration, discovery, scope, reason, refusal);
}

/**
 * Opens the sign-in. What is refused here (a device code, a pushed request) is refused at once and not to a browser, so
 * it is also mended at once: another client where ours was forgotten, no scope where we chose it, the browser where we
 * chose the flow.
 */
async function openOrMend(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
  use: SignInChoice,
): Promise<RequiresAuth | RequiresOauthConfig | NoAuthorizationServer> {
  const again = (changed: Partial<SignInPurpose>) =>
    beginAuthorization(parts, server, configuration, { ...purpose, ...changed });
  const open = purpose.flow === 'device' ? openDeviceSignIn : openSignIn;
  const opened = await open(parts, server, configuration, purpose, use);
  if (opened.kind === 'opened') return opened.payload;
  const { failure } = opened;
  const { issuer } = purpose.discovery.authorizationServer;
  if (failure.code === 'client_rejected' && use.clientIsKept) {
    await forgetRegistration(parts, server, issuer, use.bound.redirectUri, use.client.clientId);
    return again({});
  }
  if (purpose.flowIsOurs === true) return again({ flow: 'browser', flowIsOurs: false });
  const isForTheUser =
    configuration?.scope !== undefined || server.entry.oauth.scope !== undefined || use.scope === undefined;
  if (failure.code === 'scope_rejected' && !isForTheUser && purpose.reason !== 'insufficient_scope')
    return again({ reason: 'scope_rejected', scopeOverride: '' });
  if (failure.code === 'client_rejected' || failure.code === 'scope_rejected')
    return requiresConfig(parts, server, configuration, purpose.discovery, use.scope, failure.code);
  const { code, message, retryable, retryAfterSeconds } = failure;
  throw new BrokerError(code, message, { retryable, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });
}

/** Nobody is sent to sign in where we could not redeem the code afterwards, or push the request before. */
async function checkEndpoints(
  parts: Parts,
  server: KnownServer,
  { authorizationServer }: FoundAuthorizationServer,
): Promise<void> {
  const { authorizationEndpoint, tokenEndpoint, pushedAuthorizationRequestEndpoint } = authorizationServer;
  for (const endpoint of [authorizationEndpoint, tokenEndpoint, pushedAuthorizationRequestEndpoint])
    if (endpoint !== undefined) await parts.network.checkBrowserUrl(endpoint, new URL(server.entry.url));
}

/** What a caller's own scope, the user's file, a refusal or a step-up leaves to ask for; undefined sends none. */
export function scopeToAsk(
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
): string | undefined {
  if (purpose.scopeOverride !== undefined) return purpose.scopeOverride === '' ? undefined : purpose.scopeOverride;
  const { authorizationServer, protectedResource } = purpose.discovery;
  return selectScope({
    authorizationServer,
    offlineAccess: profileAt(server, authorizationServer.issuer)?.offlineAccess,
    ...(protectedResource !== undefined && { protectedResource }),
    ...callersScope(server, configuration, purpose),
    ...(purpose.challengeScope !== undefined && { challengeScope: purpose.challengeScope }),
  });
}

function callersScope(
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
): { requested?: string } {
  if (purpose.reason === 'insufficient_scope' && purpose.challengeScope !== undefined)
    return { requested: purpose.challengeScope };
  const requested = server.entry.oauth.scope ?? configuration?.scope;
  return requested === undefined ? {} : { requested };
}

/** Whether the user has to say something before an authorization request can be made. */
function questionFirst(
  parts: Parts,
  configuration: ClientConfiguration | undefined,
  choice: ClientChoice,
  purpose: SignInPurpose,
): ConfigReason | undefined {
  if (choice.kind === 'ask') return purpose.reason === 'insufficient_scope' ? 'insufficient_scope' : choice.reason;
  const isFirst = purpose.operation === null && purpose.reason === undefined;
  const isConfirmed =
    configuration?.confirmed === true || (choice.kind === 'client' && choice.client.origin === 'user_file');
  return parts.settings.confirm === 'always' && isFirst && !isConfirmed ? 'confirmation_required' : undefined;
}

/**
 * The client of the choice; a kept registration that the authorize page no longer knows is replaced once. It is not
 * tried for a step-up: the client is known, and to those who count, trying is an authorization request. Nor where
 * requests are pushed: the push tells.
 */
async function clientToUse(
  parts: Parts,
  server: KnownServer,
  choice: ClientChoice,
  { discovery: { authorizationServer }, reason, flow }: SignInPurpose,
  bound: BoundRedirect,
  scope: string | undefined,
): Promise<RegistrationOutcome> {
  if (choice.kind === 'client') return { kind: 'registered', client: choice.client, isKept: false };
  const fetch = parts.network.guardedFetch(new URL(server.entry.url));
  const request = { authorizationServer, redirectUri: bound.redirectUri, fetch, ...(scope !== undefined && { scope }) };
  const registration = await registeredClient(parts, server, request);
  const isToldAnyway = flow === 'device' || authorizationServer.pushedAuthorizationRequestEndpoint !== undefined;
  const isTried =
    !isToldAnyway && registration.kind === 'registered' && registration.isKept && reason !== 'insufficient_scope';
  if (!isTried) return registration;
  const { authorizationUrl } = await createAuthorizationRequest({
    ...requestHabits(server, authorizationServer.issuer),
    authorizationServer,
    clientId: registration.client.clientId,
    redirectUri: bound.redirectUri,
    ...(scope !== undefined && { scope }),
    resource: null,
  });
  if ((await preflightAuthorization({ authorizationUrl, fetch })) === 'ok') return registration;
  await forgetRegistration(parts, server, authorizationServer.issuer, bound.redirectUri, registration.client.clientId);
  return registeredClient(parts, server, request);
}
