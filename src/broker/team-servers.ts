/** The team's servers: by name and URL, in the vault, for every member. */
import { createRemoteEntry, type RemoteServerEntry } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import type { TeamServer } from '../vault/index.js';
import type { Parts } from './parts.js';

/** The team's server of that name. */
export async function findTeamServer(
  parts: Parts,
  { team }: Principal,
  serverName: string,
): Promise<RemoteServerEntry | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  const found = await (await parts.vault()).teamServers.get([team, serverName]);
  return found && entryOf(found.value);
}

export async function teamServers(parts: Parts, { team }: Principal): Promise<readonly RemoteServerEntry[]> {
  if (!(await parts.vaultExists())) return [];
  return (await (await parts.vault()).teamServers.list([team])).map(({ value }) => entryOf(value));
}

/** @throws {BrokerError} `url_not_allowed`, `insecure_url`; `invalid_input` where the team has that name already. */
export async function addTeamServer(
  parts: Parts,
  principal: Principal,
  { serverName, url }: { readonly serverName: string; readonly url: string },
): Promise<void> {
  const { href } = await parts.network.checkServerUrl(url);
  const record: TeamServer = { serverName, url: href, addedAt: parts.clock.now() };
  const { teamServers: collection } = await parts.vault();
  const id = [principal.team, serverName];
  if ((await collection.get(id)) === undefined) {
    await parts.audit.record(principal, { event: 'server_added', serverName, detail: new URL(href).origin });
    if ((await collection.compareAndSwap(id, record, 0)) !== undefined) return;
  }
  throw new BrokerError('invalid_input', `The team has a server "${serverName}" already.`, {
    nextStep: `Choose another name, or remove "${serverName}" first.`,
  });
}

/** @returns whether there was one. */
export async function removeTeamServer(parts: Parts, principal: Principal, serverName: string): Promise<boolean> {
  if (!(await parts.vaultExists())) return false;
  const { teamServers: collection } = await parts.vault();
  const isThere = (await collection.list([principal.team])).some(({ value }) => value.serverName === serverName);
  if (isThere) await parts.audit.record(principal, { event: 'server_removed', serverName });
  return collection.delete([principal.team, serverName]);
}

function entryOf({ serverName, url }: TeamServer): RemoteServerEntry {
  return createRemoteEntry({ serverName, url, source: 'team' });
}
