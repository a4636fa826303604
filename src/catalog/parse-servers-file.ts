/**
 * From the text of `servers.json` (JSON with comments) to validated entries. What is wrong is told with its line and
 * column: of the whole file where it is no JSON, of one entry where only that one cannot be used.
 */
import type { Node } from 'jsonc-parser';
import type { ZodType } from 'zod';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { NOTES_MAX, type SearchedEntry, unreadFileKeys, wrongButReadable } from './entry-notes.js';
import { oauthProviderSchema, serverSchema, serversFileSchema, toServerEntry } from './parse-entry.js';
import { findNode, isBlank, keyNode, nearestNode, type Place, placeOf, readJson } from './read-json.js';
import type { FileNote, OAuthProviderEntry, ServerEntry } from './server-entry.js';
import { isServerName } from './server-name.js';

/** What the user's file says. Maps, so that no name can reach a prototype. */
export interface ParsedServersFile {
  readonly servers: ReadonlyMap<string, ServerEntry>;
  readonly oauthProviders: ReadonlyMap<string, OAuthProviderEntry>;
  readonly allowedRedirectUris: readonly string[];
  readonly allowedPrivateHosts: readonly string[];
  /** Entries that cannot be used, by their name: of the servers, and of the providers. */
  readonly brokenServers: ReadonlyMap<string, BrokerError>;
  readonly brokenProviders: ReadonlyMap<string, BrokerError>;
  /** Everything that is not as the user will have meant it, each with its place; at most NOTES_MAX. */
  readonly notes: readonly FileNote[];
}

/** What a missing or empty file says. */
export const EMPTY_SERVERS_FILE: ParsedServersFile = {
  servers: new Map(),
  oauthProviders: new Map(),
  allowedRedirectUris: [],
  allowedPrivateHosts: [],
  brokenServers: new Map(),
  brokenProviders: new Map(),
  notes: [],
};

type Section = 'mcpServers' | 'oauthProviders';

const NAME_RULE = 'a name is 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit';

/**
 * Parses and validates the text of the user's file.
 * @param fileName how the file is called in an error
 * @throws {BrokerError} `invalid_input` with line and column, where nothing of the file can be used.
 */
export function parseServersFile(source: string, fileName: string): ParsedServersFile {
  if (isBlank(source)) return EMPTY_SERVERS_FILE;
  const { root, value } = readJson(source, (place, problem) => brokenFile(fileName, place, problem));
  const parsed = serversFileSchema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = firstIssue(parsed.error.issues);
    throw brokenFile(fileName, placeOf(source, nearestNode(root, path).offset), `${displayPath(path)}${message}`);
  }
  const read = <T>(section: Section, schema: ZodType<T>) =>
    readSection(source, fileName, root, section, parsed.data[section], schema);
  const servers = read('mcpServers', serverSchema);
  const providers = read('oauthProviders', oauthProviderSchema);
  const oddities = [
    ...unreadFileKeys(source, fileName, root, value),
    ...wrongButReadable(source, fileName, root, [...servers.searched, ...providers.searched]),
  ];
  return {
    servers: new Map([...servers.entries].map(([name, server]) => [name, toServerEntry(name, server)])),
    oauthProviders: providers.entries,
    allowedRedirectUris: parsed.data.allowedRedirectUris,
    allowedPrivateHosts: parsed.data.allowedPrivateHosts,
    brokenServers: servers.broken,
    brokenProviders: providers.broken,
    notes: [...servers.notes, ...providers.notes, ...oddities].slice(0, NOTES_MAX),
  };
}

interface ReadSection<T> {
  readonly entries: ReadonlyMap<string, T>;
  readonly broken: ReadonlyMap<string, BrokerError>;
  readonly notes: readonly FileNote[];
  readonly searched: readonly SearchedEntry[];
}

function readSection<T>(
  source: string,
  fileName: string,
  root: Node,
  section: Section,
  values: Readonly<Record<string, unknown>>,
  schema: ZodType<T>,
): ReadSection<T> {
  const entries = new Map<string, T>();
  const broken = new Map<string, BrokerError>();
  const notes: FileNote[] = [];
  const searched: SearchedEntry[] = [];
  for (const [name, value] of Object.entries(values)) {
    const parsed = schema.safeParse(value);
    if (isServerName(name) && parsed.success) {
      entries.set(name, parsed.data);
      searched.push({ path: [section, name], value });
      continue;
    }
    const problem =
      parsed.success || !isServerName(name)
        ? badName(root, section, name)
        : badEntry(root, section, name, parsed.error.issues);
    const error = brokenEntry(fileName, name, placeOf(source, problem.node.offset), problem.message);
    if (isServerName(name)) broken.set(name, error);
    notes.push({ message: error.message, isEntryLost: true });
  }
  return { entries, broken, notes, searched };
}

interface Problem {
  readonly node: Node;
  readonly message: string;
}

function badName(root: Node, section: Section, name: string): Problem {
  return { node: keyNode(root, [section, name]), message: NAME_RULE };
}

function badEntry(root: Node, section: Section, name: string, issues: readonly Issue[]): Problem {
  const { path, message } = firstIssue(issues);
  const node = nearestNode(findNode(root, [section, name]) ?? root, path);
  return { node, message: `${displayPath(path)}${message}` };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function firstIssue(issues: readonly Issue[]): {
  readonly path: readonly (string | number)[];
  readonly message: string;
} {
  const [issue] = issues;
  return {
    path: (issue?.path ?? []).filter((part) => typeof part !== 'symbol'),
    message: issue?.message ?? 'not valid',
  };
}

function brokenFile(fileName: string, place: Place, problem: string): BrokerError {
  return new BrokerError('invalid_input', `${fileName} is broken at ${place}: ${problem}.`, {
    nextStep: `Ask the user to mend ${fileName} at ${place}, then try again.`,
  });
}

function brokenEntry(fileName: string, name: string, place: Place, problem: string): BrokerError {
  const entry = `the entry "${displayText(name)}"`;
  return new BrokerError('invalid_input', `${fileName}, ${place}: ${entry} cannot be used: ${problem}.`, {
    nextStep: `Ask the user to mend ${entry} of ${fileName} at ${place}, then try again. Its other entries work.`,
  });
}

function displayPath(path: readonly (string | number)[]): string {
  return path.length === 0 ? '' : `${displayText(path.join('.'))}: `;
}
