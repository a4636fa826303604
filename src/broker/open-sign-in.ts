/**
 * Opens a sign-in: its authorization request, and the pending record with which any broker process of this vault
 * can finish it. At most one is open for each owner, server and account.
 */
import { PENDING_AUTHORIZATION_TTL_MS } from '../core/limits.js';
import { rememberSecret } from '../core/redaction.js';
import {
  type AuthorizationServer,
  addedScope,
  createAuthorizationRequest,
  type Discovery,
  type DpopDemand,
} from '../oauth/index.js';
import type {
  AuthorizationServerEndpoints,
  ClientConfiguration,
  OAuthClient,
  PendingAuthorization,
  SignInFailure,
} from '../vault/index.js';
import { newBinding } from './bound-token.js';
import type { KnownServer } from './known-server.js';
import { noteAuthorizationRequest } from './observations.js';
import { openPage } from './open-pages.js';
import type { AuthReason, RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import { signInRequired } from './payloads.js';
import { profileAt, requestHabits } from './provider-profile.js';
import { pushSignIn } from './pushed-sign-in.js';
import { randomToken } from './random-token.js';
import type { BoundRedirect, RedirectChoice } from './redirect-uri.js';

export type FoundAuthorizationServer = Extract<Discovery, { kind: 'authorization_server' }>;

/** Why and for what a sign-in begins. */
export interface SignInPurpose {
  readonly discovery: FoundAuthorizationServer;
  /** The scope of the server's challenge, which is authoritative. */
  readonly challengeScope?: string | undefined;
  readonly reason?: AuthReason | undefined;
  /** The scope in hand, on a step-up: what is asked for is the union. */
  readonly scopeInHand?: string | undefined;
  /** Asked for as it is, whatever was kept or challenged; `""` asks for none. */
  readonly scopeOverride?: string | undefined;
  readonly flow: 'browser' | 'paste_back' | 'device';
  /** Nobody named the flow: where it cannot be had, another will do. */
  readonly flowIsOurs?: boolean;
  /** What was called when authorization was found missing; null for a first sign-in. */
  readonly operation: string | null;
  /** The server wants tokens that are bound to a key. */
  readonly dpop?: DpopDemand | undefined;
}

/** The client and the redirect URI that were chosen for it, and the scope to ask for. */
export interface SignInChoice {
  readonly bound: BoundRedirect;
  readonly redirect: RedirectChoice;
  readonly scope: string | undefined;
  readonly client: OAuthClient;
  /** The registration was kept from an earlier sign-in. */
  readonly clientIsKept: boolean;
}

export type OpenedSignIn =
  | { readonly kind: 'opened'; readonly payload: RequiresAuth }
  /** The authorization server's own word, in the contract's, before anybody was sent there; nothing was stored. */
  | { readonly kind: 'refused'; readonly failure: SignInFailure };

/**
 * Makes the authorization request, pushes it where that is offered, stores the pending record and has its port served.
 * @throws {BrokerError} `authorization_failed`, retryable, where it has to be pushed and cannot be for now.
 */
export async function openSignIn(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
  use: SignInChoice,
): Promise<OpenedSignIn> {
  const { authorizationServer } = purpose.discovery;
  const dpop = await newBinding(purpose.dpop);
  const request = await createAuthorizationRequest({
    ...requestHabits(server, authorizationServer.issuer),
    authorizationServer,
    clientId: use.client.clientId,
    redirectUri: use.bound.redirectUri,
    ...(use.scope !== undefined && { scope: use.scope }),
    resource: resourceToAsk(server, purpose),
    dpopKey: dpop?.key,
  });
  rememberSecret(request.codeVerifier);
  const needsBrowserBinding = use.redirect.kind === 'relay' && purpose.flow === 'browser';
  const unpushed: PendingAuthorization = {
    ...purposeOfPending(parts, server, configuration, purpose, use),
    state: request.state,
    codeVerifier: request.codeVerifier,
    authorizationUrl: request.authorizationUrl,
    ...(dpop && { dpop }),
    ...(needsBrowserBinding && { browserBinding: randomToken() }),
    expiresAt: parts.clock.now() + PENDING_AUTHORIZATION_TTL_MS,
  };
  const push = await pushSignIn(parts, unpushed, request.parameters);
  if (push.kind === 'refused') return push;
  const { pending } = push;
  await storePending(parts, server, pending, purpose.operation);
  const { listening } = use.bound;
  if (listening !== undefined)
    await openPage(parts, listening.port, listening.host, pending.launchToken, pending.expiresAt);
  return { kind: 'opened', payload: signInRequired(pending, listening?.origin) };
}

/** The RFC 8707 resource to ask a token for; null where the provider takes none and the user's file names none. */
export function resourceToAsk(server: KnownServer, { discovery }: SignInPurpose): string | null {
  const profile = profileAt(server, discovery.authorizationServer.issuer);
  return server.entry.oauth.resource ?? (profile?.omitResource === true ? null : discovery.resource);
}

/** Of a pending record: whose it is, with which client, and what for. How its answer comes back is the flow's. */
export function purposeOfPending(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
  use: SignInChoice,
): Omit<PendingAuthorization, 'state' | 'codeVerifier' | 'authorizationUrl' | 'expiresAt'> {
  const added = purpose.reason === 'insufficient_scope' ? addedScope(purpose.scopeInHand, use.scope) : undefined;
  return {
    owner: server.owner,
    serverName: server.entry.serverName,
    account: server.account,
    serverUrl: server.entry.url,
    resource: resourceToAsk(server, purpose),
    flow: purpose.flow,
    authorizationServer: endpointsOf(purpose.discovery.authorizationServer, server.entry.oauth.profile),
    client: use.client,
    redirectUri: use.bound.redirectUri,
    ...(use.scope !== undefined && { scope: use.scope }),
    ...(added !== undefined && { addedScope: added }),
    ...(configuration?.scope !== undefined && { callersScope: configuration.scope }),
    launchToken: randomToken(),
    ...(purpose.reason !== undefined && { reason: purpose.reason }),
    scopeIsCallers: configuration?.scope !== undefined || server.entry.oauth.scope !== undefined,
    clientIsKept: use.clientIsKept,
    createdAt: parts.clock.now(),
  };
}

/** Stores the record in place of whatever was pending, and makes it found by what a browser brings back. */
export async function storePending(
  parts: Parts,
  server: KnownServer,
  pending: PendingAuthorization,
  operation: string | null,
): Promise<void> {
  const vault = await parts.vault();
  await noteAuthorizationRequest(parts, server, operation);
  const index = {
    principal: server.principal,
    owner: server.owner,
    serverName: pending.serverName,
    account: pending.account,
    expiresAt: pending.expiresAt,
  };
  // No browser brings anything back for a device code.
  if (pending.device === undefined) {
    await vault.tokens.compareAndSwap(['state', pending.state], { ...index, kind: 'state' }, 0);
    await vault.tokens.compareAndSwap(['launch', pending.launchToken], { ...index, kind: 'launch' }, 0);
  }
  await vault.pendings.update(server.id, () => pending);
  await bindConfigurationToIssuer(parts, server, pending);
}

/** A client by tool call or form belongs from now on to the issuer that it was used at. */
async function bindConfigurationToIssuer(
  parts: Parts,
  server: KnownServer,
  pending: PendingAuthorization,
): Promise<void> {
  if (pending.client.origin !== 'configured') return;
  const vault = await parts.vault();
  const { issuer } = pending.authorizationServer;
  await vault.configurations.update(server.id.slice(0, -1), (current) =>
    current === undefined || current.issuer === issuer ? current : { ...current, issuer },
  );
}

function endpointsOf(
  authorizationServer: AuthorizationServer,
  profile: string | undefined,
): AuthorizationServerEndpoints {
  const {
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    revocationEndpoint,
    pushedAuthorizationRequestEndpoint,
    requirePushedAuthorizationRequests,
    issParameterSupported,
    tokenEndpointAuthMethodsSupported,
    issuerAssumed,
  } = authorizationServer;
  return {
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    issParameterSupported,
    ...(revocationEndpoint !== undefined && { revocationEndpoint }),
    ...(pushedAuthorizationRequestEndpoint !== undefined && { pushedAuthorizationRequestEndpoint }),
    ...(requirePushedAuthorizationRequests === true && { requirePushedAuthorizationRequests }),
    ...(tokenEndpointAuthMethodsSupported !== undefined && { tokenEndpointAuthMethodsSupported }),
    ...(issuerAssumed === true && { issuerAssumed }),
    ...(profile !== undefined && { profile }),
  };
}
