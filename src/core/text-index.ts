/**
 * Many texts looked for in one pass over another (Karp and Rabin): the time grows with the text that is
 * searched, and hardly with how many are looked for.
 */

export interface TextRange {
  readonly start: number;
  /** The first position after it. */
  readonly end: number;
}

export interface TextIndex {
  /** Looks for `text` as well, once for each time it was added. It has at least the index's minimum length. */
  add(text: string): void;
  /** Takes back one `add`. */
  remove(text: string): void;
  /** Where the texts occur, in order; occurrences that overlap are one range. */
  rangesIn(text: string): readonly TextRange[];
}

const BASE = 0x01000193;
const SLOT_BITS = 16;

/** An empty index for texts of at least `minLength` characters. */
export function createTextIndex(minLength: number): TextIndex {
  /**
   * Hash of the last `minLength` characters → the texts that end so, with how often each was added.
   * By their ends, since tokens of one kind all begin alike.
   */
  const textsOf = new Map<number, Map<string, number>>();
  /** By the upper bits of a hash, how many hashes there are: nearly every position is passed over with one look at it. */
  const hashesInSlot = new Uint16Array(2 ** SLOT_BITS);
  const slotOf = (hash: number): number => hash >>> (32 - SLOT_BITS);
  const weightOfFirst = power(BASE, minLength - 1);

  const hashAt = (text: string, start: number): number => {
    let hash = 0;
    for (let at = start; at < start + minLength; at += 1) hash = (Math.imul(hash, BASE) + text.charCodeAt(at)) | 0;
    return hash;
  };
  const hashOfEnd = (text: string): number => hashAt(text, text.length - minLength);

  return {
    add(text) {
      const hash = hashOfEnd(text);
      const texts = textsOf.get(hash) ?? new Map<string, number>();
      if (texts.size === 0) addTo(hashesInSlot, slotOf(hash), 1);
      textsOf.set(hash, texts.set(text, (texts.get(text) ?? 0) + 1));
    },
    remove(text) {
      const hash = hashOfEnd(text);
      const texts = textsOf.get(hash);
      const count = texts?.get(text) ?? 0;
      if (count > 1) texts?.set(text, count - 1);
      else texts?.delete(text);
      if (texts?.size !== 0) return;
      textsOf.delete(hash);
      addTo(hashesInSlot, slotOf(hash), -1);
    },
    rangesIn(text) {
      const ranges: TextRange[] = [];
      if (textsOf.size === 0 || text.length < minLength) return ranges;
      let hash = hashAt(text, 0);
      for (let end = minLength; ; end += 1) {
        const texts = hashesInSlot[slotOf(hash)] === 0 ? undefined : textsOf.get(hash);
        if (texts !== undefined) include(ranges, startOfMatch(text, end, texts), end);
        if (end === text.length) return ranges;
        // One character leaves at the left, one enters at the right.
        hash = (hash - Math.imul(text.charCodeAt(end - minLength), weightOfFirst)) | 0;
        hash = (Math.imul(hash, BASE) + text.charCodeAt(end)) | 0;
      }
    },
  };
}

/** The start of the longest of `texts` that ends at `end`; `end` where none does. */
function startOfMatch(text: string, end: number, texts: ReadonlyMap<string, number>): number {
  let start = end;
  for (const candidate of texts.keys()) {
    if (end - candidate.length < start && text.endsWith(candidate, end)) start = end - candidate.length;
  }
  return start;
}

/** Adds a match to ranges that all end before it, as one range with those that it overlaps. */
function include(ranges: TextRange[], matchStart: number, end: number): void {
  if (matchStart === end) return;
  let start = matchStart;
  for (let last = ranges.at(-1); last !== undefined && last.end > start; last = ranges.at(-1)) {
    start = Math.min(start, last.start);
    ranges.pop();
  }
  ranges.push({ start, end });
}

function addTo(counts: Uint16Array, slot: number, amount: 1 | -1): void {
  counts[slot] = (counts[slot] ?? 0) + amount;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let step = 0; step < exponent; step += 1) result = Math.imul(result, base);
  return result;
}
