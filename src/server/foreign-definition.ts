/**
 * A tool or prompt of another server as we list it. What a host would refuse is left out, since it would refuse the
 * whole list with it; schemas and the names of arguments stay as the server sent them, and its other words are bounded and plain.
 */
import type { Prompt, Tool } from '@modelcontextprotocol/server';
import type { Definition } from '../broker/index.js';
import { plainText } from '../core/display-text.js';
import { isObject, type JsonObject } from '../core/json-object.js';
import { TOOL_DESCRIPTION_MAX_LENGTH, TOOL_TITLE_MAX_LENGTH } from '../core/limits.js';
import { redactJson, redactText } from '../core/redaction.js';
import type { Listed } from './joined-list.js';
import type { ProtocolEra } from './protocol-era.js';

const HINTS: ReadonlySet<string> = new Set(['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']);

interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required?: boolean;
}

/** Undefined where a host of that era would refuse it. The description is labelled as the server's words. */
export function mirroredTool({ serverName, definition }: Listed, name: string, era: ProtocolEra): Tool | undefined {
  const { inputSchema, outputSchema, annotations } = definition;
  if (!isObjectSchema(inputSchema, era)) return undefined;
  const description = shownText(definition['description'], TOOL_DESCRIPTION_MAX_LENGTH);
  return {
    name,
    ...shownTitle(definition),
    ...(description !== undefined && { description: `[${serverName}, in its own words] ${description}` }),
    inputSchema: inputSchema as Tool['inputSchema'],
    ...(isOutputSchema(outputSchema, era) && { outputSchema: outputSchema as NonNullable<Tool['outputSchema']> }),
    ...(isObject(annotations) && { annotations: shownAnnotations(annotations) }),
  };
}

/** Undefined where a host would refuse it. */
export function mirroredPrompt({ definition }: Listed, name: string): Prompt | undefined {
  const { arguments: args } = definition;
  if (args !== undefined && !(Array.isArray(args) && args.every(isPromptArgument))) return undefined;
  const description = shownText(definition['description'], TOOL_DESCRIPTION_MAX_LENGTH);
  return {
    name,
    ...shownTitle(definition),
    ...(description !== undefined && { description }),
    ...(args !== undefined && { arguments: args.map(shownArgument) }),
  };
}

function shownTitle({ title }: Definition): { readonly title?: string } {
  const shown = shownText(title, TOOL_TITLE_MAX_LENGTH);
  return shown === undefined ? {} : { title: shown };
}

function shownText(text: unknown, maxLength: number): string | undefined {
  return typeof text === 'string' ? redactText(plainText(text, maxLength)) : undefined;
}

function shownAnnotations(annotations: JsonObject): NonNullable<Tool['annotations']> {
  const { title: _asSent, ...others } = annotations;
  const title = shownText(annotations['title'], TOOL_TITLE_MAX_LENGTH);
  const valid = Object.entries(others).filter(([key, value]) => !HINTS.has(key) || typeof value === 'boolean');
  return { ...(title !== undefined && { title }), ...redactJson(Object.fromEntries(valid)) };
}

function isOutputSchema(schema: unknown, era: ProtocolEra): boolean {
  if (!isObject(schema)) return false;
  // Of another root than an object: our SDK wraps schema and result for a host of before.
  return schema['type'] === 'object' ? isObjectSchema(schema, era) : hasPlainDialect(schema);
}

/** What the revisions ask of a schema at its root; those of before 2026-07-28 know no `true` or `false` as a property's. */
function isObjectSchema(schema: unknown, era: ProtocolEra): schema is JsonObject {
  if (!isObject(schema) || schema['type'] !== 'object' || !hasPlainDialect(schema)) return false;
  const { properties = {}, required = [] } = schema;
  if (era === 'modern') return true;
  return (
    isObject(properties) &&
    Object.values(properties).every((property) => property !== null && typeof property === 'object') &&
    Array.isArray(required) &&
    required.every((item) => typeof item === 'string')
  );
}

function hasPlainDialect({ $schema }: JsonObject): boolean {
  return $schema === undefined || typeof $schema === 'string';
}

/** Its name is what has to be sent, to the letter; nothing goes along that MCP does not know. */
function shownArgument({ name, title, description, required }: PromptArgument): PromptArgument {
  const shown = shownText(description, TOOL_DESCRIPTION_MAX_LENGTH);
  return {
    name,
    ...shownTitle({ name, title }),
    ...(shown !== undefined && { description: shown }),
    ...(required !== undefined && { required }),
  };
}

function isPromptArgument(argument: unknown): argument is PromptArgument {
  if (!isObject(argument)) return false;
  const { name, title, description, required } = argument;
  return (
    typeof name === 'string' &&
    (title === undefined || typeof title === 'string') &&
    (description === undefined || typeof description === 'string') &&
    (required === undefined || typeof required === 'boolean')
  );
}
