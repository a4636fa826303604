/**
 * The client of a grant as it is known now: where the user has since given it another secret, in their file, by a
 * call or by the form, that one counts; a grant of a client that they have replaced has no client any more.
 */

import type { RemoteServerEntry } from '../catalog/index.js';
import { providerIdOf, shownName } from '../core/names.js';
import { ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import type { Grant, OAuthClient } from '../vault/index.js';
import { recordedServer } from './known-server.js';
import { MissingValueError } from './missing-value.js';
import type { Parts } from './parts.js';
import { providerEntry } from './provider-entry.js';
import { resolveValue } from './value-sources.js';

/**
 * @returns undefined where the user's file or configuration now names another client.
 * @throws {BrokerError} `invalid_input` where the file's source of the secret is missing.
 */
export async function currentClient(parts: Parts, grant: Grant): Promise<OAuthClient | undefined> {
  if (grant.client.origin === 'user_file') return clientOfFile(parts, grant);
  if (grant.client.origin === 'configured') return configuredClient(parts, grant);
  return grant.client;
}

async function clientOfFile(parts: Parts, grant: Grant): Promise<OAuthClient | undefined> {
  const entry = await entryOfFile(parts, grant);
  if (entry?.oauth.clientId === undefined) return grant.client;
  const { clientId, clientSecret } = entry.oauth;
  if (clientId !== grant.client.clientId) return undefined;
  if (clientSecret === undefined) return grant.client;
  try {
    const purpose = `The client secret of "${shownName(grant.serverName)}"`;
    return withSecret(grant.client, await resolveValue(parts, recordedServer(grant, entry), clientSecret, purpose));
  } catch (error) {
    // Nobody is there to be asked for it: the one that the grant was made with may still do.
    if (error instanceof MissingValueError) return grant.client;
    throw error;
  }
}

async function entryOfFile(parts: Parts, { serverName, owner }: Grant): Promise<RemoteServerEntry | undefined> {
  const provider = providerIdOf(serverName);
  if (provider !== undefined) return providerEntry(parts, provider, owner);
  const entry = await parts.catalog.findUserEntry(serverName);
  return entry?.kind === 'remote' ? entry : undefined;
}

async function configuredClient(parts: Parts, grant: Grant): Promise<OAuthClient | undefined> {
  const vault = await parts.vault();
  const kept = (await vault.configurations.get([...ownerTuple(grant.owner), grant.serverName]))?.value;
  if (kept?.clientId === undefined) return grant.client;
  if (kept.clientId !== grant.client.clientId) return undefined;
  return kept.clientSecret === undefined ? grant.client : withSecret(grant.client, kept.clientSecret);
}

/** The secret of a client that had none before is sent as most servers take it. */
function withSecret(client: OAuthClient, clientSecret: string): OAuthClient {
  rememberSecret(clientSecret);
  const method = client.tokenEndpointAuthMethod === 'none' ? 'client_secret_basic' : client.tokenEndpointAuthMethod;
  return { ...client, clientSecret, tokenEndpointAuthMethod: method };
}
