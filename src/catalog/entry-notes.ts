/** What an entry says that cannot have been meant: keys that nobody reads, and variables that nobody expands (T59). */
import type { Node } from 'jsonc-parser';
import { displayText } from '../core/display-text.js';
import { isObject } from '../core/json-object.js';
import { nearestKey } from './key-hint.js';
import { FILE_KEYS, OAUTH_KEYS, PROVIDER_KEYS, REMOTE_KEYS, STDIO_KEYS } from './parse-entry.js';
import { keyNode, nearestNode, type Path, placeOf } from './read-json.js';
import type { FileNote } from './server-entry.js';

/** Of one file; who wrote more is told of these first. */
export const NOTES_MAX = 20;

const VARIABLE = /\$\{[^}]*\}/u;
/** Programs get their arguments as they are written; a shell among them may well expand something. */
const NOT_SEARCHED = 'args';

/** Keys of other hosts' files, which are often copied from there: nothing is wrong with them. */
const ENTRY_KEYS_OF_HOSTS: readonly string[] = [
  ...['type', 'disabled', 'enabled', 'name', 'description', 'id', 'icon', 'version', 'gallery', 'timeout', 'trust'],
  ...['alwaysAllow', 'autoApprove', 'disabledTools', 'includeTools', 'excludeTools', 'envFile', 'dev', 'sandbox'],
];
const FILE_KEYS_OF_HOSTS: readonly string[] = ['$schema', 'inputs'];

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
  const note = (node: Node, problem: string): FileNote => ({
    message: `${fileName}, ${placeOf(source, node.offset)}: ${problem}`,
    isEntryLost: false,
  });
  return entries.flatMap(({ path, value }) => [
    ...unreadKeys(path, value).map(({ at, known }) =>
      note(keyNode(root, at), `${shown(at)} is no key that is read; ${hint(at, known)}.`),
    ),
    ...unexpandedAt(value, []).map((at) =>
      note(
        nearestNode(root, [...path, ...at]),
        `${shown([...path, ...at])} holds "\${…}", which is sent as it is written: use { "source": "env", "name": "…" } for a variable.`,
      ),
    ),
  ]);
}

/** Keys of the whole file that nobody reads. */
export function unreadFileKeys(source: string, fileName: string, root: Node, value: unknown): readonly FileNote[] {
  const keys = isObject(value) ? Object.keys(value) : [];
  return keys
    .filter((key) => !FILE_KEYS.includes(key) && !FILE_KEYS_OF_HOSTS.includes(key))
    .map((key) => ({
      message: `${fileName}, ${placeOf(source, keyNode(root, [key]).offset)}: ${shown([key])} is no key that is read; ${hint([key], FILE_KEYS)}.`,
      isEntryLost: false,
    }));
}

interface UnreadKey {
  readonly at: Path;
  readonly known: readonly string[];
}

function unreadKeys(path: Path, entry: unknown): readonly UnreadKey[] {
  if (!isObject(entry)) return [];
  const isServer = path[0] === 'mcpServers';
  const known = isServer ? ('url' in entry ? REMOTE_KEYS : STDIO_KEYS) : PROVIDER_KEYS;
  const others = isServer ? ENTRY_KEYS_OF_HOSTS : [];
  const own = Object.keys(entry).filter((key) => !known.includes(key) && !others.includes(key));
  const { oauth } = entry;
  const ofOAuth = isServer && isObject(oauth) ? Object.keys(oauth).filter((key) => !OAUTH_KEYS.includes(key)) : [];
  return [
    ...own.map((key) => ({ at: [...path, key], known })),
    // Of a program it is not read at all, and told of above.
    ...(known.includes('oauth') ? ofOAuth : []).map((key) => ({ at: [...path, 'oauth', key], known: OAUTH_KEYS })),
  ];
}

function hint(at: Path, known: readonly string[]): string {
  const nearest = nearestKey(String(at.at(-1)), known);
  if (nearest !== undefined) return `perhaps "${nearest}" was meant`;
  const place = at.length === 1 ? 'the file' : `"${displayText(String(at.at(-2)))}"`;
  return `${place} knows ${known.join(', ')}`;
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
