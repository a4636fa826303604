/** Finds tools of the servers that can be used now, best first; schemas stay as the upstream sent them. */
import { abandonable } from '../core/abandonable.js';
import { plainText } from '../core/display-text.js';
import { SEARCH_LIMIT_DEFAULT, TOOL_DESCRIPTION_MAX_LENGTH, TOOL_TITLE_MAX_LENGTH } from '../core/limits.js';
import type { Principal } from '../core/principal.js';
import type { Broker, CallContext, FoundTool, SearchResult } from './broker.js';
import type { Connect } from './connect.js';
import { type AnyServer, allServers } from './known-server.js';
import { listOrReason, requestList } from './list-or-reason.js';
import type { RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts } from './parts.js';
import type { Reach } from './reach-server.js';
import type { Work } from './reached.js';
import { cursorAfter, shownBefore } from './search-cursor.js';
import { isToolAllowed } from './tool-filter.js';
import type { ServerTools } from './tool-index.js';
import type { Candidate, ToolRanking } from './tool-ranking.js';
import { usableServers } from './usable-servers.js';

type SearchArguments = Parameters<Broker['searchTools']>[1];
type Skipped = NonNullable<SearchResult['skipped']>;

/** A server with its tools as it lists them, those that are hidden from the agent included. */
interface ListedServer extends ServerTools {
  readonly server: AnyServer;
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
    const all = await allServers(parts, principal);
    const usable = await usableServers(parts, all);
    const ask = (server: AnyServer) => listOrReason(reach, server, 'tools/list', readTools(server, signal));
    const results = await abandonable(
      Promise.all(usable.map(async (server) => ({ serverName: server.entry.serverName, listed: await ask(server) }))),
      signal,
    );
    const servers = results.flatMap(({ listed }) => (listed.kind === 'listed' ? [listed.list] : []));
    const failed = results.flatMap(({ serverName, listed }) =>
      listed.kind === 'left_out' ? [{ serverName, reason: listed.reason }] : [],
    );
    return page(await found(servers, args, true), args, [...failed, ...signedOut(all, usable)]);
  }

  async function found(
    servers: readonly ListedServer[],
    { query = '' }: SearchArguments,
    isComplete: boolean,
  ): Promise<readonly Candidate[]> {
    ranking ??= import('./tool-ranking.js').then(({ createToolRanking }) => createToolRanking());
    const byName = new Map(servers.map((listed) => [listed.serverName, listed.server]));
    const ranked = (await ranking).rank(servers, query, isComplete);
    return ranked.filter(({ serverName, tool }) => {
      const server = byName.get(serverName);
      return server !== undefined && isToolAllowed(server, tool.name);
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
    const reached = await requestList(reach, server, 'tools/list', readTools(server, signal));
    if (reached.kind === 'missing') return undefined;
    if (reached.kind === 'sign_in') return reached;
    return { kind: 'tools', server: reached.value };
  }

  return { searchServer, searchAll };
}

/** Loads what the first search would load. */
export async function loadSearchParts(): Promise<void> {
  await import('./tool-ranking.js');
}

function readTools(server: AnyServer, signal: AbortSignal | undefined): Work<ListedServer> {
  return async (connection) => {
    const { tools } = await connection.listTools(signal === undefined ? {} : { signal });
    return listedServer(server, tools);
  };
}

function listedServer(server: AnyServer, tools: ServerTools['tools']): ListedServer {
  return { id: JSON.stringify(server.id), serverName: server.entry.serverName, tools, server };
}

/** The user's own servers that nobody is signed in to; of the catalog nobody expects any tools. */
function signedOut(all: readonly AnyServer[], usable: readonly AnyServer[]): Skipped {
  const names = new Set(usable.map((server) => server.entry.serverName));
  return all
    .filter(({ entry }) => entry.source !== 'catalog' && !names.has(entry.serverName))
    .map(({ entry }) => ({ serverName: entry.serverName, reason: 'requires_auth' }));
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
    ...(annotations !== undefined && { annotations: shownAnnotations(annotations) }),
  };
}

/** A title among them is words like the other; what else is there are hints. */
function shownAnnotations({
  title,
  ...hints
}: NonNullable<FoundTool['annotations']>): FoundTool['annotations'] & object {
  return { ...hints, ...(typeof title === 'string' && { title: plainText(title, TOOL_TITLE_MAX_LENGTH) }) };
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
