/** Keys that are not ours: which of ours may have been meant. */

/** So many letters may be wrong; in a short key, one. */
const DISTANCE_MAX = 2;
const SHORT = 4;

/** The key of `known` that `key` was probably meant to be; undefined where none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const limit = key.length <= SHORT ? 1 : DISTANCE_MAX;
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: distance(plain(key), plain(candidate)) }))
    .filter((found) => found.distance <= limit)
    .sort((a, b) => a.distance - b.distance || lengthApart(a, key) - lengthApart(b, key));
  return nearest?.candidate;
}

/** Letters are more often mixed up than left out. */
function lengthApart({ candidate }: { readonly candidate: string }, key: string): number {
  return Math.abs(candidate.length - key.length);
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[-_]/gu, '');
}

/** How many letters have to be changed, added or left out (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
