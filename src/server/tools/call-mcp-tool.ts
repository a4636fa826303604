/** The tool that calls a tool of a connected server and gives its result back as it came. */
import * as z from 'zod';
import { TOOL_NAME_MAX_LENGTH } from '../../core/limits.js';
import { proxiedResult } from '../payload.js';
import { account, defineTool, serverName } from '../tool.js';

export const callMcpTool = defineTool({
  name: 'call_mcp_tool',
  title: 'Call MCP tool',
  description:
    "Call a tool of a connected MCP server; returns that server's own result. arguments must match the inputSchema that " +
    'search_mcp_tools shows. Where sign-in is missing: a requires_auth payload.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  answersWithPayload: false,
  input: z.strictObject({
    serverName,
    toolName: z.string().min(1).max(TOOL_NAME_MAX_LENGTH),
    arguments: z.record(z.string(), z.unknown()).optional(),
    account,
  }),
  async call(args, { broker, principal, context }) {
    const { callTool, noteEchoedSecret } = await broker();
    return proxiedResult(
      await callTool(principal, args, context),
      (result) => result,
      () => noteEchoedSecret(principal, args),
    );
  },
});
