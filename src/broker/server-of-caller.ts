/** What is meant by a server or a provider in a call: its entry, whose it is for the caller, and for which account. */
import type { RemoteServerEntry, ServerEntry, StdioServerEntry } from '../catalog/index.js';
import { type Owner, ownerTuple, type Principal } from '../core/principal.js';

/** A server that is reached by its URL. */
export type KnownServer = ServerOf<RemoteServerEntry>;

/** A server that is a program of this machine. */
export type StartedServer = ServerOf<StdioServerEntry>;

export type AnyServer = KnownServer | StartedServer;

/** A server, whose it is for the caller, and which of the caller's accounts is meant. */
export interface ServerOf<Entry extends ServerEntry> {
  readonly entry: Entry;
  readonly principal: Principal;
  readonly owner: Owner;
  readonly account: string;
  /** Set where this is no MCP server but an OAuth provider, whose token a server needs. */
  readonly provider?: { readonly id: string; readonly neededBy: string };
  /** What the user allows the caller's agent of its tools; without a choice, all that its entry allows. */
  readonly chosenTools?: ReadonlySet<string> | undefined;
  /** Identifier of its grant, secret, pending sign-in and observation. */
  readonly id: readonly string[];
}

export function isStarted(server: AnyServer): server is StartedServer {
  return server.entry.kind === 'stdio';
}

/** What everything that is noted of a server is bound to: its URL, or its whole command. */
export function boundUrl(entry: ServerEntry): string {
  return entry.kind === 'remote' ? entry.url : `stdio:${JSON.stringify([entry.command, ...entry.args])}`;
}

/** Two spellings of one URL: only what WHATWG parsing makes equal is equal. */
export function isSameUrl(a: string, b: string): boolean {
  return new URL(a).href === new URL(b).href;
}

/** The server that a record was made for, as far as that says who it was: a shared one names no user. */
export function recordedServer(
  { owner, account }: { readonly owner: Owner; readonly account: string },
  entry: RemoteServerEntry,
): KnownServer {
  const principal = { team: owner.team, user: owner.user ?? '', agent: owner.agent ?? '' };
  return { entry, principal, owner, account, id: [...ownerTuple(owner), entry.serverName, account] };
}
