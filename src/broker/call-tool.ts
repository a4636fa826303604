/** Calls a tool of an upstream server, or reads its resources, with whatever sign-in that needs first. */

import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import type { UpstreamConnection, UpstreamResult } from '../upstream/index.js';
import type { Broker, CallContext, ProxiedCall } from './broker.js';
import type { Connect } from './connect.js';
import { keepConfiguration } from './kept-configuration.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import type { Reach } from './reach-server.js';
import { isToolAllowed } from './tool-filter.js';

type CallArguments = Parameters<Broker['callTool']>[1];
type ReadArguments = Parameters<Broker['readResource']>[1];

export interface Calls {
  /** @throws {BrokerError} `tool_not_found`, `upstream_unreachable`, `upstream_protocol_error`, and as connecting does. */
  callTool(server: KnownServer, args: CallArguments, context: CallContext): Promise<ProxiedCall>;
  readResource(server: KnownServer, args: ReadArguments, context: CallContext): Promise<ProxiedCall>;
}

export function createCalls(parts: Parts, reach: Reach, connect: Connect): Calls {
  async function callTool(server: KnownServer, args: CallArguments, context: CallContext): Promise<ProxiedCall> {
    if (!isToolAllowed(server.entry, args.toolName)) throw toolNotFound(args.toolName);
    return proxied(server, `tools/call ${args.toolName}`, async (connection) => {
      const list = await connection.listTools(context.signal === undefined ? {} : { signal: context.signal });
      const isKnown = list.truncated || list.tools.some((tool) => tool.name === args.toolName);
      if (!isKnown) throw toolNotFound(args.toolName);
      return connection.callTool(args.toolName, args.arguments ?? {}, context);
    });
  }

  async function readResource(server: KnownServer, args: ReadArguments, context: CallContext): Promise<ProxiedCall> {
    const { uri } = args;
    if (uri !== undefined)
      return proxied(server, 'resources/read', (connection) => connection.readResource(uri, context));
    return proxied(server, 'resources/list', (connection) => listing(connection, args.cursor, context));
  }

  /** Through the stored credential; where there is none yet, what connecting says. */
  async function proxied(
    server: KnownServer,
    operation: string,
    work: (connection: UpstreamConnection) => Promise<UpstreamResult>,
  ): Promise<ProxiedCall> {
    const configuration = await keepConfiguration(parts, server, {});
    const reached = await reach.withStored(server, configuration, { operation }, work);
    if (reached.kind === 'done') return { kind: 'upstream', result: reached.value };
    if (reached.kind === 'sign_in') return { kind: 'outcome', outcome: await reached.ask() };
    const payload = await connect.connectAsKept(server);
    if (payload.status !== 'success') return { kind: 'outcome', outcome: payload };
    return afterConnecting(server, operation, work);
  }

  async function afterConnecting(
    server: KnownServer,
    operation: string,
    work: (connection: UpstreamConnection) => Promise<UpstreamResult>,
  ): Promise<ProxiedCall> {
    const reached = await reach.withStored(server, await keepConfiguration(parts, server, {}), { operation }, work);
    if (reached.kind === 'done') return { kind: 'upstream', result: reached.value };
    if (reached.kind === 'sign_in') return { kind: 'outcome', outcome: await reached.ask() };
    throw new BrokerError('upstream_unreachable', 'The server could be connected to a moment ago and no longer.', {
      retryable: true,
    });
  }

  return { callTool, readResource };
}

/** Resources and templates in one listing; each has a cursor of its own, joined into one opaque one. */
async function listing(
  connection: UpstreamConnection,
  cursor: string | undefined,
  context: CallContext,
): Promise<UpstreamResult> {
  const at = parseCursor(cursor);
  const resources = at.resources === null ? {} : await connection.listResources(at.resources, context);
  const templates = at.templates === null ? {} : await connection.listResourceTemplates(at.templates, context);
  const next = { resources: cursorOf(resources), templates: cursorOf(templates) };
  const hasMore = next.resources !== null || next.templates !== null;
  return {
    resources: resources['resources'] ?? [],
    resourceTemplates: templates['resourceTemplates'] ?? [],
    ...(hasMore && { nextCursor: Buffer.from(JSON.stringify(next)).toString('base64url') }),
  };
}

/** Where each listing goes on; null: it has ended, undefined: from its beginning. */
interface ListingCursor {
  readonly resources: string | null | undefined;
  readonly templates: string | null | undefined;
}

function parseCursor(cursor: string | undefined): ListingCursor {
  if (cursor === undefined) return { resources: undefined, templates: undefined };
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (error) {
    throw new BrokerError('invalid_input', 'That cursor was not given by this tool.', { cause: error });
  }
  const { resources, templates } = (parsed ?? {}) as Record<string, unknown>;
  if (isCursorPart(resources) && isCursorPart(templates)) return { resources, templates };
  throw new BrokerError('invalid_input', 'That cursor was not given by this tool.');
}

function isCursorPart(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function cursorOf(page: UpstreamResult): string | null {
  const cursor = page['nextCursor'];
  return typeof cursor === 'string' ? cursor : null;
}

function toolNotFound(toolName: string): BrokerError {
  return new BrokerError('tool_not_found', `The server has no tool called "${displayText(toolName, 100)}".`);
}
