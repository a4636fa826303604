/** JSON with comments, as a tree that knows where everything stands, and as a value that no name of it can harm. */
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
import { JSON_MAX_DEPTH } from '../core/limits.js';

/** `line 3, column 19`. */
export type Place = `line ${number}, column ${number}`;
export type Path = readonly (string | number)[];

const NOT_JSON = 'this is no JSON';

/** By the parser's names of its errors. */
const PROBLEMS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a word that JSON does not know (text needs double quotes)',
  InvalidNumberFormat: 'a number that is not written as JSON has it',
  PropertyNameExpected: 'a name in double quotes is missing',
  ValueExpected: 'a value is missing',
  ColonExpected: 'a ":" is missing after the name',
  CommaExpected: 'a "," is missing before this',
  CloseBraceExpected: 'a "}" is missing',
  CloseBracketExpected: 'a "]" is missing',
  EndOfFileExpected: 'there is something after the end',
  UnexpectedEndOfComment: 'a comment does not end',
  UnexpectedEndOfString: 'a text does not end: its closing quote is missing',
  UnexpectedEndOfNumber: 'a number does not end',
  InvalidUnicode: 'a "\\u" that is followed by no four digits',
  InvalidEscapeCharacter: 'a "\\" before something that it cannot stand before (a path needs two of them)',
  InvalidCharacter: 'a control character in a text',
};

const PARSE_OPTIONS = { allowTrailingComma: true, disallowComments: false };

/**
 * @param broken the error for a problem at a place
 * @throws what `broken` makes: of text that is no JSON or nested too deeply, of a name that stands twice in one object,
 *   which means two things to two readers, and of `__proto__`
 */
export function readJson(
  source: string,
  broken: (place: Place, problem: string) => Error,
): { readonly root: Node; readonly value: unknown } {
  const at = (offset: number, problem: string): Error => broken(placeOf(source, offset), problem);
  checkDepth(source, at);
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, PARSE_OPTIONS);
  const [first] = errors;
  if (root === undefined || first !== undefined)
    throw at(first?.offset ?? 0, first === undefined ? NOT_JSON : problemOf(first));
  return { root, value: jsonValue(root, at) };
}

function problemOf({ error }: ParseError): string {
  return PROBLEMS[printParseErrorCode(error)] ?? NOT_JSON;
}

/** Nothing but white space and comments. */
export function isBlank(source: string): boolean {
  return nextToken(createScanner(source, true)) >= source.length;
}

export function placeOf(source: string, offset: number): Place {
  const before = source.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

export function findNode(root: Node, path: Path): Node | undefined {
  return findNodeAtLocation(root, [...path]);
}

/** The node at `path`, or the nearest one above it that exists. */
export function nearestNode(root: Node, path: Path): Node {
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNode(root, path.slice(0, length));
    if (node !== undefined) return node;
  }
  return root;
}

/** The name at `path`, where that is a member of an object; else as `nearestNode`. */
export function keyNode(root: Node, path: Path): Node {
  const node = nearestNode(root, path);
  return node.parent?.type === 'property' ? (node.parent.children?.[0] ?? node) : node;
}

type Broken = (offset: number, problem: string) => Error;

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
