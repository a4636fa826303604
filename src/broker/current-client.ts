/**
 * The client of a grant as it is known now: where the user has since given it another secret, in their file, by a
 * call or by the form, that one counts; a grant of a client that they have replaced has no client any more.
 */

import { ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import type { Grant, OAuthClient } from '../vault/index.js';
import type { Parts } from './parts.js';
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
  const entry = await parts.catalog.findUserEntry(grant.serverName);
  if (entry?.kind !== 'remote' || entry.oauth.clientId === undefined) return grant.client;
  const { clientId, clientSecret } = entry.oauth;
  if (clientId !== grant.client.clientId) return undefined;
  if (clientSecret === undefined) return grant.client;
  return withSecret(grant.client, await resolveValue(clientSecret, `The client secret of "${grant.serverName}"`));
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
