/** A time as somebody types it: a date, an instant, or how long ago. */
import { UsageError } from './exit-code.js';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const AGO = /^(\d{1,6})([mhd])$/u;
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/u;

/**
 * Milliseconds since the epoch. A date alone begins at midnight UTC, an instant without an offset is local time.
 * @throws {UsageError} for anything else.
 */
export function instantOf(text: string, now: number): number {
  const [, count, unit] = AGO.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  const instant = ISO_8601.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  throw new UsageError('--since takes a date (2026-11-20), a time (2026-11-20T18:00Z), or how long ago: 7d, 12h, 30m.');
}
