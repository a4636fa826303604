/**
 * Removes a server that an agent added, with everything that is stored for it. Behind an entry of the user's file of
 * the same name, what is stored is that one's.
 */
import type { Principal } from '../core/principal.js';
import { clearAuth } from './clear-auth.js';
import { findEntry } from './known-server.js';
import type { Parts } from './parts.js';
import { forgetToolChoices } from './tool-choice.js';

/** Returns whether there was one. */
export async function removeAddedServer(parts: Parts, principal: Principal, serverName: string): Promise<boolean> {
  if (!(await parts.vaultExists())) return false;
  const vault = await parts.vault();
  const id = [principal.team, principal.user, serverName];
  if ((await vault.addedServers.get(id)) === undefined) return false;
  await parts.audit.record(principal, { event: 'server_removed', serverName });
  if ((await findEntry(parts, principal, serverName))?.source === 'agent') {
    await clearAuth(parts, principal, { serverName }, { allowShared: false });
    await forgetToolChoices(vault, principal, serverName);
  }
  return vault.addedServers.delete(id);
}
