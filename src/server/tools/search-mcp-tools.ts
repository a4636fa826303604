/** The tool that finds tools of the connected servers, with their schemas verbatim. */
import * as z from 'zod';
import type { FoundTool, SearchResult } from '../../broker/index.js';
import { CURSOR_MAX_LENGTH, SEARCH_LIMIT_MAX, SEARCH_QUERY_MAX_LENGTH } from '../../core/limits.js';
import { redactJson } from '../../core/redaction.js';
import { refusalResult, textAndStructure } from '../payload.js';
import { defineTool, serverName } from '../tool.js';

export const searchMcpTools = defineTool({
  name: 'search_mcp_tools',
  title: 'Search MCP tools',
  description:
    'Find tools of the connected MCP servers by words, with their input schemas. Call what you find with call_mcp_tool. ' +
    'skipped names servers that need connect_to_mcp_server first.',
  annotations: { readOnlyHint: true, openWorldHint: true },
  answersWithPayload: false,
  input: z.strictObject({
    query: z.string().max(SEARCH_QUERY_MAX_LENGTH).optional(),
    serverName: serverName.optional(),
    limit: z.int().min(1).max(SEARCH_LIMIT_MAX).optional(),
    cursor: z.string().max(CURSOR_MAX_LENGTH).optional(),
  }),
  async call(args, { broker, principal, context }) {
    const found = await (await broker()).searchTools(principal, args, context);
    return 'status' in found ? refusalResult(found) : textAndStructure(shown(found));
  },
});

/** Redacted but for the schemas: an agent has to send what they say, so they are never altered. */
function shown(found: SearchResult): SearchResult {
  const { tools, ...rest } = found;
  return { tools: tools.map(shownTool), ...redactJson(rest) };
}

function shownTool({ inputSchema, outputSchema, ...rest }: FoundTool): FoundTool {
  return { ...redactJson(rest), inputSchema, ...(outputSchema === undefined ? {} : { outputSchema }) };
}
