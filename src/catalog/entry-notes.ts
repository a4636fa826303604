/** What an entry says that cannot have been meant: keys that nobody reads, and variables that nobody expands (T59). */
import type { Node } from 'jsonc-parser';
import { displayText } from '../core/display-text.js';
import { isObject } from '../core/json-object.js';
import { OAUTH_KEYS } from './parse-entry.js';
import { keyNode, nearestNode, type Path, placeOf } from './read-json.js';
import type { FileNote } from './server-entry.js';

/** Of one file; who wrote more is told of these first. */
export const NOTES_MAX = 20;

const VARIABLE = /\$\{[^}]*\}/u;
/** Programs get their arguments as they are written; a shell among them may well expand something. */
const NOT_SEARCHED = 'args';

export interface SearchedEntry {
  readonly path: Path;
  readonly value: unknown;
}

/** One sentence for each, with its place; no value is repeated. */
export function wrongButReadable(
  source: string,
  fileName: string,
  root: Node,
  entries: readonly SearchedEntry[],
): readonly FileNote[] {
  const messages = entries.flatMap(({ path, value }) => [
    ...unknownOAuthKeys(value).map((key) => {
      const place = placeOf(source, keyNode(root, [...path, 'oauth', key]).offset);
      return `${fileName}, ${place}: ${shown([...path, 'oauth', key])} is no key that is read; "oauth" knows ${OAUTH_KEYS.join(', ')}.`;
    }),
    ...unexpandedAt(value, []).map((at) => {
      const place = placeOf(source, nearestNode(root, [...path, ...at]).offset);
      return `${fileName}, ${place}: ${shown([...path, ...at])} holds "\${…}", which is sent as it is written: use { "source": "env", "name": "…" } for a variable.`;
    }),
  ]);
  return messages.map((message) => ({ message, isEntryLost: false }));
}

function unknownOAuthKeys(entry: unknown): readonly string[] {
  const oauth = isObject(entry) ? entry['oauth'] : undefined;
  return isObject(oauth) ? Object.keys(oauth).filter((key) => !OAUTH_KEYS.includes(key)) : [];
}

/** The paths of the strings that look as if a variable were to be put in. */
function unexpandedAt(value: unknown, path: Path): readonly Path[] {
  if (typeof value === 'string') return VARIABLE.test(value) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => unexpandedAt(item, [...path, index]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === NOT_SEARCHED ? [] : unexpandedAt(member, [...path, key]),
  );
}

function shown(path: Path): string {
  return displayText(path.join('.'));
}
