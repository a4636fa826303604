/**
 * Opens a sign-in: its authorization request, and the pending record with which any broker process of this vault
 * can finish it. At most one is open for each owner, server and account.
 */
import { randomBytes } from 'node:crypto';
import { profileFor } from '../catalog/index.js';
import { PENDING_AUTHORIZATION_TTL_MS, STATE_BYTES } from '../core/limits.js';
import { rememberSecret } from '../core/redaction.js';
import { type AuthorizationServer, addedScope, createAuthorizationRequest, type Discovery } from '../oauth/index.js';
import type {
  AuthorizationServerEndpoints,
  ClientConfiguration,
  OAuthClient,
  PendingAuthorization,
} from '../vault/index.js';
import type { KnownServer } from './known-server.js';
import { noteAuthorizationRequest } from './observations.js';
import { openPage } from './open-pages.js';
import type { AuthReason, RequiresAuth } from './outcomes.js';
import type { Parts } from './parts.js';
import { signInRequired } from './payloads.js';
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
  readonly flow: 'browser' | 'paste_back';
  /** What was called when authorization was found missing; null for a first sign-in. */
  readonly operation: string | null;
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

/** Makes the authorization request, stores the pending record and has its port served. */
export async function openSignIn(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  purpose: SignInPurpose,
  use: SignInChoice,
): Promise<RequiresAuth> {
  const { authorizationServer } = purpose.discovery;
  const profile = profileFor({ name: server.entry.oauth.profile, issuer: authorizationServer.issuer });
  const resource = profile?.omitResource === true ? null : (server.entry.oauth.resource ?? purpose.discovery.resource);
  const request = await createAuthorizationRequest({
    authorizationServer,
    clientId: use.client.clientId,
    redirectUri: use.bound.redirectUri,
    ...(use.scope !== undefined && { scope: use.scope }),
    resource,
    extraParameters: { ...profile?.authorizationParams, ...server.entry.oauth.authorizationParams },
  });
  rememberSecret(request.codeVerifier);
  const now = parts.clock.now();
  const added = purpose.reason === 'insufficient_scope' ? addedScope(purpose.scopeInHand, use.scope) : undefined;
  const needsBrowserBinding = use.redirect.kind === 'relay' && purpose.flow === 'browser';
  const pending: PendingAuthorization = {
    owner: server.owner,
    serverName: server.entry.serverName,
    account: server.account,
    serverUrl: server.entry.url,
    resource,
    flow: purpose.flow,
    authorizationServer: endpointsOf(authorizationServer),
    client: use.client,
    redirectUri: use.bound.redirectUri,
    ...(use.scope !== undefined && { scope: use.scope }),
    ...(added !== undefined && { addedScope: added }),
    ...(configuration?.scope !== undefined && { callersScope: configuration.scope }),
    state: request.state,
    codeVerifier: request.codeVerifier,
    authorizationUrl: request.authorizationUrl,
    launchToken: randomToken(),
    ...(needsBrowserBinding && { browserBinding: randomToken() }),
    ...(purpose.reason !== undefined && { reason: purpose.reason }),
    scopeIsCallers: configuration?.scope !== undefined || server.entry.oauth.scope !== undefined,
    clientIsKept: use.clientIsKept,
    createdAt: now,
    expiresAt: now + PENDING_AUTHORIZATION_TTL_MS,
  };
  await storePending(parts, server, pending, purpose.operation);
  const { listening } = use.bound;
  if (listening !== undefined)
    await openPage(parts, listening.port, listening.host, pending.launchToken, pending.expiresAt);
  return signInRequired(pending, listening?.origin);
}

async function storePending(
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
  await vault.tokens.compareAndSwap(['state', pending.state], { ...index, kind: 'state' }, 0);
  await vault.tokens.compareAndSwap(['launch', pending.launchToken], { ...index, kind: 'launch' }, 0);
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

function endpointsOf(authorizationServer: AuthorizationServer): AuthorizationServerEndpoints {
  const {
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    revocationEndpoint,
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
    ...(tokenEndpointAuthMethodsSupported !== undefined && { tokenEndpointAuthMethodsSupported }),
    ...(issuerAssumed === true && { issuerAssumed }),
  };
}

function randomToken(): string {
  return randomBytes(STATE_BYTES).toString('base64url');
}
