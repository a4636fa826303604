/** The user's file and the built-in servers, behind one interface. Looking up never writes; writing is done one at a time. */
import type { BrokerError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { builtInServers } from './built-in.js';
import type { Catalog } from './server-entry.js';
import { createServersFileReader } from './servers-file.js';
import { addEntry, removeEntry } from './write-servers-file.js';

export interface CatalogOptions {
  /** Absolute path of `servers.json`; it need not exist. */
  readonly path: string;
  readonly log: Log;
  /** Runs `work` while no other process writes the file (the vault's lease). Without it only this process is kept in order. */
  readonly exclusive?: <T>(work: () => Promise<T>) => Promise<T>;
}

const builtInByName = new Map(builtInServers.map((entry) => [entry.serverName, entry]));

/** The catalog over the file at `options.path`. Nothing is read before the first lookup. */
export function createCatalog(options: CatalogOptions): Catalog {
  const { path, log } = options;
  const reader = createServersFileReader(path, log);
  const acrossProcesses = options.exclusive ?? ((work) => work());
  let lastWrite: Promise<unknown> = Promise.resolve();

  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = lastWrite.then(() => acrossProcesses(work));
    lastWrite = result.catch(() => undefined);
    return result;
  }

  return {
    async findUserEntry(serverName) {
      const { servers, brokenServers } = await reader.read();
      return usable(serverName, servers, brokenServers);
    },
    async userEntries() {
      return [...(await reader.read()).servers.values()];
    },
    findBuiltIn: (serverName) => builtInByName.get(serverName),
    builtInEntries: () => builtInServers,
    async findOAuthProvider(id) {
      const { oauthProviders, brokenProviders } = await reader.read();
      return usable(id, oauthProviders, brokenProviders);
    },
    async oauthProviders() {
      return (await reader.read()).oauthProviders;
    },
    async settings() {
      const { allowedRedirectUris, allowedPrivateHosts } = await reader.read();
      return { allowedRedirectUris, allowedPrivateHosts };
    },
    async fileNotes() {
      return (await reader.read()).notes;
    },
    addUserEntry: (serverName, entry) => exclusive(() => addEntry(path, serverName, entry)),
    async removeUserEntry(serverName) {
      // Only a write takes the vault's lease, which makes a vault where there is none.
      const { servers, brokenServers } = await reader.read();
      const isThere = servers.has(serverName) || brokenServers.has(serverName);
      return isThere && exclusive(() => removeEntry(path, serverName));
    },
  };
}

/** The entry of that name; one that is broken is no reason to take another of the same name, from an agent or the catalog. */
function usable<T>(
  name: string,
  entries: ReadonlyMap<string, T>,
  broken: ReadonlyMap<string, BrokerError>,
): T | undefined {
  const entry = entries.get(name);
  const problem = broken.get(name);
  if (entry === undefined && problem !== undefined) throw problem;
  return entry;
}
