/**
 * Whether a lease has run out, whatever was done to the wall clock in between.
 * Within one boot of one machine the time since boot decides; it cannot be set, and it stands still while the
 * machine sleeps, as the holder does. Only between machines, or after a boot, is the wall clock asked.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../core/clock.js';

/** When a lease was taken, by both clocks, in milliseconds. */
export interface LeaseInstant {
  readonly at: number;
  readonly uptimeMs: number;
  /** Tells one boot of one machine from another. */
  readonly boot: string;
}

export interface LeaseClock {
  now(): LeaseInstant;
}

/** @param uptimeMs milliseconds since boot, the same in every process of the machine. */
export function createLeaseClock(
  clock: Clock,
  uptimeMs: () => number = systemUptimeMs,
  boot: string = bootIdentity(),
): LeaseClock {
  return { now: () => ({ at: clock.now(), uptimeMs: Math.floor(uptimeMs()), boot }) };
}

/** Milliseconds until a lease of `durationMs`, taken at `taken`, runs out; 0 when it has. */
export function leaseRemainingMs(taken: LeaseInstant, durationMs: number, now: LeaseInstant): number {
  if (taken.boot !== now.boot) return remainingByWallClock(taken.at, durationMs, now.at);
  const elapsedMs = now.uptimeMs - taken.uptimeMs;
  // Less time since boot than then: the machine was started anew, and its holder is gone.
  return elapsedMs < 0 ? 0 : Math.max(0, durationMs - elapsedMs);
}

/** A lease from further in the future than it lasts was written by a wrong clock: otherwise it would hold for ever. */
function remainingByWallClock(takenAt: number, durationMs: number, now: number): number {
  const elapsedMs = now - takenAt;
  return elapsedMs < -durationMs ? 0 : Math.max(0, durationMs - elapsedMs);
}

function systemUptimeMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Linux names each boot; elsewhere the host name and a time since boot that fell are enough. */
function bootIdentity(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname();
  }
}
