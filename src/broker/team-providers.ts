/** The team's OAuth providers, as an administrator adds, lists and removes them. A secret is stored, never shown. */
import { isServerName, type OAuthProviderEntry, profileFor } from '../catalog/index.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { CLIENT_ID_MAX_LENGTH, CLIENT_SECRET_MAX_LENGTH, SCOPE_ARGUMENT_MAX_LENGTH } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import { ownerOf, ownerTuple, type Principal } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import type { Provider } from '../vault/index.js';
import type { ListedProvider, ProviderSettings } from './administration.js';
import type { KnownServer } from './known-server.js';
import { type FoundProvider, settingsOf } from './oauth-providers.js';
import type { Parts } from './parts.js';
import { providerDiscovery } from './provider-discovery.js';
import { entryOfProvider } from './provider-entry.js';

/**
 * Stores a provider for the team, in place of one of the same id. Its issuer is asked first.
 * @throws {BrokerError} `invalid_input`, and as `providerDiscovery` does: nothing is stored then.
 */
export async function addProvider(
  parts: Parts,
  principal: Principal,
  given: ProviderSettings,
): Promise<ListedProvider> {
  checkSettings(given);
  const provider: Provider = { ...given, addedAt: parts.clock.now() };
  await providerDiscovery(parts, await checkedProvider(parts, principal, provider.id, settingsOf(provider)));
  const vault = await parts.vault();
  await parts.audit.record(principal, { event: 'provider_added', provider: provider.id });
  await vault.providers.update([principal.team, provider.id], () => provider);
  return listed(provider, principal);
}

/** In order of id. */
export async function listProviders(parts: Parts, principal: Principal): Promise<readonly ListedProvider[]> {
  if (!(await parts.vaultExists())) return [];
  const records = await (await parts.vault()).providers.list([principal.team]);
  return records.map(({ value }) => listed(value, principal)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** @returns whether there was one. */
export async function removeProvider(parts: Parts, principal: Principal, id: string): Promise<boolean> {
  if (!(await parts.vaultExists())) return false;
  const { providers } = await parts.vault();
  const isThere = (await providers.list([principal.team])).some(({ value }) => value.id === id);
  if (isThere) await parts.audit.record(principal, { event: 'provider_removed', provider: id });
  return providers.delete([principal.team, id]);
}

/** @throws {BrokerError} `invalid_input`, `url_not_allowed`, `insecure_url`. */
async function checkedProvider(
  parts: Parts,
  principal: Principal,
  id: string,
  settings: OAuthProviderEntry,
): Promise<KnownServer> {
  const owner = ownerOf(principal, 'per_user');
  const entry = entryOfProvider(id, { source: 'team', settings }, owner);
  const url = await parts.network.checkServerUrl(entry.url);
  for (const endpoint of [entry.oauth.authorizationEndpoint, entry.oauth.tokenEndpoint])
    if (endpoint !== undefined) await parts.network.checkBrowserUrl(endpoint, url);
  const recordId = [...ownerTuple(owner), entry.serverName, DEFAULT_ACCOUNT];
  return { entry, principal, owner, account: DEFAULT_ACCOUNT, id: recordId, provider: { id, neededBy: id } };
}

function checkSettings(given: ProviderSettings): void {
  const { id, profile, clientId, clientSecret, scope } = given;
  if (!isServerName(id))
    throw invalid(
      'The name of a provider is 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit.',
    );
  if (profile !== undefined && profileFor({ name: profile }) === undefined)
    throw invalid(`No provider profile is called "${displayText(profile)}".`);
  if ((given.authorizationEndpoint === undefined) !== (given.tokenEndpoint === undefined))
    throw invalid('Give both endpoints, or an issuer alone.');
  checkText('The client ID', clientId, CLIENT_ID_MAX_LENGTH);
  checkText('The scope', scope === '' ? undefined : scope, SCOPE_ARGUMENT_MAX_LENGTH);
  if (typeof clientSecret !== 'string') return;
  rememberSecret(clientSecret);
  checkText('The client secret', clientSecret, CLIENT_SECRET_MAX_LENGTH);
}

/** @throws {BrokerError} `invalid_input` for what RFC 6749 appendix A does not allow. */
function checkText(what: string, text: string | undefined, maxLength: number): void {
  if (text === undefined || (/^[\x20-\x7e]+$/u.test(text) && text.length <= maxLength)) return;
  throw invalid(`${what} is empty, too long, or holds characters that RFC 6749 does not allow.`);
}

function listed(provider: Provider, principal: Principal): ListedProvider {
  return listedProvider(provider.id, { source: 'team', settings: settingsOf(provider) }, principal);
}

/** What is said of a provider of the file's or the team's: nothing of a secret but where it comes from. @throws {BrokerError} as `entryOfProvider` does. */
export function listedProvider(id: string, found: FoundProvider, principal: Principal): ListedProvider {
  const { clientId, clientSecret, scope } = found.settings;
  const { oauth, url } = entryOfProvider(id, found, ownerOf(principal, 'per_user'));
  return {
    id,
    target: oauth.issuer ?? oauth.authorizationEndpoint ?? url,
    ...(clientId !== undefined && { clientId }),
    ...(scope !== undefined && { scope }),
    secretSource: secretSourceOf(clientSecret, found.source),
  };
}

function secretSourceOf(clientSecret: OAuthProviderEntry['clientSecret'], source: FoundProvider['source']): string {
  if (clientSecret === undefined) return 'none';
  if (typeof clientSecret === 'string') return source === 'team' ? 'vault' : 'servers.json';
  if (clientSecret.source === 'oauth') return `oauth:${clientSecret.provider}`;
  return `${clientSecret.source}:${clientSecret.source === 'file' ? clientSecret.path : clientSecret.name}`;
}

function invalid(message: string): BrokerError {
  return new BrokerError('invalid_input', message);
}
