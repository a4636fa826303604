/** Calls a tool of an upstream server: one that its entry allows and that its list holds. */
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { isObject } from '../core/json-object.js';
import type { UpstreamTool } from '../upstream/index.js';
import type { Broker, CallContext, ProxiedCall } from './broker.js';
import type { AnyServer } from './known-server.js';
import type { ProxiedRequest } from './proxied-request.js';
import { isToolAllowed } from './tool-filter.js';

type CallArguments = Parameters<Broker['callTool']>[1];

/** @throws {BrokerError} `tool_not_found`; `upstream_protocol_error` for a tool that runs only as a task; and as a proxied request does. */
export async function callTool(
  proxied: ProxiedRequest,
  server: AnyServer,
  args: CallArguments,
  context: CallContext,
): Promise<ProxiedCall> {
  if (!isToolAllowed(server, args.toolName)) throw toolNotFound(args.toolName);
  return proxied(server, `tools/call ${args.toolName}`, async (connection) => {
    const list = await connection.listTools(context.signal === undefined ? {} : { signal: context.signal });
    const tool = list.tools.find(({ name }) => name === args.toolName);
    if (tool === undefined && !list.truncated) throw toolNotFound(args.toolName);
    if (tool !== undefined && runsOnlyAsTask(tool)) throw onlyAsTask(args.toolName);
    return connection.callTool(args.toolName, args.arguments ?? {}, context);
  });
}

/** Tasks of 2025-11-25 are not passed on; a server would answer such a call with an error of the protocol at best. */
function runsOnlyAsTask({ execution }: UpstreamTool): boolean {
  return isObject(execution) && execution['taskSupport'] === 'required';
}

function onlyAsTask(toolName: string): BrokerError {
  return new BrokerError(
    'upstream_protocol_error',
    `The tool "${displayText(toolName, 100)}" runs only as a task, and tasks are not passed on.`,
    { nextStep: 'Tell the user that this tool cannot be called here, or look for another one with search_mcp_tools.' },
  );
}

function toolNotFound(toolName: string): BrokerError {
  return new BrokerError('tool_not_found', `The server has no tool called "${displayText(toolName, 100)}".`);
}
