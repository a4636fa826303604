/** The tool that lists or reads resources of a connected server. */
import * as z from 'zod';
import { isObject } from '../../core/json-object.js';
import { CURSOR_MAX_LENGTH, URL_ARGUMENT_MAX_LENGTH } from '../../core/limits.js';
import { proxiedResult, type ToolResult, textAndStructure } from '../payload.js';
import { account, defineTool, serverName } from '../tool.js';

export const readMcpResource = defineTool({
  name: 'read_mcp_resource',
  title: 'Read MCP resource',
  description:
    'Read a resource of a connected MCP server by uri; without uri, list its resources and resource templates.',
  annotations: { readOnlyHint: true, openWorldHint: true },
  answersWithPayload: false,
  input: z.strictObject({
    serverName,
    uri: z.string().min(1).max(URL_ARGUMENT_MAX_LENGTH).optional(),
    account,
    cursor: z.string().max(CURSOR_MAX_LENGTH).optional(),
  }),
  async call(args, { broker, principal, context, templates }) {
    const { readResource, noteEchoedSecret } = await broker();
    const answer = await readResource(principal, args, context);
    const onEcho = () => noteEchoedSecret(principal, args);
    if (args.uri !== undefined) return proxiedResult(answer, embeddedContents, onEcho);
    if (answer.kind === 'upstream') templates.note(args, answer.result);
    return proxiedResult(answer, textAndStructure, onEcho);
  },
});

/** The contents as resource blocks, which a host can show, and as the upstream sent them. */
function embeddedContents({ contents, _meta }: Readonly<Record<string, unknown>>): ToolResult {
  const sent: readonly unknown[] = Array.isArray(contents) ? contents : [];
  const blocks = sent.filter(isContents).map((resource) => ({ type: 'resource', resource }));
  return { content: blocks, structuredContent: { contents: sent }, ...(_meta !== undefined && { _meta }) };
}

/** A host refuses a whole result for one block that is none. */
function isContents(sent: unknown): boolean {
  return isObject(sent) && typeof sent['uri'] === 'string' && [sent['text'], sent['blob']].some(isString);
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}
