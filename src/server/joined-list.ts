/**
 * The tools or prompts of all servers in one list. Towards a host of 2026-07-28 it is that of servers settled once,
 * since no request may change such a list as a side effect (SEP-2567); towards an older one, of those that can be
 * asked now.
 */
import type { Broker, Definition, ListKind } from '../broker/index.js';
import type { Principal } from '../core/principal.js';
import type { ProtocolEra } from './protocol-era.js';

export interface Listed {
  readonly serverName: string;
  readonly definition: Definition;
}

/** Every operation throws BrokerError where the vault or the user's file cannot be read. */
export interface JoinedList {
  /** Settles which servers count, where that is done once; the first reading does it otherwise. */
  settle(principal: Principal): Promise<void>;
  /** In order of the servers' names, and within a server in its own order. */
  read(principal: Principal): Promise<readonly Listed[]>;
}

export function createJoinedList(broker: () => Promise<Broker>, kind: ListKind, era: ProtocolEra): JoinedList {
  return era === 'modern' ? settledList(broker, kind) : presentList(broker, kind);
}

/** What a server listed first stays; one that could not be asked is asked again by the next reading. */
function settledList(broker: () => Promise<Broker>, kind: ListKind): JoinedList {
  const definitionsOf = new Map<string, readonly Definition[]>();
  let settled: Promise<readonly string[]> | undefined;

  const servers = (principal: Principal): Promise<readonly string[]> => {
    settled ??= broker()
      .then((ready) => ready.usableServers(principal))
      .catch((error: unknown) => {
        settled = undefined;
        throw error;
      });
    return settled;
  };

  return {
    settle: async (principal) => void (await servers(principal)),
    async read(principal) {
      const serverNames = await servers(principal);
      const unread = serverNames.filter((serverName) => !definitionsOf.has(serverName));
      const lists = unread.length === 0 ? [] : await (await broker()).listOfEach(principal, kind, unread);
      for (const list of lists) {
        if (list.kind === 'listed' && !definitionsOf.has(list.serverName))
          definitionsOf.set(list.serverName, list.definitions);
      }
      return serverNames.flatMap((serverName) => listedBy(serverName, definitionsOf));
    },
  };
}

/** A server that cannot be reached for the moment is listed as it was; one that wants a sign-in is not connected. */
function presentList(broker: () => Promise<Broker>, kind: ListKind): JoinedList {
  const definitionsOf = new Map<string, readonly Definition[]>();
  return {
    settle: async () => {},
    async read(principal) {
      const lists = await (await broker()).listOfEach(principal, kind);
      const present = new Set(lists.map(({ serverName }) => serverName));
      for (const serverName of definitionsOf.keys()) if (!present.has(serverName)) definitionsOf.delete(serverName);
      for (const list of lists) {
        if (list.kind === 'listed') definitionsOf.set(list.serverName, list.definitions);
        else if (list.reason === 'requires_auth') definitionsOf.delete(list.serverName);
      }
      return lists.flatMap(({ serverName }) => listedBy(serverName, definitionsOf));
    },
  };
}

function listedBy(serverName: string, definitionsOf: ReadonlyMap<string, readonly Definition[]>): readonly Listed[] {
  return (definitionsOf.get(serverName) ?? []).map((definition) => ({ serverName, definition }));
}
