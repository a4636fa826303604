/** The tool that signs out: forgets and revokes what is stored for a server. */
import * as z from 'zod';
import { payloadResult } from '../payload.js';
import { account, defineTool, serverName } from '../tool.js';

export const clearMcpAuth = defineTool({
  name: 'clear_mcp_auth',
  title: 'Clear MCP authorization',
  description:
    'Sign out of an MCP server: revoke and delete its stored credentials. Without account: all accounts and the client configuration.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  answersWithPayload: true,
  input: z.strictObject({ serverName, account }),
  async call(args, { broker, principal }) {
    return payloadResult(await (await broker()).clearAuth(principal, args));
  },
});
