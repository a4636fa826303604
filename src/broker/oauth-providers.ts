/** OAuth providers by their id: those of the user's file, then those of the team. The one lookup for both. */
import type { OAuthProviderEntry } from '../catalog/index.js';
import type { Provider } from '../vault/index.js';
import type { Parts } from './parts.js';

export interface FoundProvider {
  readonly source: 'user' | 'team';
  readonly settings: OAuthProviderEntry;
}

/** @throws {BrokerError} `invalid_input` for an entry of the file that is broken. */
export async function findOAuthProvider(parts: Parts, team: string, id: string): Promise<FoundProvider | undefined> {
  const fromFile = await parts.catalog.findOAuthProvider(id);
  if (fromFile !== undefined) return { source: 'user', settings: fromFile };
  if (!(await parts.vaultExists())) return undefined;
  const ofTeam = await (await parts.vault()).providers.get([team, id]);
  return ofTeam && { source: 'team', settings: settingsOf(ofTeam.value) };
}

/**
 * What is stored of a provider, as an entry of a file would say it. A secret of the reader's own machine is none,
 * however the record came to name it: the team's endpoints would be sent whatever lies there.
 */
export function settingsOf({ id: _id, addedAt: _addedAt, clientSecret, ...settings }: Provider): OAuthProviderEntry {
  return { ...settings, ...(isOfVault(clientSecret) && { clientSecret }) };
}

function isOfVault(secret: Provider['clientSecret']): secret is NonNullable<typeof secret> {
  if (typeof secret !== 'object') return secret !== undefined;
  return secret.source === 'team_secret' || secret.source === 'org_secret';
}
