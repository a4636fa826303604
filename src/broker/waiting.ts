/**
 * Waiting for a sign-in to end (`waitSeconds`): until it ends, the time is over or the call is cancelled.
 * The end of a wait leaves the sign-in as it is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  WAIT_MAX_SECONDS,
  WAIT_POLL_MS,
  WAIT_PROGRESS_INTERVAL_MS,
  WAIT_WITHOUT_PROGRESS_MAX_SECONDS,
} from '../core/limits.js';
import type { PendingAuthorization, Vault } from '../vault/index.js';
import type { CallContext } from './broker.js';
import { followDeviceCode } from './device-polling.js';
import type { KnownServer } from './known-server.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';

/** What the vault held of a server when the wait began: any change of it ends the wait. */
export interface WaitedFor {
  readonly state: string | undefined;
  readonly grantGeneration: number;
  readonly secretGeneration: number;
}

/**
 * `asked` is what the call would answer without waiting. Resolves to true as soon as the sign-in (or the form) of
 * this server has ended one way or the other, to false when `waitSeconds` are over or the call was cancelled.
 * Without a progress token it waits 45 seconds at most.
 * @param since what the vault held when the user was asked, where that is longer ago.
 */
export async function signInEnded(
  parts: Parts,
  server: KnownServer,
  asked: RequiresAuth | RequiresOauthConfig,
  waitSeconds: number,
  context: CallContext,
  since?: WaitedFor,
): Promise<boolean> {
  const vault = await parts.vault();
  const before = since ?? (await waitedFor(vault, server));
  // The user was faster than this call: what it would wait for is over.
  if (isSignIn(asked) && before.state === undefined) return true;
  if (asked.status === 'requires_auth' && asked.userCode !== undefined)
    followDeviceCode(parts, server.id, asked.userCode);
  return waitUntil(parts, waitSeconds, context, async () => {
    const pending = (await vault.pendings.get(server.id))?.value;
    return isOver(pending, parts.clock.now()) || hasChanged(before, await waitedFor(vault, server));
  });
}

/** Resolves to true as soon as `isDone`, to false when `waitSeconds` are over or the call was cancelled; bounded as `signInEnded`. */
export async function waitUntil(
  parts: Parts,
  waitSeconds: number,
  context: CallContext,
  isDone: () => Promise<boolean>,
): Promise<boolean> {
  const longest = context.onProgress === undefined ? WAIT_WITHOUT_PROGRESS_MAX_SECONDS : WAIT_MAX_SECONDS;
  const totalMs = Math.min(waitSeconds, longest) * 1_000;
  const startedAt = parts.clock.now();
  let nextProgressMs = WAIT_PROGRESS_INTERVAL_MS;
  for (;;) {
    const elapsedMs = parts.clock.now() - startedAt;
    if (elapsedMs >= totalMs || context.signal?.aborted === true) return false;
    if (await isDone()) return true;
    if (elapsedMs >= nextProgressMs) {
      nextProgressMs += WAIT_PROGRESS_INTERVAL_MS;
      context.onProgress?.({
        progress: Math.floor(elapsedMs / 1_000),
        total: Math.floor(totalMs / 1_000),
        message: 'Waiting for the user to sign in',
      });
    }
    await delay(Math.min(WAIT_POLL_MS, totalMs - elapsedMs));
  }
}

/** Whether it asks for a sign-in that waits in the vault, and for no form. */
function isSignIn(asked: RequiresAuth | RequiresOauthConfig): boolean {
  return asked.status === 'requires_auth' && asked.completion !== undefined && asked.completion !== 'form';
}

export async function waitedFor(vault: Vault, server: KnownServer): Promise<WaitedFor> {
  const [pending, grant, secret] = await Promise.all([
    vault.pendings.get(server.id),
    vault.grants.get(server.id),
    vault.secrets.get(server.id),
  ]);
  return {
    state: pending?.value.state,
    grantGeneration: grant?.generation ?? 0,
    secretGeneration: secret?.generation ?? 0,
  };
}

/** It failed, or its time is over: the next call says so. */
function isOver(pending: PendingAuthorization | undefined, now: number): boolean {
  return pending !== undefined && (pending.failure !== undefined || pending.expiresAt <= now);
}

function hasChanged(before: WaitedFor, now: WaitedFor): boolean {
  return (
    now.state !== before.state ||
    now.secretGeneration !== before.secretGeneration ||
    (before.state === undefined && now.grantGeneration !== before.grantGeneration)
  );
}
