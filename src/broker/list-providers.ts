/** The OAuth providers that the user's servers can take tokens from, and where the user is signed in: asks nobody. */

import type { ServerEntry } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { providerRecordName } from '../core/names.js';
import { ownerOf, ownerTuple, type Principal } from '../core/principal.js';
import type { Grant } from '../vault/index.js';
import type { ListedProvider } from './administration.js';
import { accessOf } from './grant-access.js';
import { allEntries } from './known-server.js';
import { type FoundProvider, settingsOf } from './oauth-providers.js';
import type { Parts } from './parts.js';
import { isoInstant } from './payloads.js';
import type { ProviderAccount, ProviderStatus } from './provider-status.js';
import { listedProvider } from './team-providers.js';
import { providersOf } from './value-references.js';

/** In order of id: those of the user's file, then those of the team that it does not name. */
export async function providerStatuses(parts: Parts, principal: Principal): Promise<readonly ProviderStatus[]> {
  const [found, entries, grants] = await Promise.all([
    foundProviders(parts, principal),
    allEntries(parts, principal),
    grantsOf(parts, principal),
  ]);
  const statuses = [...found].flatMap(([id, provider]): readonly ProviderStatus[] => {
    const listed = listedOrNone(id, provider, principal);
    if (listed === undefined) return [];
    const takers = entries.filter((entry) => providersOf(entry).includes(id));
    const own = grants.filter(({ serverName }) => serverName === providerRecordName(id));
    const accounts = own.map((grant) => accountAt(grant, takers, parts.clock.now()));
    return [{ ...listed, source: provider.source, serverNames: takers.map(({ serverName }) => serverName), accounts }];
  });
  return statuses.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function foundProviders(parts: Parts, { team }: Principal): Promise<ReadonlyMap<string, FoundProvider>> {
  const found = new Map<string, FoundProvider>();
  const ofTeam = (await parts.vaultExists()) ? await (await parts.vault()).providers.list([team]) : [];
  for (const { value } of ofTeam) found.set(value.id, { source: 'team', settings: settingsOf(value) });
  for (const [id, settings] of await parts.catalog.oauthProviders()) found.set(id, { source: 'user', settings });
  return found;
}

/** The user's, their team's, and those of the agent that looks. */
async function grantsOf(parts: Parts, principal: Principal): Promise<readonly Grant[]> {
  if (!(await parts.vaultExists())) return [];
  const { grants } = await parts.vault();
  const owners = (['per_user', 'per_agent', 'shared'] as const).map((mode) => ownerTuple(ownerOf(principal, mode)));
  const listed = await Promise.all(owners.map((owner) => grants.list(owner)));
  return listed.flat().map(({ value }) => value);
}

/** One that cannot be told apart has nothing to show; whoever uses it is told what is wrong. */
function listedOrNone(id: string, provider: FoundProvider, principal: Principal): ListedProvider | undefined {
  try {
    return listedProvider(id, provider, principal);
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}

function accountAt(grant: Grant, takers: readonly ServerEntry[], now: number): ProviderAccount {
  const { account, owner, scope, expiresAt } = grant;
  const mode = owner.agent === undefined ? 'per_user' : 'per_agent';
  const taker = owner.user === undefined ? undefined : takers.find((entry) => entry.credentialMode === mode);
  return {
    account,
    ...(taker !== undefined && { serverName: taker.serverName }),
    isSignedIn: accessOf(grant, now).kind === 'usable',
    ...(scope !== undefined && { scope }),
    ...(expiresAt !== undefined && { expiresAt: isoInstant(expiresAt) }),
  };
}
