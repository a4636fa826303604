/** The tool that lists or reads resources of a connected server. */
import * as z from 'zod';
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
  async call(args, { broker, principal, context }) {
    const answer = await (await broker()).readResource(principal, args, context);
    return proxiedResult(answer, args.uri === undefined ? textAndStructure : embeddedContents);
  },
});

/** The contents as resource blocks, which a host can show, and as the upstream sent them. */
function embeddedContents(result: Readonly<Record<string, unknown>>): ToolResult {
  const contents = Array.isArray(result['contents']) ? result['contents'] : [];
  return { content: contents.map((resource) => ({ type: 'resource', resource })), structuredContent: { contents } };
}
