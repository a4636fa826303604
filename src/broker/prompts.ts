/** Gets a prompt of an upstream server, or completes an argument of one of its prompts or resource templates. */
import type { Broker, CallContext, ProxiedCall } from './broker.js';
import type { AnyServer } from './known-server.js';
import type { ProxiedRequest } from './proxied-request.js';

/** @throws {BrokerError} as a proxied request does. */
export function getPrompt(
  proxied: ProxiedRequest,
  server: AnyServer,
  args: Parameters<Broker['getPrompt']>[1],
  context: CallContext,
): Promise<ProxiedCall> {
  const params = { name: args.promptName, ...(args.arguments !== undefined && { arguments: args.arguments }) };
  return proxied(server, `prompts/get ${args.promptName}`, (connection) => connection.getPrompt(params, context));
}

/** @throws {BrokerError} as a proxied request does. */
export function complete(
  proxied: ProxiedRequest,
  server: AnyServer,
  args: Parameters<Broker['complete']>[1],
  context: CallContext,
): Promise<ProxiedCall> {
  return proxied(server, 'completion/complete', (connection) => connection.complete(args.params, context));
}
