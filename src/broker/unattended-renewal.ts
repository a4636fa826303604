/** Asks for a grant without a user anew, under a lease, and stores it. What is in hand is used for as long as it lasts. */
import { BrokerError } from '../core/errors.js';
import { RETRY_AFTER_MAX_SECONDS } from '../core/limits.js';
import type { Grant } from '../vault/index.js';
import { actOn } from './audit.js';
import { type GrantAccess, stillValid, usable } from './grant-access.js';
import type { KnownServer } from './known-server.js';
import { observe } from './observations.js';
import type { Parts } from './parts.js';
import type { RenewalTurn } from './renewal-lease.js';
import { tokenRequestFailed } from './token-failures.js';
import { ownUnattendedGrant } from './unattended-grant.js';
import { obtainUnattendedGrant } from './unattended-token.js';

/**
 * @param refusedToken - an access token that the server refused though it has not expired
 * @throws {BrokerError} why there is no token, where that in hand cannot be used either; it is left as it was
 */
export async function renewUnattendedGrant(
  parts: Parts,
  server: KnownServer,
  turn: RenewalTurn,
  refusedToken: string | undefined,
): Promise<GrantAccess> {
  const own = ownUnattendedGrant(server, turn.current?.value);
  const grant = await obtained(parts, server, own);
  if (grant instanceof BrokerError) return settleFailure(parts, server, turn, own, refusedToken, grant);
  const access = usable(grant);
  await write(parts, server, turn, grant);
  await parts.audit.record(server.principal, {
    event: own === undefined ? 'connected' : 'refreshed',
    ...actOn(server),
    credential: grant.accessToken,
    ...(own !== undefined && { replaces: own.accessToken }),
  });
  return access;
}

async function obtained(parts: Parts, server: KnownServer, own: Grant | undefined): Promise<Grant | BrokerError> {
  try {
    refuseTooEarly(own, parts.clock.now());
    return await obtainUnattendedGrant(parts, server);
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

/** RFC 9110 Retry-After of the last answer. An instant further away was written before the clock was set back. */
function refuseTooEarly(own: Grant | undefined, now: number): void {
  const waitSeconds = Math.ceil(((own?.refreshNotBefore ?? 0) - now) / 1_000);
  if (waitSeconds <= 0 || waitSeconds > RETRY_AFTER_MAX_SECONDS) return;
  throw tokenRequestFailed('The authorization server asked to wait before the next token request.', true, waitSeconds);
}

async function settleFailure(
  parts: Parts,
  server: KnownServer,
  turn: RenewalTurn,
  own: Grant | undefined,
  refusedToken: string | undefined,
  failure: BrokerError,
): Promise<GrantAccess> {
  const now = parts.clock.now();
  const { serverName } = server.entry;
  const { code, retryAfterSeconds } = failure;
  await parts.audit.note(server.principal, { event: 'refresh_failed', ...actOn(server), code });
  if (own !== undefined && (own.refreshNotBefore ?? 0) <= now && retryAfterSeconds !== undefined)
    await write(parts, server, turn, { ...own, refreshNotBefore: now + retryAfterSeconds * 1_000 });
  const valid = own && stillValid(own, now, refusedToken);
  if (valid !== undefined) {
    parts.log.warn({ serverName, code }, 'a token could not be asked for anew; the one in hand is used');
    return valid;
  }
  await observe(parts, server, { state: 'error', reason: code, authType: 'oauth2' });
  throw failure;
}

/** That the vault does not take it, or holds another by now, makes the token in hand no less valid: it can be had again. */
async function write(parts: Parts, server: KnownServer, turn: RenewalTurn, grant: Grant): Promise<void> {
  try {
    await turn.vault.grants.compareAndSwap(server.id, grant, turn.current?.generation ?? 0, turn.lease);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    parts.log.warn({ serverName: grant.serverName, code: error.code }, 'a token without a user could not be stored');
  }
}
