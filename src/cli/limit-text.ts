/** How long a command stays, as a person reads it. */

/** @returns such as "45 s" or "10 min"; rounded up, so that nobody is cut off before it. */
export function atMost(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
