/**
 * Where a search goes on: after the last tool that was shown, wherever that stands by then, so that no tool is
 * shown twice or left out because another was added or removed in between.
 */
import { createHash } from 'node:crypto';
import { BrokerError } from '../core/errors.js';
import type { Candidate } from './tool-ranking.js';

/** What is searched, and for what. */
export interface SearchQuestion {
  readonly query?: string | undefined;
  readonly serverName?: string | undefined;
}

/** An opaque cursor that goes on after the first `count` of `found`. */
export function cursorAfter(found: readonly Candidate[], count: number, question: SearchQuestion): string {
  const last = found[count - 1];
  const position = [questionHash(question), count, last?.serverName, last?.tool.name];
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * How many of `found` were shown already.
 * @throws {BrokerError} `invalid_input` for a cursor that is not of this tool, or of another question.
 */
export function shownBefore(found: readonly Candidate[], cursor: string | undefined, question: SearchQuestion): number {
  if (cursor === undefined) return 0;
  const [hash, count, serverName, toolName] = parsedCursor(cursor);
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
    throw new BrokerError('invalid_input', 'That cursor was not given by this tool.');
  if (hash !== questionHash(question))
    throw new BrokerError('invalid_input', 'That cursor is of another search: give its query and serverName with it.');
  const isLast = (candidate: Candidate | undefined): boolean =>
    candidate?.serverName === serverName && candidate?.tool.name === toolName;
  if (isLast(found[count - 1])) return count;
  const moved = found.findLastIndex(isLast);
  return moved === -1 ? count : moved + 1;
}

function parsedCursor(cursor: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

function questionHash({ query = '', serverName = '' }: SearchQuestion): string {
  return createHash('sha256')
    .update(JSON.stringify([query, serverName]))
    .digest('base64url')
    .slice(0, 12);
}
