/**
 * The arguments of a tool call, checked against the tool's schema. What is wrong is said in words of ours,
 * by the names of the arguments and never by their values: one of them may be a secret.
 */
import type * as z from 'zod';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { isObject } from '../core/json-object.js';
import { SERVER_NAME_MAX_LENGTH } from '../core/limits.js';
import { jsonSchemaOf, type PropertySchema } from './definition.js';
import type { Tool } from './tool.js';

const NAMED_PROBLEMS_MAX = 5;

/**
 * @throws {BrokerError} `invalid_input` that names each wrong, missing or unknown argument.
 */
export function parseArguments(tool: Tool, given: unknown): Readonly<Record<string, unknown>> {
  const parsed = tool.input.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(tool, given, issue));
  throw new BrokerError(
    'invalid_input',
    `${tool.name}: ${[...new Set(problems)].slice(0, NAMED_PROBLEMS_MAX).join('; ')}.`,
  );
}

/** The server that a call names, fit to be shown whatever was given; `""` where nothing was. */
export function givenServerName(given: unknown): string {
  const name = isObject(given) ? given['serverName'] : undefined;
  return typeof name === 'string' ? displayText(name, SERVER_NAME_MAX_LENGTH) : '';
}

function problemsOf(tool: Tool, given: unknown, issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, NAMED_PROBLEMS_MAX)
      .map((key) => `"${displayText(key, 40)}" is not an argument of this tool`);
  }
  const name = issue.path[0];
  if (typeof name !== 'string') return ['the arguments must be an object'];
  if (!isObject(given) || given[name] === undefined) return [`"${name}" is missing`];
  return [`"${name}" must be ${expectation(jsonSchemaOf(tool.input).properties[name])}`];
}

/** What a property's schema asks for, in words. */
function expectation(schema: PropertySchema | undefined): string {
  if (schema?.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema?.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}`;
  if (schema?.type === 'object') return 'an object';
  if (schema?.pattern !== undefined) return `a string that matches ${schema.pattern}`;
  return `a string of ${schema?.minLength ?? 0} to ${schema?.maxLength} characters`;
}
