/**
 * Asks every server that can be asked without a word of the user for one of its lists.
 * One that fails, hangs or wants the user leaves the others usable, and begins nothing.
 */
import type { Principal } from '../core/principal.js';
import type { UpstreamConnection } from '../upstream/index.js';
import type { Definition, ListKind, ServerList } from './broker.js';
import { type AnyServer, allServers } from './known-server.js';
import { listOrReason } from './list-or-reason.js';
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
    return usableServers(parts, await allServers(parts, principal));
  }

  async function listOf(server: AnyServer, kind: ListKind): Promise<ServerList> {
    const { serverName } = server.entry;
    const listed = await listOrReason(reach, server, `${kind}/list`, (connection) =>
      definitions(server, connection, kind),
    );
    return listed.kind === 'listed'
      ? { serverName, kind: 'listed', definitions: listed.list }
      : { serverName, kind: 'left_out', reason: listed.reason };
  }

  return {
    usable,
    lists: (servers, kind) => Promise.all(servers.map((server) => listOf(server, kind))),
  };
}

async function definitions(
  server: AnyServer,
  connection: UpstreamConnection,
  kind: ListKind,
): Promise<readonly Definition[]> {
  if (kind === 'prompts') return connection.listPrompts();
  const { tools } = await connection.listTools();
  return tools.filter((tool) => isToolAllowed(server, tool.name));
}
