/**
 * `x-mcp-header` of 2026-07-28 (SEP-2243): a tool's schema may ask that an argument is repeated in an
 * `Mcp-Param-*` header. Declarations that break the rules exclude the tool; values are encoded so that
 * none can end a header or begin another.
 */

export interface HeaderDeclaration {
  /** Property names from the root of the arguments. */
  readonly path: readonly string[];
  readonly headerName: string;
}

const DECLARATION = 'x-mcp-header';
const HEADER_PREFIX = 'Mcp-Param-';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;
const ALLOWED_TYPES = new Set(['string', 'integer', 'boolean']);
const SAFE_VALUE = /^[\t\x20-\x7e]+$/u;
const ENCODED_VALUE = /^=\?base64\?.*\?=$/u;

/** Keywords whose value maps names to schemas; a name there is no keyword. */
const SCHEMA_MAPS = new Set(['patternProperties', 'dependentSchemas', '$defs', 'definitions']);
/** Keywords whose value is data and not a schema. */
const DATA_KEYWORDS = new Set(['const', 'enum', 'default', 'examples', 'required']);

/**
 * The headers that a tool with this input schema asks for.
 * @returns undefined where a declaration is invalid: not on a primitive property that is reached by
 *   `properties` alone, not an RFC 9110 token, or not unique without regard to case.
 */
export function headerDeclarations(inputSchema: unknown): readonly HeaderDeclaration[] | undefined {
  const declarations: HeaderDeclaration[] = [];
  const pending: SchemaNode[] = [{ schema: inputSchema, path: [], isReachable: true }];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const { schema, path, isReachable } = node;
    if (schema === null || typeof schema !== 'object') continue;
    if (DECLARATION in schema) {
      const headerName = validHeaderName(schema as Readonly<Record<string, unknown>>);
      if (headerName === undefined || !isReachable || path.length === 0) return undefined;
      declarations.push({ path, headerName });
    }
    pending.push(...subschemas(schema, path, isReachable));
  }
  return hasDuplicates(declarations) ? undefined : declarations;
}

interface SchemaNode {
  readonly schema: unknown;
  readonly path: readonly string[];
  /** Reached by `properties` alone, so that the path names one argument. */
  readonly isReachable: boolean;
}

function subschemas(schema: object, path: readonly string[], isReachable: boolean): readonly SchemaNode[] {
  const keywords = Object.entries(schema).filter(([keyword]) => !DATA_KEYWORDS.has(keyword));
  return keywords.flatMap(([keyword, value]: [string, unknown]): readonly SchemaNode[] => {
    if (value === null || typeof value !== 'object') return [];
    if (keyword === 'properties') {
      return Object.entries(value).map(([name, child]) => ({ schema: child, path: [...path, name], isReachable }));
    }
    const children = SCHEMA_MAPS.has(keyword) || Array.isArray(value) ? Object.values(value) : [value];
    return children.map((child: unknown) => ({ schema: child, path, isReachable: false }));
  });
}

/** The `Mcp-Param-*` headers for these arguments; absent and non-primitive values have none. */
export function parameterHeaders(
  declarations: readonly HeaderDeclaration[],
  args: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { path, headerName } of declarations) {
    const text = primitiveText(path.reduce(memberOf, args as unknown));
    if (text !== undefined) headers[`${HEADER_PREFIX}${headerName}`] = encoded(text);
  }
  return headers;
}

function validHeaderName(schema: Readonly<Record<string, unknown>>): string | undefined {
  const name = schema[DECLARATION];
  const type = schema['type'];
  if (typeof name !== 'string' || !TOKEN.test(name)) return undefined;
  return typeof type === 'string' && ALLOWED_TYPES.has(type) ? name : undefined;
}

function hasDuplicates(declarations: readonly HeaderDeclaration[]): boolean {
  return new Set(declarations.map(({ headerName }) => headerName.toLowerCase())).size < declarations.length;
}

function memberOf(value: unknown, name: string): unknown {
  const isOwn = value !== null && typeof value === 'object' && Object.hasOwn(value, name);
  return isOwn ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function primitiveText(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

function encoded(text: string): string {
  const isSafe = SAFE_VALUE.test(text) && text.trim() === text && !ENCODED_VALUE.test(text);
  return isSafe ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
