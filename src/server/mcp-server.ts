/**
 * The MCP server that a host talks to: the seven tools and the skills, for one connection of either era.
 * `tools/call` goes past the SDK's validation: bad arguments get a payload of ours, and an upstream's result
 * keeps every field, known to the SDK or not.
 */
import {
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Broker, CallContext } from '../broker/index.js';
import type { Log } from '../core/log.js';
import type { Principal } from '../core/principal.js';
import { redactText } from '../core/redaction.js';
import { isObject } from './arguments.js';
import { callTool } from './call-tool.js';
import { definitionOf } from './definition.js';
import { INSTRUCTIONS } from './instructions.js';
import { serveSkillResources } from './skill-resources.js';
import type { SkillLibrary } from './skills.js';
import { TOOLS } from './tools/index.js';

export interface McpServerOptions {
  /** The broker, built when it is first asked for. */
  readonly broker: () => Promise<Broker>;
  /** The principal of a host that calls itself `clientName`; asked once, at the first call. */
  readonly principalFor: (clientName: string | undefined) => Principal;
  readonly skills: SkillLibrary;
  readonly version: string;
  readonly log: Log;
}

/** How long a host of 2026-07-28 may keep our lists, which never change while the process lives. */
const LIST_TTL_MS = 3_600_000;

export function createMcpServer(options: McpServerOptions): Server {
  const { broker, skills, log } = options;
  const server = new Server(
    { name: 'mcp-oauth-broker', title: 'MCP OAuth broker', version: options.version },
    {
      capabilities: { tools: {}, resources: {} },
      instructions: INSTRUCTIONS,
      cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' } },
    },
  );
  const tools = new Map(TOOLS.map((tool) => [tool.name, tool]));
  let principal: Principal | undefined;

  server.setRequestHandler('tools/list', () => ({ tools: TOOLS.map(definitionOf) }));
  serveSkillResources(server, skills);
  server.fallbackRequestHandler = async ({ method, params }, context) => {
    if (method !== 'tools/call') throw new ProtocolError(ProtocolErrorCode.MethodNotFound, 'Method not found');
    principal ??= options.principalFor(clientName(server, context));
    return callTool(tools, params, { broker, skills, principal, context: callContext(context) }, log);
  };
  return server;
}

/** What the host calls itself: of 2026-07-28 on every request, before that at `initialize`. */
function clientName(server: Server, { mcpReq }: ServerContext): string | undefined {
  const envelope: unknown = mcpReq.envelope;
  const clientInfo = isObject(envelope) ? envelope[CLIENT_INFO_META_KEY] : server.getClientVersion();
  const name = isObject(clientInfo) ? clientInfo['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Cancellation always; progress only where the host gave a token for it. */
function callContext({ mcpReq }: ServerContext): CallContext {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { signal: mcpReq.signal };
  return {
    signal: mcpReq.signal,
    onProgress: ({ progress, total, message }) => {
      const params = {
        progressToken,
        progress,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message: redactText(message) }),
      };
      // A host that is gone hears no progress; its end is noticed elsewhere.
      mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
    },
  };
}
