/** Waits for an exchange that is under way: an answer that just arrived is not overtaken. */
import type { PendingAuthorization } from '../vault/index.js';
import { exchangeLease } from './complete-authorization.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';

/** The sign-in that waits, once nobody is redeeming a code for it; undefined where there is none, or it has just succeeded. */
export async function settledPending(parts: Parts, server: KnownServer): Promise<PendingAuthorization | undefined> {
  const vault = await parts.vault();
  const pending = (await vault.pendings.get(server.id))?.value;
  if (pending?.answeredAt === undefined || pending.failure !== undefined) return pending;
  const lease = await exchangeLease(vault, server.id);
  await lease?.release();
  return (await vault.pendings.get(server.id))?.value;
}
