/** Finds tools of the servers that can be used now, best first; schemas stay as the upstream sent them. */
import type { ServerEntry } from '../catalog/index.js';
import { abandonable } from '../core/abandonable.js';
import { plainText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import {
  SEARCH_LIMIT_DEFAULT,
  TOOL_DESCRIPTION_MAX_LENGTH,
  TOOL_TITLE_MAX_LENGTH,
  UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS,
} from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { RefusedError } from '../upstream/index.js';
import type { Broker, CallContext, FoundTool, SearchResult } from './broker.js';
import type { Connect } from './connect.js';
import { type AnyServer, allEntries, withOwner } from './known-server.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import type { Reach } from './reach-server.js';
import { cursorAfter, shownBefore } from './search-cursor.js';
import { isToolAllowed } from './tool-filter.js';
import type { ServerTools } from './tool-index.js';
import type { Candidate, ToolRanking } from './tool-ranking.js';
import { usableServers } from './usable-servers.js';

type SearchArguments = Parameters<Broker['searchTools']>[1];
type Skipped = NonNullable<SearchResult['skipped']>;

/** A server with its tools as it lists them, those that its entry hides included. */
interface ListedServer extends ServerTools {
  readonly entry: ServerEntry;
}

type Listed =
  | { readonly kind: 'tools'; readonly server: ListedServer }
  | { readonly kind: 'sign_in'; readonly ask: () => Promise<RequiresAuth | RequiresOauthConfig> };

/** Every operation rejects with the signal's reason where the caller cancels. */
export interface Search {
  /** One server; what connecting says where it needs a sign-in. */
  searchServer(
    server: AnyServer,
    args: SearchArguments,
    context: CallContext,
  ): Promise<SearchResult | RequiresAuth | RequiresOauthConfig>;
  /** Every server with a usable credential or known to need none; the others are named in `skipped`. */
  searchAll(principal: Principal, args: SearchArguments, context: CallContext): Promise<SearchResult>;
}

export function createSearch(parts: Parts, reach: Reach, connect: Connect): Search {
  /** Loaded with the first search. */
  let ranking: Promise<ToolRanking> | undefined;

  async function searchServer(
    server: AnyServer,
    args: SearchArguments,
    { signal }: CallContext,
  ): Promise<SearchResult | RequiresAuth | RequiresOauthConfig> {
    const listed = await abandonable(toolsOf(server, signal), signal);
    return listed.kind === 'tools' ? page(await found([listed.server], args, false), args, []) : listed.ask();
  }

  async function searchAll(
    principal: Principal,
    args: SearchArguments,
    { signal }: CallContext,
  ): Promise<SearchResult> {
    const entries = await allEntries(parts, principal);
    const usable = await usableServers(
      parts,
      entries.map((entry) => withOwner(entry, principal, DEFAULT_ACCOUNT)),
    );
    const results = await abandonable(
      Promise.all(usable.map(async (server) => ({ server, listed: await toolsOrReason(server, signal) }))),
      signal,
    );
    const servers = results.flatMap(({ listed }) => (typeof listed === 'string' ? [] : [listed]));
    const failed = results.flatMap(({ server, listed }) =>
      typeof listed === 'string' ? [{ serverName: server.entry.serverName, reason: listed }] : [],
    );
    return page(await found(servers, args, true), args, [...failed, ...signedOut(entries, usable)]);
  }

  async function found(
    servers: readonly ListedServer[],
    { query = '' }: SearchArguments,
    isComplete: boolean,
  ): Promise<readonly Candidate[]> {
    ranking ??= import('./tool-ranking.js').then(({ createToolRanking }) => createToolRanking());
    const entries = new Map(servers.map(({ serverName, entry }) => [serverName, entry]));
    const ranked = (await ranking).rank(servers, query, isComplete);
    return ranked.filter(({ serverName, tool }) => {
      const entry = entries.get(serverName);
      return entry !== undefined && isToolAllowed(entry, tool.name);
    });
  }

  async function toolsOf(server: AnyServer, signal: AbortSignal | undefined): Promise<Listed> {
    const stored = await listStored(server, signal);
    if (stored !== undefined) return stored;
    const payload = await connect.connectAsKept(server);
    if (payload.status !== 'success') return { kind: 'sign_in', ask: async () => payload };
    return (await listStored(server, signal)) ?? { kind: 'tools', server: listedServer(server, []) };
  }

  async function listStored(server: AnyServer, signal: AbortSignal | undefined): Promise<Listed | undefined> {
    const options = { operation: 'tools/list', connectTimeoutMs: UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS };
    const reached = await reach.asKept(server, options, (connection) =>
      connection.listTools(signal === undefined ? {} : { signal }),
    );
    if (reached.kind === 'missing') return undefined;
    if (reached.kind === 'sign_in') return reached;
    return { kind: 'tools', server: listedServer(server, reached.value.tools) };
  }

  /** One server that fails, hangs or wants the user leaves the others usable, and begins nothing. */
  async function toolsOrReason(server: AnyServer, signal: AbortSignal | undefined): Promise<ListedServer | string> {
    const tooLate = after(UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS, 'upstream_unreachable' as const);
    try {
      const listed = await Promise.race([listStored(server, signal), tooLate.promise]);
      if (listed === 'upstream_unreachable') return listed;
      return listed?.kind === 'tools' ? listed.server : 'requires_auth';
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

/** Loads what the first search would load. */
export async function loadSearchParts(): Promise<void> {
  await import('./tool-ranking.js');
}

function listedServer({ entry, id }: AnyServer, tools: ServerTools['tools']): ListedServer {
  return { id: JSON.stringify(id), serverName: entry.serverName, tools, entry };
}

/** The user's own servers that nobody is signed in to; of the catalog nobody expects any tools. */
function signedOut(entries: readonly ServerEntry[], usable: readonly AnyServer[]): Skipped {
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

/** Title and description are read as text; a schema is what has to be sent, to the letter. */
function foundTool({ serverName, tool }: Candidate): FoundTool {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  return {
    serverName,
    name,
    ...(title !== undefined && { title: plainText(title, TOOL_TITLE_MAX_LENGTH) }),
    ...(description !== undefined && { description: plainText(description, TOOL_DESCRIPTION_MAX_LENGTH) }),
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    ...(annotations !== undefined && { annotations }),
  };
}

function page(found: readonly Candidate[], args: SearchArguments, skipped: Skipped): SearchResult {
  const start = shownBefore(found, args.cursor, args);
  const end = start + (args.limit ?? SEARCH_LIMIT_DEFAULT);
  return {
    tools: found.slice(start, end).map(foundTool),
    total: found.length,
    ...(end < found.length && { nextCursor: cursorAfter(found, end, args) }),
    ...(skipped.length > 0 && { skipped }),
  };
}
