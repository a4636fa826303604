/** What an administrator ends for others: all of one member's credentials, or everybody's for one server. */
import type { ServerEntry } from '../catalog/index.js';
import { type Owner, ownerOf, ownerTuple, type Principal } from '../core/principal.js';
import type { Vault } from '../vault/index.js';
import { worstOf } from './clear-auth.js';
import { added, clearOwner, NOTHING_CLEARED, type OwnerCleared } from './clear-owner.js';
import { clearSources } from './clear-sources.js';
import { checkServerName, findEntry, unknownServer } from './known-server.js';
import { letPortGo } from './open-pages.js';
import type { Cleared } from './outcomes.js';
import type { Parts } from './parts.js';
import { forgetToolChoices } from './tool-choice.js';

export type TeamCleared = Pick<Cleared, 'cleared' | 'revocation'>;

/**
 * Refuses the user's calls from now on, then revokes and deletes what is theirs alone: what the team shares stays.
 * Other processes go by it within MEMBERSHIP_RECHECK_MS.
 */
export async function removeMember(
  parts: Parts,
  who: Principal,
  team: string,
  user: string,
): Promise<TeamCleared & { readonly wasKnown: boolean }> {
  const vault = await parts.vault();
  const isOwner = (await ownersOfTeam(vault, team)).some((owner) => owner.user === user);
  await parts.audit.record({ ...who, team }, { event: 'member_removed', detail: user });
  const removedAt = parts.clock.now();
  await vault.removedMembers.update([team, user], () => ({ user, removedAt }));
  const cleared = await clearMember(parts, vault, team, user);
  return { ...cleared, wasKnown: isOwner || cleared.cleared.secrets > 0 };
}

/** Lets a removed user in again, with nothing: what a process may have stored before it knew of the removal goes first. */
export async function addMember(parts: Parts, who: Principal, team: string, user: string): Promise<boolean> {
  if (!(await parts.vaultExists())) return false;
  const vault = await parts.vault();
  if ((await vault.removedMembers.get([team, user])) === undefined) return false;
  await parts.audit.record({ ...who, team }, { event: 'member_added', detail: user });
  await clearMember(parts, vault, team, user);
  return vault.removedMembers.delete([team, user]);
}

/**
 * Everybody's credentials of one server, those of the whole team included.
 * @throws {BrokerError} `unknown_server` where there neither is such a server nor anything stored; `invalid_input`.
 */
export async function resetServer(parts: Parts, principal: Principal, serverName: string): Promise<TeamCleared> {
  checkServerName(serverName);
  const entry = await findEntry(parts, principal, serverName);
  const owners = (await parts.vaultExists()) ? await ownersOfTeam(await parts.vault(), principal.team) : [];
  await parts.audit.record(principal, { event: 'reset', serverName });
  let total = NOTHING_CLEARED;
  for (const owner of owners) {
    total = added(total, await clearOwner(parts, owner, { serverName }));
    if (entry !== undefined) total = added(total, await clearSourcesOf(parts, owner, entry));
  }
  if (entry === undefined && !total.wasKnown) throw unknownServer(serverName);
  return asCleared(total);
}

async function clearMember(parts: Parts, vault: Vault, team: string, user: string): Promise<TeamCleared> {
  let total = NOTHING_CLEARED;
  for (const owner of await ownersOfTeam(vault, team))
    if (owner.user === user) total = added(total, await clearEverything(parts, vault, owner));
  for (const { value } of await vault.addedServers.list([team, user]))
    await vault.addedServers.delete([team, user, value.serverName]);
  total = added(total, await endSharedSignIns(parts, vault, team, user));
  await forgetToolChoices(vault, { team, user });
  for (const { value } of await vault.namedSecrets.list(['user', team, user]))
    if (await vault.namedSecrets.delete(['user', team, user, value.name]))
      total = added(total, { ...NOTHING_CLEARED, secrets: 1 });
  return asCleared(total);
}

async function clearEverything(parts: Parts, vault: Vault, owner: Owner): Promise<OwnerCleared> {
  const partition = ownerTuple(owner);
  const [registrations, ...others] = await Promise.all([
    vault.registrations.list(partition),
    vault.grants.list(partition),
    vault.secrets.list(partition),
    vault.pendings.list(partition),
    vault.observations.list(partition),
    vault.configurations.list(partition),
  ]);
  const names = new Set([
    ...registrations.flatMap(({ value }) => value.serverNames),
    ...others.flatMap((records) => records.map(({ value }) => value.serverName)),
  ]);
  let total = NOTHING_CLEARED;
  for (const serverName of names) total = added(total, await clearOwner(parts, owner, { serverName }));
  return total;
}

/** A sign-in for the whole team that this user began: the account would be theirs. */
async function endSharedSignIns(parts: Parts, vault: Vault, team: string, user: string): Promise<OwnerCleared> {
  let pending = 0;
  for (const { value } of await vault.pendings.list(ownerTuple({ team }))) {
    const began = await vault.tokens.get(['state', value.state]);
    if (began?.value.principal.user !== user) continue;
    if (await vault.pendings.delete([team, value.serverName, value.account])) pending += 1;
    await letPortGo(parts, value);
  }
  return { ...NOTHING_CLEARED, pending };
}

async function ownersOfTeam(vault: Vault, team: string): Promise<readonly Owner[]> {
  return (await vault.owners.list([team])).map(({ value }) => value.owner);
}

/** What the server took from providers and named secrets, for an owner whose credentials it uses. */
async function clearSourcesOf(parts: Parts, owner: Owner, entry: ServerEntry): Promise<OwnerCleared> {
  const principal = { team: owner.team, user: owner.user ?? '', agent: owner.agent ?? '' };
  const isMeant = ownerTuple(ownerOf(principal, entry.credentialMode)).length === ownerTuple(owner).length;
  return isMeant ? clearSources(parts, principal, entry, undefined) : NOTHING_CLEARED;
}

function asCleared({ grants, secrets, clients, pending, revocations }: OwnerCleared): TeamCleared {
  return { cleared: { grants, secrets, clients, pending }, revocation: worstOf(revocations) };
}
