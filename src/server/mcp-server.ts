/**
 * The MCP server that a host talks to: the seven tools, the skills, and the prompts of the usable servers (their tools
 * as well where they are mirrored), for one connection of either era.
 * `tools/call` goes past the SDK's validation: bad arguments get a payload of ours, and an upstream's result
 * keeps every field, known to the SDK or not.
 */
import {
  type CallToolResult,
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import type { Broker } from '../broker/index.js';
import { isObject } from '../core/json-object.js';
import type { Log } from '../core/log.js';
import type { Principal } from '../core/principal.js';
import { attendedBroker } from './attended-broker.js';
import { callTool } from './call-tool.js';
import { definitionOf } from './definition.js';
import { createHostCalls } from './host-calls.js';
import { INSTRUCTIONS } from './instructions.js';
import { createMirroredTools } from './mirrored-tools.js';
import { isPayload, type ToolResult } from './payload.js';
import { createPromptMethods } from './prompts.js';
import type { ProtocolEra } from './protocol-era.js';
import { serveSkillResources } from './skill-resources.js';
import type { SkillLibrary } from './skills.js';
import { createTemplateOwners } from './template-owners.js';
import { TOOLS } from './tools/index.js';

export interface McpServerOptions {
  /** The broker, built when it is first asked for. */
  readonly broker: () => Promise<Broker>;
  /** The principal of a host that calls itself `clientName`; asked once, at the first call. */
  readonly principalFor: (clientName: string | undefined) => Principal;
  readonly skills: SkillLibrary;
  readonly era: ProtocolEra;
  /** `mirror`: the tools of the connected servers are listed beside the seven. */
  readonly tools: 'fixed' | 'mirror';
  readonly version: string;
  readonly log: Log;
}

/** How long a host of 2026-07-28 may keep our lists, which never change while the process lives. */
const LIST_TTL_MS = 3_600_000;

export function createMcpServer(options: McpServerOptions): Server {
  const { skills, era, log } = options;
  const isMirroring = options.tools === 'mirror';
  const server = new Server(
    { name: 'mcp-oauth-broker', title: 'MCP OAuth broker', version: options.version },
    {
      capabilities: {
        tools: isMirroring && era === 'legacy' ? { listChanged: true } : {},
        resources: {},
        prompts: {},
        completions: {},
        logging: {},
      },
      instructions: INSTRUCTIONS,
      ...(isMirroring ? {} : { cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' } } }),
    },
  );
  const calls = createHostCalls(server, { era });
  const broker = attendedBroker(server, calls, options.broker);
  const tools = new Map(TOOLS.map((tool) => [tool.name, tool]));
  const templates = createTemplateOwners();
  const promptMethods = createPromptMethods({ broker, era, templates, log });
  const mirrored = isMirroring
    ? createMirroredTools({ broker, era, reserved: [...tools.keys()], notify: () => server.sendToolListChanged(), log })
    : undefined;
  let principal: Principal | undefined;
  const principalOf = (context: ServerContext): Principal => {
    principal ??= options.principalFor(clientName(server, context));
    return principal;
  };

  server.setRequestHandler('tools/list', async (_request, context) => {
    calls.attend(context);
    const foreign = (await mirrored?.definitions(principalOf(context))) ?? [];
    return { tools: [...TOOLS.map(definitionOf), ...foreign] };
  });
  serveSkillResources(server, skills);
  server.fallbackRequestHandler = async ({ method, params }, context) => {
    const caller = principalOf(context);
    const serve = promptMethods.get(method);
    if (serve !== undefined) return calls.run(context, params, (call) => serve(params ?? {}, caller, call));
    if (method !== 'tools/call') throw new ProtocolError(ProtocolErrorCode.MethodNotFound, 'Method not found');
    const called = mirrored === undefined ? params : await mirrored.asProxiedCall(params, caller);
    const result = await calls.run(context, params, (call) =>
      callTool(tools, called, { broker, skills, templates, principal: caller, context: call }, log),
    );
    return era === 'modern' || isPayload(result)
      ? result
      : forOlderHost(server, result, mirrored?.outputSchemaOf(params));
  };
  return server;
}

/** A structured result that is no object is wrapped in one, as the host was told where the tool is mirrored (SEP-2106). */
function forOlderHost(server: Server, result: ToolResult, outputSchema: Tool['outputSchema']): ToolResult {
  return server.projectCallToolResult(result as CallToolResult, outputSchema);
}

/** What the host calls itself: of 2026-07-28 on every request, before that at `initialize`. */
function clientName(server: Server, { mcpReq }: ServerContext): string | undefined {
  const envelope: unknown = mcpReq.envelope;
  const clientInfo = isObject(envelope) ? envelope[CLIENT_INFO_META_KEY] : server.getClientVersion();
  const name = isObject(clientInfo) ? clientInfo['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}
