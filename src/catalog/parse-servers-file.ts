/**
 * From the text of `servers.json` (JSON with comments) to validated entries.
 * Everything that is wrong is told with its line and column.
 */
import {
  createScanner,
  findNodeAtLocation,
  type JSONScanner,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { JSON_MAX_DEPTH } from '../core/limits.js';
import { serversFileSchema, toServerEntry } from './parse-entry.js';
import type { OAuthProviderEntry, ServerEntry } from './server-entry.js';
import { isServerName } from './server-name.js';

/** What the user's file says. Maps, so that no name can reach a prototype. */
export interface ParsedServersFile {
  readonly servers: ReadonlyMap<string, ServerEntry>;
  readonly oauthProviders: ReadonlyMap<string, OAuthProviderEntry>;
  readonly allowedRedirectUris: readonly string[];
  readonly allowedPrivateHosts: readonly string[];
}

/** What a missing or empty file says. */
export const EMPTY_SERVERS_FILE: ParsedServersFile = {
  servers: new Map(),
  oauthProviders: new Map(),
  allowedRedirectUris: [],
  allowedPrivateHosts: [],
};

const PARSE_OPTIONS = { allowTrailingComma: true, disallowComments: false };

/**
 * Parses and validates the text of the user's file.
 * @param fileName how the file is called in an error
 * @throws {BrokerError} `invalid_input` with line and column.
 */
export function parseServersFile(source: string, fileName: string): ParsedServersFile {
  const broken = (offset: number, problem: string): BrokerError => brokenFile(source, fileName, offset, problem);
  checkDepth(source, broken);
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, PARSE_OPTIONS);
  const [first] = errors;
  if (root === undefined && isBlank(source)) return EMPTY_SERVERS_FILE;
  if (root === undefined || first !== undefined) {
    throw broken(
      first?.offset ?? 0,
      first === undefined ? 'not JSON' : `not JSON (${printParseErrorCode(first.error)})`,
    );
  }
  const value = jsonValue(root, broken);
  checkNames(root, broken);
  const parsed = serversFileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).filter((part) => typeof part !== 'symbol');
    throw broken(nearestNode(root, path).offset, `${displayPath(path)}${issue?.message ?? 'not valid'}`);
  }
  const { mcpServers, oauthProviders, allowedRedirectUris, allowedPrivateHosts } = parsed.data;
  return {
    servers: new Map(Object.entries(mcpServers).map(([name, server]) => [name, toServerEntry(name, server)])),
    oauthProviders: new Map(Object.entries(oauthProviders)),
    allowedRedirectUris,
    allowedPrivateHosts,
  };
}

type Broken = (offset: number, problem: string) => BrokerError;

function brokenFile(source: string, fileName: string, offset: number, problem: string): BrokerError {
  const before = source.slice(0, offset).split('\n');
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  return new BrokerError('invalid_input', `${fileName} is broken at ${place}: ${problem}.`, {
    nextStep: `Ask the user to mend ${fileName} at ${place}, then try again.`,
  });
}

/** The parser recurses, so nesting is bounded on the tokens first. */
function checkDepth(source: string, broken: Broken): void {
  const scanner = createScanner(source, true);
  let depth = 0;
  for (let offset = nextToken(scanner); offset < source.length; offset = nextToken(scanner)) {
    const first = source.charAt(offset);
    if (first === '{' || first === '[') depth += 1;
    if (first === '}' || first === ']') depth -= 1;
    if (depth > JSON_MAX_DEPTH) throw broken(offset, 'nested too deeply');
  }
}

/** Where the next token begins; the length of the text when there is none. */
function nextToken(scanner: JSONScanner): number {
  scanner.scan();
  return scanner.getTokenOffset();
}

function isBlank(source: string): boolean {
  return nextToken(createScanner(source, true)) >= source.length;
}

/** The JSON value of a node. A name given twice means two things to two readers, and `__proto__` is never a name. */
function jsonValue(node: Node, broken: Broken): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child) => jsonValue(child, broken));
  if (node.type !== 'object') return node.value;
  const members = new Map<string, unknown>();
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    if (key.value === '__proto__') throw broken(key.offset, '"__proto__" is not allowed as a name');
    if (members.has(key.value)) throw broken(key.offset, `"${displayText(key.value)}" is there twice`);
    members.set(key.value, jsonValue(value, broken));
  }
  return Object.fromEntries(members);
}

function checkNames(root: Node, broken: Broken): void {
  for (const section of ['mcpServers', 'oauthProviders']) {
    for (const property of findNodeAtLocation(root, [section])?.children ?? []) {
      const key = property.type === 'property' ? property.children?.[0] : undefined;
      if (key === undefined || isServerName(key.value)) continue;
      throw broken(key.offset, `a name is 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit`);
    }
  }
}

/** The node at `path`, or the nearest one above it that exists. */
function nearestNode(root: Node, path: readonly (string | number)[]): Node {
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node !== undefined) return node;
  }
  return root;
}

function displayPath(path: readonly (string | number)[]): string {
  return path.length === 0 ? '' : `${displayText(path.join('.'))}: `;
}
