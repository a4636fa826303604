/** A whole answer, read as one JSON object or not at all; nothing of it is ever quoted in an error. */
import { parseBoundedJson } from '../core/bounded-json.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object in `body`, whatever its content type; undefined for anything else. */
export function jsonObjectOf(body: Uint8Array): JsonObject | undefined {
  const value = parsed(body);
  return isJsonObject(value) ? value : undefined;
}

/**
 * As `jsonObjectOf`, for answers that hold credentials: a byte order mark or a member named twice is refused,
 * since two readers could take two different tokens from it (T51).
 *
 * @see RFC 8259 sections 4 and 8.1
 */
export function strictJsonObjectOf(body: Uint8Array): JsonObject | undefined {
  const startsWithMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const value = startsWithMark ? undefined : jsonObjectOf(body);
  if (value === undefined) return undefined;
  return countTopLevelMembers(new TextDecoder().decode(body)) === Object.keys(value).length ? value : undefined;
}

/** The object without its `null` members: many servers write null for "absent". */
export function withoutNulls(value: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

/** Whether a parsed value is an object, and neither a list nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(body: Uint8Array): unknown {
  try {
    return parseBoundedJson(body);
  } catch {
    return undefined;
  }
}

/** Counts the colons at depth one of valid JSON: as many as there are members, named twice or not. */
function countTopLevelMembers(text: string): number {
  let depth = 0;
  let members = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/gsu)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ':' && depth === 1) members += 1;
  }
  return members;
}
