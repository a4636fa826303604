/**
 * Asks every server that can be asked without a word of the user for one of its lists.
 * One that fails, hangs or wants the user leaves the others usable, and begins nothing.
 */
import { BrokerError } from '../core/errors.js';
import { UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import { RefusedError, type UpstreamConnection } from '../upstream/index.js';
import type { Definition, ListKind, ServerList } from './broker.js';
import { type AnyServer, allEntries, withOwner } from './known-server.js';
import type { Parts } from './parts.js';
import type { Reach } from './reach-server.js';
import { isToolAllowed } from './tool-filter.js';
import { usableServers } from './usable-servers.js';

export interface EveryServer {
  /** In order of name; makes no request. */
  usable(principal: Principal): Promise<readonly AnyServer[]>;
  /** In the order of `servers`; none is waited for longer than UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS. */
  lists(servers: readonly AnyServer[], kind: ListKind): Promise<readonly ServerList[]>;
}

export function createEveryServer(parts: Parts, reach: Reach): EveryServer {
  async function usable(principal: Principal): Promise<readonly AnyServer[]> {
    const entries = await allEntries(parts, principal);
    return usableServers(
      parts,
      entries.map((entry) => withOwner(entry, principal, DEFAULT_ACCOUNT)),
    );
  }

  async function listOrReason(server: AnyServer, kind: ListKind): Promise<ServerList> {
    const { serverName } = server.entry;
    const leftOut = (reason: string): ServerList => ({ serverName, kind: 'left_out', reason });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<ServerList>((resolve) => {
      timer = setTimeout(() => resolve(leftOut('upstream_unreachable')), UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS);
    });
    try {
      return await Promise.race([storedList(server, kind, leftOut), tooLate]);
    } catch (error) {
      if (error instanceof BrokerError) return leftOut(error.code);
      if (error instanceof RefusedError) return leftOut('requires_auth');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function storedList(
    server: AnyServer,
    kind: ListKind,
    leftOut: (reason: string) => ServerList,
  ): Promise<ServerList> {
    const options = { operation: `${kind}/list`, connectTimeoutMs: UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS };
    const reached = await reach.asKept(server, options, (connection) => definitions(server, connection, kind));
    if (reached.kind !== 'done') return leftOut('requires_auth');
    return { serverName: server.entry.serverName, kind: 'listed', definitions: reached.value };
  }

  return {
    usable,
    lists: (servers, kind) => Promise.all(servers.map((server) => listOrReason(server, kind))),
  };
}

async function definitions(
  server: AnyServer,
  connection: UpstreamConnection,
  kind: ListKind,
): Promise<readonly Definition[]> {
  if (kind === 'prompts') return connection.listPrompts();
  const { tools } = await connection.listTools();
  return tools.filter((tool) => isToolAllowed(server.entry, tool.name));
}
