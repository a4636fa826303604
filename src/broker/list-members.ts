/** Whom the vault knows of in a team: whoever has stored anything there, and whoever was removed. */
import type { ListedMember } from './administration.js';
import type { Parts } from './parts.js';
import { isoInstant } from './payloads.js';

/** In order of name. */
export async function listMembers(parts: Parts, team: string): Promise<readonly ListedMember[]> {
  if (!(await parts.vaultExists())) return [];
  const vault = await parts.vault();
  const [owners, removed] = await Promise.all([vault.owners.list([team]), vault.removedMembers.list([team])]);
  const members = new Map<string, ListedMember>();
  for (const { user } of owners.map(({ value }) => value.owner))
    if (user !== undefined) members.set(user, { user, isRemoved: false });
  for (const { user, removedAt } of removed.map(({ value }) => value))
    members.set(user, { user, isRemoved: true, removedAt: isoInstant(removedAt) });
  return [...members.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
}
