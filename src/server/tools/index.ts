/** The seven tools, always the same, in the order in which an agent meets them. */
import type { Tool } from '../tool.js';
import { callMcpTool } from './call-mcp-tool.js';
import { clearMcpAuth } from './clear-mcp-auth.js';
import { connectToMcpServer } from './connect-to-mcp-server.js';
import { getSkill } from './get-skill.js';
import { listMcpServers } from './list-mcp-servers.js';
import { readMcpResource } from './read-mcp-resource.js';
import { searchMcpTools } from './search-mcp-tools.js';

export const TOOLS: readonly Tool[] = [
  connectToMcpServer,
  clearMcpAuth,
  listMcpServers,
  searchMcpTools,
  callMcpTool,
  readMcpResource,
  getSkill,
];
