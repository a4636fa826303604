/**
 * Asks for a sign-in (or a key, or configuration) once it is known that the server wants one.
 * Under a lease, so that callers of every process get one and the same pending authorization.
 */
import { aboutIssuer, BrokerError } from '../core/errors.js';
import { AUTHORIZE_LEASE_MS, AUTHORIZE_WAIT_MS } from '../core/limits.js';
import { addedScope, type BearerChallenge, dpopDemand } from '../oauth/index.js';
import type { Refusal } from '../upstream/index.js';
import type { ClientConfiguration, PendingAuthorization } from '../vault/index.js';
import { beginAuthorization, scopeToAsk } from './begin-authorization.js';
import { type Classification, classifyRefusal } from './classify-refusal.js';
import { endpointsToCorrect } from './form-endpoints.js';
import { openForm } from './form-tokens.js';
import { skillsOf } from './helpful-skills.js';
import { keyRequired } from './key-required.js';
import type { KnownServer } from './known-server.js';
import { isLive } from './live-sign-in.js';
import { stepManualCredential } from './next-steps.js';
import { checkStepUpLimit, observe } from './observations.js';
import { letPortGo, openPage } from './open-pages.js';
import type { SignInPurpose } from './open-sign-in.js';
import type { AuthReason, ConfigReason, RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import { signInRequired } from './payloads.js';
import { currentRefusal } from './probe-server.js';
import { renewedSignIn } from './pushed-sign-in.js';
import { listenAgain } from './redirect-uri.js';
import { requiresConfig } from './requires-config.js';
import { chooseFlow } from './sign-in-flow.js';
import { unattendedGrantType } from './unattended-grant.js';

/** Why a sign-in is asked for. */
export interface SignInRequest {
  /** What the server answered; where it was not asked just now, it is asked once more without a token. */
  readonly refusal?: Refusal | undefined;
  readonly reason?: AuthReason | undefined;
  /** The tool or method that was refused; null for a first sign-in. */
  readonly operation: string | null;
  /** Step-up: the whole scope to ask for, and the one in hand. */
  readonly neededScope?: string | undefined;
  readonly scopeInHand?: string | undefined;
  /** `""`: ask for none, since the scope was refused. */
  readonly scopeOverride?: string | undefined;
  /** Begin a new one though another is pending: the caller changed something. */
  readonly replace?: boolean;
  /** The same for one sign-in alone, by its state: another process may have begun the new one already. */
  readonly insteadOf?: string;
  /** Do not begin; ask the user for configuration with this reason. */
  readonly configure?: ConfigReason | undefined;
}

/** @throws {BrokerError} `insufficient_scope` after too many step-ups; as `classifyRefusal` and `beginAuthorization` do, and `vault_busy`. */
export async function requireSignIn(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  request: SignInRequest,
): Promise<RequiresAuth | RequiresOauthConfig> {
  refuseWithoutUser(server);
  const kind = statedKind(server, configuration);
  if (kind === 'bearer' || kind === 'api_key') return keyRequired(parts, server, kind, request.reason);
  const vault = await parts.vault();
  const lease = await vault.acquireLease(['authorize', ...server.id], AUTHORIZE_LEASE_MS, AUTHORIZE_WAIT_MS);
  if (lease === undefined)
    throw new BrokerError('vault_busy', 'Another process is still preparing this sign-in.', { retryable: true });
  try {
    const pending = (await vault.pendings.get(server.id))?.value;
    const mayKeep = request.replace !== true && pending?.state !== request.insteadOf;
    if (pending !== undefined && mayKeep && answersTo(pending, request, parts.clock.now())) {
      return await sameSignIn(parts, pending);
    }
    if (pending !== undefined && request.replace === true) await endSignIn(parts, server, pending);
    const payload = await begin(parts, server, configuration, request);
    if (pending !== undefined) await letPortGoIfReplaced(parts, server, pending);
    await observe(parts, server, {
      state: payload.status === 'requires_auth' ? 'auth_required' : 'config_required',
      authType: payload.authType,
      ...(payload.reason !== undefined && { reason: payload.reason }),
    });
    return payload;
  } finally {
    await lease.release();
  }
}

/** The caller changed something: the old state is invalid from now on, whatever comes of the new sign-in. */
async function endSignIn(parts: Parts, server: KnownServer, pending: PendingAuthorization): Promise<void> {
  const vault = await parts.vault();
  await vault.pendings.update(server.id, (current) => (current?.state === pending.state ? undefined : current));
  await letPortGo(parts, pending);
}

/** Where no new sign-in could begin, the old one goes on, and its port with it. */
async function letPortGoIfReplaced(parts: Parts, server: KnownServer, pending: PendingAuthorization): Promise<void> {
  const vault = await parts.vault();
  const current = (await vault.pendings.get(server.id))?.value;
  if (current?.state !== pending.state) await letPortGo(parts, pending);
}

/**
 * The sign-in that waits, its URL renewed where that ends soon, and its port served again if the process that served it
 * is gone.
 * @throws {BrokerError} as `renewedSignIn` does.
 */
export async function sameSignIn(parts: Parts, waiting: PendingAuthorization): Promise<RequiresAuth> {
  const pending = await renewedSignIn(parts, waiting);
  if (pending.flow !== 'browser') return signInRequired(pending, undefined);
  const { listening } = await listenAgain(parts, pending.redirectUri);
  // Noted again, in case the process that began it died before it had noted it.
  if (listening !== undefined)
    await openPage(parts, listening.port, listening.host, pending.launchToken, pending.expiresAt);
  return signInRequired(pending, listening?.origin);
}

/** The kind of credential that the user's file, a call or the catalog states; `auto` asks the server. */
export function statedKind(
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
): 'auto' | 'none' | 'oauth2' | 'bearer' | 'api_key' {
  const { source, auth } = server.entry;
  if (unattendedGrantType(server.entry) !== undefined) return 'oauth2';
  if (source === 'user' && auth !== 'auto') return auth;
  const kept = configuration?.authType;
  if (kept === 'none' || kept === 'oauth2' || kept === 'bearer' || kept === 'api_key' || kept === 'auto') return kept;
  return auth;
}

/** A grant without a user that the file asks for is never silently replaced by one with a browser. */
function refuseWithoutUser(server: KnownServer): void {
  const grantType = unattendedGrantType(server.entry);
  if (grantType === undefined) return;
  throw new BrokerError(
    'invalid_input',
    `The tokens of this server are got without a sign-in: its oauth.grantType in servers.json is "${grantType}".`,
  );
}

/** A pending sign-in serves a new request too, unless that needs more scope than it asks for. */
function answersTo(pending: PendingAuthorization, request: SignInRequest, now: number): boolean {
  const isWideEnough =
    request.neededScope === undefined || addedScope(pending.scope, request.neededScope) === undefined;
  return isLive(pending, now) && isWideEnough && request.scopeOverride === undefined && request.configure === undefined;
}

async function begin(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  request: SignInRequest,
): Promise<RequiresAuth | RequiresOauthConfig> {
  if (request.reason === 'insufficient_scope' && request.operation !== null)
    await checkStepUpLimit(parts, server, request.operation);
  const correction = await endpointsToCorrect(parts, server, configuration, request.reason);
  if (correction !== undefined) return correction;
  const refusal = request.refusal ?? (await currentRefusal(parts, server));
  const classification = await classifyRefusal(parts, server, configuration, refusal);
  if (classification.kind === 'no_authorization_server')
    return manualCredential(parts, server, configuration, classification.authType);
  const { discovery, challenge } = classification;
  const purpose = await purposeOf(parts, server, configuration, request, classification, challenge);
  if (request.configure !== undefined) {
    return requiresConfig(
      parts,
      server,
      configuration,
      discovery,
      scopeToAsk(server, configuration, purpose),
      request.configure,
    );
  }
  const payload = await aboutIssuer(discovery.authorizationServer.issuer, () =>
    beginAuthorization(parts, server, configuration, purpose),
  );
  if (payload.status !== 'no_authorization_server') return payload;
  return manualCredential(parts, server, configuration, challenge === undefined ? 'unknown' : 'oauth2-bearer');
}

async function purposeOf(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  request: SignInRequest,
  { discovery }: Extract<Classification, { kind: 'authorization_server' }>,
  challenge: BearerChallenge | undefined,
): Promise<SignInPurpose> {
  const grant = (await (await parts.vault()).grants.get(server.id))?.value;
  const hasMoved = grant !== undefined && grant.authorizationServer.issuer !== discovery.authorizationServer.issuer;
  const flow = await chooseFlow(parts, server, configuration, discovery.authorizationServer);
  const isBound = !hasMoved && grant?.dpopKey !== undefined;
  return {
    discovery,
    challengeScope: request.neededScope ?? challenge?.scope,
    reason: hasMoved ? 'issuer_changed' : request.reason,
    scopeInHand: request.scopeInHand,
    scopeOverride: request.scopeOverride,
    ...flow,
    operation: request.operation,
    dpop: dpopDemand({ ...discovery, challenge, isBound }),
  };
}

/** Nothing to sign in at: a form on this machine takes a token, or endpoints. */
async function manualCredential(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  authType: 'oauth2-bearer' | 'unknown',
): Promise<RequiresAuth> {
  const { serverName } = server.entry;
  const configUrl = await openForm(parts, server, 'manual');
  return {
    status: 'requires_auth',
    serverName,
    authType: statedKind(server, configuration) === 'oauth2' ? 'oauth2' : authType,
    authUrl: null,
    ...(configUrl !== undefined && { completion: 'form' as const }),
    ...(configUrl !== undefined && { configUrl }),
    helpfulSkills: skillsOf(server.entry),
    nextStep: stepManualCredential(serverName),
  };
}
