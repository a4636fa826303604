/**
 * JSON of a stranger: UTF-8 only, bounded in depth, and no error that quotes it.
 * (`JSON.parse` quotes what it could not read, which may be a token; deep nesting ends `JSON.stringify` later.)
 */
import { JSON_MAX_DEPTH } from './limits.js';

/**
 * Parses JSON, with or without a byte order mark.
 * @param maxDepth nesting of objects and arrays that is still accepted.
 * @throws {SyntaxError} where it is not valid UTF-8, not JSON (RFC 8259), or nested deeper; the text is not quoted.
 */
export function parseBoundedJson(source: Uint8Array | string, maxDepth = JSON_MAX_DEPTH): unknown {
  const text = typeof source === 'string' ? source.replace(/^\uFEFF/u, '') : decodeUtf8(source);
  if (deepestNesting(text) > maxDepth) throw new SyntaxError(`the JSON is nested deeper than ${maxDepth}`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SyntaxError('the text is not JSON');
  }
}

/** Whether a parsed JSON value nests deeper than `maxDepth`; it does not recurse itself. */
export function isDeeperThan(value: unknown, maxDepth: number): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    const containers = level.filter((item): item is object => item !== null && typeof item === 'object');
    if (depth >= maxDepth && containers.length > 0) return true;
    level = containers.flatMap((container) => Object.values(container));
  }
  return false;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError('the text is not UTF-8');
  }
}

const DEPTH_CHANGES: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/** Counts brackets outside strings; what is not JSON is found by the parser afterwards. */
function deepestNesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '"') index = endOfString(text, index);
    else depth += DEPTH_CHANGES[character] ?? 0;
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

/** The index of the quote that ends the string begun at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
