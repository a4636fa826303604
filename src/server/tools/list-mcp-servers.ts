/** The tool that lists the servers and the state of their credentials, without asking any of them. */
import * as z from 'zod';
import { payloadResult, redactOurs, textAndStructure } from '../payload.js';
import { defineTool, serverName } from '../tool.js';

export const listMcpServers = defineTool({
  name: 'list_mcp_servers',
  title: 'List MCP servers',
  description: 'List the known MCP servers with the state of each account. Makes no network request.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  answersWithPayload: false,
  input: z.strictObject({ serverName: serverName.optional() }),
  async call(args, { broker, principal }) {
    const listed = await (await broker()).listServers(principal, args.serverName);
    return 'status' in listed ? payloadResult(listed) : textAndStructure(redactOurs(listed));
  },
});
