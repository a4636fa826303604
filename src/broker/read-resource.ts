/** Lists the resources of an upstream server together with its templates, or reads one. */
import { BrokerError } from '../core/errors.js';
import type { UpstreamConnection, UpstreamResult } from '../upstream/index.js';
import type { Broker, CallContext, ProxiedCall } from './broker.js';
import type { AnyServer } from './known-server.js';
import type { ProxiedRequest } from './proxied-request.js';

type ReadArguments = Parameters<Broker['readResource']>[1];

/** @throws {BrokerError} `invalid_input` for a foreign cursor, and as a proxied request does. */
export async function readResource(
  proxied: ProxiedRequest,
  server: AnyServer,
  args: ReadArguments,
  context: CallContext,
): Promise<ProxiedCall> {
  const { uri } = args;
  if (uri !== undefined)
    return proxied(server, 'resources/read', async (connection) => {
      const result = await connection.readResource(uri, context);
      arrayIn(result, 'contents');
      return result;
    });
  const from = parseCursor(args.cursor);
  return proxied(server, 'resources/list', (connection) => listing(connection, from, context));
}

/** Resources and templates in one listing; each has a cursor of its own, joined into one opaque one. */
async function listing(
  connection: UpstreamConnection,
  from: ListingCursor,
  context: CallContext,
): Promise<UpstreamResult> {
  const resources =
    from.resources === null ? { resources: [] } : await connection.listResources(from.resources, context);
  const templates =
    from.templates === null
      ? { resourceTemplates: [] }
      : await connection.listResourceTemplates(from.templates, context);
  const next = { resources: cursorOf(resources), templates: cursorOf(templates) };
  const hasMore = next.resources !== null || next.templates !== null;
  return {
    resources: arrayIn(resources, 'resources'),
    resourceTemplates: arrayIn(templates, 'resourceTemplates'),
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

/** @throws {BrokerError} `upstream_protocol_error` where it is none. */
function arrayIn(result: UpstreamResult, member: string): readonly unknown[] {
  const value = result[member];
  if (Array.isArray(value)) return value;
  throw new BrokerError('upstream_protocol_error', `The server answered without ${member}.`);
}
