/**
 * One token request for a device code (RFC 8628 sections 3.4 and 3.5). Whichever process makes it, it is the only one
 * under way, and none follows before the interval that the authorization server asks for.
 */
import { BrokerError } from '../core/errors.js';
import { DEVICE_POLL_MAX_SECONDS, DEVICE_POLL_SLOW_DOWN_SECONDS } from '../core/limits.js';
import { redeemDeviceCode, type TokenOutcome } from '../oauth/index.js';
import type { DeviceCodes, PendingAuthorization, Vault } from '../vault/index.js';
import { exchangeLease } from './complete-authorization.js';
import { finishExchange } from './finish-sign-in.js';
import { isLive } from './live-sign-in.js';
import type { Parts } from './parts.js';
import { redeemPending } from './redeem-pending.js';

/** What the authorization server says while it could not look: the next request may go through. */
const TRANSIENT_ERRORS: readonly string[] = ['server_error', 'temporarily_unavailable'];

/**
 * Asks once, where a sign-in by device code is pending and its interval has passed. A request that is under way
 * already is waited for, so that what follows knows what it came to.
 */
export async function pollDeviceCode(parts: Parts, id: readonly string[]): Promise<void> {
  const vault = await parts.vault();
  if (dueCodes((await vault.pendings.get(id))?.value, parts.clock.now()) === undefined) return;
  const lease = await exchangeLease(vault, id);
  if (lease === undefined) return;
  try {
    const pending = (await vault.pendings.get(id))?.value;
    const codes = dueCodes(pending, parts.clock.now());
    if (pending !== undefined && codes !== undefined) await poll(parts, vault, id, pending, codes);
  } finally {
    await lease.release();
  }
}

/** The codes of a sign-in that is open; undefined for any other. */
export function openCodes(pending: PendingAuthorization | undefined, now: number): DeviceCodes | undefined {
  return pending !== undefined && isLive(pending, now) ? pending.device : undefined;
}

function dueCodes(pending: PendingAuthorization | undefined, now: number): DeviceCodes | undefined {
  const codes = openCodes(pending, now);
  return codes !== undefined && codes.nextPollAt <= now ? codes : undefined;
}

async function poll(
  parts: Parts,
  vault: Vault,
  id: readonly string[],
  pending: PendingAuthorization,
  codes: DeviceCodes,
): Promise<void> {
  const outcome = await redeemPending(parts, pending, (request) =>
    redeemDeviceCode({ ...request, deviceCode: codes.deviceCode }),
  );
  const now = parts.clock.now();
  const change = (changes: Partial<PendingAuthorization>): Promise<unknown> =>
    vault.pendings.update(id, (current) => (current?.state === pending.state ? { ...current, ...changes } : current));
  const device = outcome instanceof BrokerError ? undefined : nextPoll(outcome, codes, now);
  if (device !== undefined) await change({ device });
  else if (isExpired(outcome)) await change({ expiresAt: now });
  else await finish(parts, vault, id, pending, outcome);
}

/** Where it was cleared or replaced meanwhile, no generation fits: its tokens are then revoked, not stored. */
async function finish(
  parts: Parts,
  vault: Vault,
  id: readonly string[],
  pending: PendingAuthorization,
  outcome: TokenOutcome | BrokerError,
): Promise<void> {
  const current = await vault.pendings.get(id);
  const generation = current?.value.state === pending.state ? current.generation : 0;
  const value = { ...pending, answeredAt: parts.clock.now() };
  await finishExchange(parts, vault, pending.owner, { value, generation }, outcome);
}

/** When to ask again, where the sign-in goes on: nothing transient ends it. Undefined: it is over. */
function nextPoll(outcome: TokenOutcome, codes: DeviceCodes, now: number): DeviceCodes | undefined {
  const after = (intervalSeconds: number, pauseSeconds = intervalSeconds): DeviceCodes => ({
    ...codes,
    intervalSeconds,
    nextPollAt: now + pauseSeconds * 1_000,
  });
  const { intervalSeconds } = codes;
  switch (outcome.kind) {
    case 'unavailable':
      return after(intervalSeconds, Math.max(intervalSeconds, outcome.retryAfterSeconds ?? 0));
    case 'unknown':
      // RFC 8628 section 3.5: after a time-out the frequency must be reduced.
      return after(bounded(intervalSeconds * 2));
    case 'rejected':
      if (outcome.error === 'slow_down') return after(bounded(intervalSeconds + DEVICE_POLL_SLOW_DOWN_SECONDS));
      return outcome.error === 'authorization_pending' || TRANSIENT_ERRORS.includes(outcome.error)
        ? after(intervalSeconds)
        : undefined;
    default:
      return undefined;
  }
}

function bounded(intervalSeconds: number): number {
  return Math.min(intervalSeconds, DEVICE_POLL_MAX_SECONDS);
}

function isExpired(outcome: TokenOutcome | BrokerError): boolean {
  return !(outcome instanceof BrokerError) && outcome.kind === 'rejected' && outcome.error === 'expired_token';
}
