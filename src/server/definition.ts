/** A tool's definition as `tools/list` sends it; all seven cost an agent at most 6,000 characters. */
import type { Tool as WireTool } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Tool } from './tool.js';

/** What our arguments need of JSON Schema. */
export type PropertySchema = {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
};

export type ArgumentsSchema = {
  type: 'object';
  properties: Record<string, PropertySchema>;
  required?: string[];
  additionalProperties: false;
};

/** Of every payload: two fields that are always there, and room for the rest. */
const PAYLOAD_SCHEMA: WireTool['outputSchema'] = {
  type: 'object',
  properties: { status: { type: 'string' }, serverName: { type: 'string' } },
  required: ['status', 'serverName'],
};

export function definitionOf(tool: Tool): WireTool {
  const { name, title, description, annotations } = tool;
  return {
    name,
    title,
    description,
    inputSchema: jsonSchemaOf(tool.input),
    ...(tool.answersWithPayload ? { outputSchema: PAYLOAD_SCHEMA } : {}),
    annotations,
  };
}

/** JSON Schema (2020-12) of a tool's arguments, without the dialect's name, which is MCP's default. */
export function jsonSchemaOf(input: z.ZodObject): ArgumentsSchema {
  const { $schema: _default, ...schema } = z.toJSONSchema(input);
  return schema as unknown as ArgumentsSchema;
}
