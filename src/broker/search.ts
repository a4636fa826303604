/** Lists the tools of the servers that can be used now, filtered by words; schemas stay as the upstream sent them. */
import type { ServerEntry } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { SEARCH_LIMIT_DEFAULT, UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { RefusedError } from '../upstream/index.js';
import type { Broker, FoundTool, SearchResult } from './broker.js';
import type { Connect } from './connect.js';
import { type AnyServer, allEntries, withOwner } from './known-server.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import type { Reach } from './reach-server.js';
import { isToolAllowed } from './tool-filter.js';
import { type Candidate, rankedTools } from './tool-ranking.js';
import { usableServers } from './usable-servers.js';

type SearchArguments = Parameters<Broker['searchTools']>[1];
type Listed =
  | { readonly kind: 'tools'; readonly tools: readonly Candidate[] }
  | { readonly kind: 'sign_in'; readonly ask: () => Promise<RequiresAuth | RequiresOauthConfig> };

export interface Search {
  /** One server; what connecting says where it needs a sign-in. */
  searchServer(server: AnyServer, args: SearchArguments): Promise<SearchResult | RequiresAuth | RequiresOauthConfig>;
  /** Every server with a usable credential or known to need none; the others are named in `skipped`. */
  searchAll(principal: Principal, args: SearchArguments): Promise<SearchResult>;
}

export function createSearch(parts: Parts, reach: Reach, connect: Connect): Search {
  async function searchServer(
    server: AnyServer,
    args: SearchArguments,
  ): Promise<SearchResult | RequiresAuth | RequiresOauthConfig> {
    const listed = await toolsOf(server);
    return listed.kind === 'tools' ? page(listed.tools, args, []) : listed.ask();
  }

  async function searchAll(principal: Principal, args: SearchArguments): Promise<SearchResult> {
    const entries = await allEntries(parts, principal);
    const usable = await usableServers(
      parts,
      entries.map((entry) => withOwner(entry, principal, DEFAULT_ACCOUNT)),
    );
    const listed = await Promise.all(usable.map(async (server) => ({ server, result: await toolsOrReason(server) })));
    const none: readonly Candidate[] = [];
    const tools = none.concat(...listed.map(({ result }) => (typeof result === 'string' ? [] : result)));
    const failed = listed.flatMap(({ server, result }) =>
      typeof result === 'string' ? [{ serverName: server.entry.serverName, reason: result }] : [],
    );
    return page(tools, args, [...failed, ...signedOut(entries, usable)]);
  }

  async function toolsOf(server: AnyServer): Promise<Listed> {
    const stored = await listStored(server);
    if (stored !== undefined) return stored;
    const payload = await connect.connectAsKept(server);
    if (payload.status !== 'success') return { kind: 'sign_in', ask: async () => payload };
    return (await listStored(server)) ?? { kind: 'tools', tools: [] };
  }

  async function listStored(server: AnyServer): Promise<Listed | undefined> {
    const options = { operation: 'tools/list', connectTimeoutMs: UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS };
    const reached = await reach.asKept(server, options, (connection) => connection.listTools());
    if (reached.kind === 'missing') return undefined;
    if (reached.kind === 'sign_in') return reached;
    const { serverName } = server.entry;
    const tools = reached.value.tools.filter((tool) => isToolAllowed(server.entry, tool.name));
    return { kind: 'tools', tools: tools.map((tool) => ({ serverName, tool })) };
  }

  /** One server that fails, hangs or wants the user leaves the others usable, and begins nothing. */
  async function toolsOrReason(server: AnyServer): Promise<readonly Candidate[] | string> {
    const tooLate = after(UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS, 'upstream_unreachable' as const);
    try {
      const listed = await Promise.race([listStored(server), tooLate.promise]);
      if (listed === 'upstream_unreachable') return listed;
      return listed?.kind === 'tools' ? listed.tools : 'requires_auth';
    } catch (error) {
      if (error instanceof BrokerError) return error.code;
      if (error instanceof RefusedError) return 'requires_auth';
      throw error;
    } finally {
      tooLate.cancel();
    }
  }

  return { searchServer, searchAll };
}

/** The user's own servers that nobody is signed in to; of the catalog nobody expects any tools. */
function signedOut(
  entries: readonly ServerEntry[],
  usable: readonly AnyServer[],
): readonly { readonly serverName: string; readonly reason: string }[] {
  const names = new Set(usable.map((server) => server.entry.serverName));
  return entries
    .filter((entry) => entry.source !== 'catalog' && !names.has(entry.serverName))
    .map((entry) => ({ serverName: entry.serverName, reason: 'requires_auth' }));
}

function after<T>(timeoutMs: number, value: T): { readonly promise: Promise<T>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, value);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

function foundTool({ serverName, tool }: Candidate): FoundTool {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  return {
    serverName,
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    ...(annotations !== undefined && { annotations }),
  };
}

function page(
  candidates: readonly Candidate[],
  args: SearchArguments,
  skipped: readonly { readonly serverName: string; readonly reason: string }[],
): SearchResult {
  const found = rankedTools(candidates, args.query ?? '');
  const start = offsetOf(args.cursor);
  const end = start + (args.limit ?? SEARCH_LIMIT_DEFAULT);
  return {
    tools: found.slice(start, end).map(foundTool),
    total: found.length,
    ...(end < found.length && { nextCursor: Buffer.from(String(end)).toString('base64url') }),
    ...(skipped.length > 0 && { skipped }),
  };
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const offset = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new BrokerError('invalid_input', 'That cursor was not given by this tool.');
}
