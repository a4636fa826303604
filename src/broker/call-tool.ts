/** Calls a tool of an upstream server: one that its entry allows and that its list holds. */
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import type { Broker, CallContext, ProxiedCall } from './broker.js';
import type { AnyServer } from './known-server.js';
import type { ProxiedRequest } from './proxied-request.js';
import { isToolAllowed } from './tool-filter.js';

type CallArguments = Parameters<Broker['callTool']>[1];

/** @throws {BrokerError} `tool_not_found`, and as a proxied request does. */
export async function callTool(
  proxied: ProxiedRequest,
  server: AnyServer,
  args: CallArguments,
  context: CallContext,
): Promise<ProxiedCall> {
  if (!isToolAllowed(server, args.toolName)) throw toolNotFound(args.toolName);
  return proxied(server, `tools/call ${args.toolName}`, async (connection) => {
    const list = await connection.listTools(context.signal === undefined ? {} : { signal: context.signal });
    const isKnown = list.truncated || list.tools.some((tool) => tool.name === args.toolName);
    if (!isKnown) throw toolNotFound(args.toolName);
    return connection.callTool(args.toolName, args.arguments ?? {}, context);
  });
}

function toolNotFound(toolName: string): BrokerError {
  return new BrokerError('tool_not_found', `The server has no tool called "${displayText(toolName, 100)}".`);
}
