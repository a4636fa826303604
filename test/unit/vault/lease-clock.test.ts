import { describe, expect, it } from 'vitest';
import { createLeaseClock, leaseRemainingMs } from '../../../src/vault/lease-clock.js';

const HOUR_MS = 3_600_000;
const DURATION_MS = 60_000;
const taken = { at: 1_000 * HOUR_MS, uptimeMs: 50_000, boot: 'this' };

const remaining = (now: Partial<typeof taken>) => leaseRemainingMs(taken, DURATION_MS, { ...taken, ...now });

describe('how long a lease lasts', () => {
  it('is its duration since it was taken', () => {
    expect(remaining({})).toBe(DURATION_MS);
    expect(remaining({ uptimeMs: taken.uptimeMs + 59_999 })).toBe(1);
    expect(remaining({ uptimeMs: taken.uptimeMs + 60_000 })).toBe(0);
  });

  it.each([
    ['an hour ahead', HOUR_MS],
    ['an hour back', -HOUR_MS],
    ['ten years ahead', 87_600 * HOUR_MS],
  ])('R26 does not change when the wall clock is set %s', (_what, jumpMs) => {
    const at = taken.at + jumpMs;
    expect(remaining({ at, uptimeMs: taken.uptimeMs + 10_000 })).toBe(50_000);
    expect(remaining({ at, uptimeMs: taken.uptimeMs + 60_000 })).toBe(0);
  });

  it('R26 stands still while the machine sleeps, as its holder does', () => {
    expect(remaining({ at: taken.at + 8 * HOUR_MS, uptimeMs: taken.uptimeMs + 1_000 })).toBe(59_000);
  });

  it('ends with the boot it was taken in', () => {
    expect(remaining({ uptimeMs: 10 })).toBe(0);
  });

  it('is told by the wall clock on another machine, and never for ever', () => {
    expect(remaining({ boot: 'other', uptimeMs: 9e9, at: taken.at + 10_000 })).toBe(50_000);
    expect(remaining({ boot: 'other', at: taken.at + 60_000 })).toBe(0);
    expect(remaining({ boot: 'other', at: taken.at - HOUR_MS })).toBe(0);
    expect(remaining({ boot: 'other', at: taken.at - 5_000 })).toBeLessThanOrEqual(DURATION_MS * 2);
  });
});

describe('the lease clock', () => {
  it('goes on by itself, whatever the wall clock says, and names one boot in every process', () => {
    const wall = { now: () => 7 };
    const [first, second] = [createLeaseClock(wall).now(), createLeaseClock(wall).now()];
    expect(first.at).toBe(7);
    expect(second.uptimeMs).toBeGreaterThanOrEqual(first.uptimeMs);
    expect(first.boot).toBe(second.boot);
    expect(first.boot).not.toBe('');
  });
});
