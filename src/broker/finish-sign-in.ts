/** Finishes a sign-in whose answer has been checked and taken: the code is exchanged, and its grant stored. */
import { BrokerError } from '../core/errors.js';
import { type Owner, ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import { type AuthorizationResponse, exchangeCode, type TokenOutcome, type TokenSet } from '../oauth/index.js';
import type { Grant, OAuthClient, PendingAuthorization, SignInFailure, Vault, Versioned } from '../vault/index.js';
import { actOnRecord } from './audit.js';
import { letPortGo } from './open-pages.js';
import type { Parts } from './parts.js';
import { redeemPending } from './redeem-pending.js';
import { revokeGrant } from './revoke-grant.js';
import { failureOfError, failureOfExchange, failureOfRefusal, ISSUER_MISMATCH } from './sign-in-failure.js';

/** What came of an answer. `state_expired` is known and too old; everything else that is no open sign-in's is `state_invalid`. */
export type Completion =
  | { readonly kind: 'connected'; readonly pending: PendingAuthorization }
  | { readonly kind: 'failed'; readonly pending: PendingAuthorization; readonly failure: SignInFailure }
  | { readonly kind: 'refused'; readonly code: 'state_invalid' | 'state_expired' };

/**
 * From an answer whose state has been taken: errors are kept for the next call to say, a code is exchanged.
 * @param who began it, as far as that is known
 * @throws {BrokerError} in a team, where the audit log does not take the entry: the grant is stored all the same.
 */
export async function finishSignIn(
  parts: Parts,
  vault: Vault,
  who: Owner,
  taken: Versioned<PendingAuthorization>,
  response: AuthorizationResponse,
): Promise<Completion> {
  const pending = taken.value;
  if (response.kind === 'issuer_mismatch') return fail(parts, vault, who, taken, ISSUER_MISMATCH);
  if (response.kind === 'error') return fail(parts, vault, who, taken, failureOfError(response.error));
  if (response.kind === 'malformed') return { kind: 'refused', code: 'state_invalid' };
  rememberSecret(response.code);
  const { codeVerifier, redirectUri } = pending;
  const outcome = await redeemPending(parts, pending, (request) =>
    exchangeCode({ ...request, code: response.code, codeVerifier, redirectUri }),
  );
  return finishExchange(parts, vault, who, taken, outcome);
}

/** From what the token endpoint said of the code: its tokens are stored, a refusal is kept for the next call to say. @throws as `finishSignIn` does. */
export async function finishExchange(
  parts: Parts,
  vault: Vault,
  who: Owner,
  taken: Versioned<PendingAuthorization>,
  outcome: TokenOutcome | BrokerError,
): Promise<Completion> {
  const pending = taken.value;
  if (outcome instanceof BrokerError) return fail(parts, vault, who, taken, failureOfRefusal(outcome));
  if (outcome.kind !== 'tokens') return fail(parts, vault, who, taken, failureOfExchange(outcome));
  const client = clientAsAccepted(pending.client, outcome.tokenEndpointAuthMethod);
  return store(parts, vault, who, taken, grantOf({ ...pending, client }, outcome.tokens, parts.clock.now()));
}

/**
 * Writes the grant, then ends the sign-in: killed in between, the grant is there. Where the sign-in was cleared or
 * replaced while its code was exchanged, its tokens are nobody's, and the grant that they would replace stays.
 */
async function store(
  parts: Parts,
  vault: Vault,
  who: Owner,
  taken: Versioned<PendingAuthorization>,
  grant: Grant,
): Promise<Completion> {
  const pending = taken.value;
  const id = idOf(pending);
  const before = (await vault.grants.get(id))?.value;
  const isWanted = (await vault.pendings.get(id))?.generation === taken.generation;
  if (isWanted) {
    await vault.grants.update(id, () => grant);
    if (await vault.pendings.delete(id, taken.generation)) {
      await letPortGo(parts, pending);
      await parts.audit.record(who, {
        event: 'connected',
        ...actOnRecord(grant),
        credential: grant.accessToken,
        ...(grant.scope !== undefined && { detail: grant.scope }),
      });
      return { kind: 'connected', pending };
    }
    await vault.grants.update(id, (current) => (current?.accessToken === grant.accessToken ? before : current));
  }
  await letPortGo(parts, pending);
  await revokeGrant(parts, grant);
  return { kind: 'refused', code: 'state_invalid' };
}

async function fail(
  parts: Parts,
  vault: Vault,
  who: Owner,
  taken: Versioned<PendingAuthorization>,
  failure: SignInFailure,
): Promise<Completion> {
  const pending = taken.value;
  await vault.pendings.compareAndSwap(idOf(pending), { ...pending, failure }, taken.generation);
  await letPortGo(parts, pending);
  await parts.audit.note(who, { event: 'sign_in_failed', ...actOnRecord(pending), code: failure.code });
  return { kind: 'failed', pending, failure };
}

/** With the authentication method that worked, so that a refresh need not try the other one first. */
function clientAsAccepted(
  client: OAuthClient,
  method: OAuthClient['tokenEndpointAuthMethod'] | undefined,
): OAuthClient {
  return method === undefined ? client : { ...client, tokenEndpointAuthMethod: method };
}

function grantOf(pending: PendingAuthorization, tokens: TokenSet, now: number): Grant {
  rememberSecret(tokens.accessToken);
  if (tokens.refreshToken !== undefined) rememberSecret(tokens.refreshToken);
  const scope = tokens.scope ?? pending.scope;
  return {
    owner: pending.owner,
    serverName: pending.serverName,
    account: pending.account,
    serverUrl: pending.serverUrl,
    resource: pending.resource,
    authorizationServer: pending.authorizationServer,
    client: pending.client,
    redirectUri: pending.redirectUri,
    accessToken: tokens.accessToken,
    ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken }),
    ...(tokens.tokenType === 'DPoP' && pending.dpop !== undefined && { dpopKey: pending.dpop.key }),
    ...(scope !== undefined && { scope }),
    ...(pending.scope !== undefined && { requestedScope: pending.scope }),
    obtainedAt: now,
    ...(tokens.expiresInSeconds !== undefined && { expiresAt: now + tokens.expiresInSeconds * 1_000 }),
    state: 'active',
  };
}

function idOf(pending: PendingAuthorization): readonly string[] {
  return [...ownerTuple(pending.owner), pending.serverName, pending.account];
}
