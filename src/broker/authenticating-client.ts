/** A client as it proves itself: one of `private_key_jwt` with its key, which is read from the user's file at each use and never stored. */
import type { OAuthSettings } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { type ClientCredentials, parseClientKey } from '../oauth/index.js';
import type { OAuthClient } from '../vault/index.js';
import type { Parts } from './parts.js';
import { fileValue } from './value-sources.js';

/**
 * For what is stored of a server (a grant, a pending sign-in): the user's file is asked for the key by its name.
 * @throws {BrokerError} `invalid_input` where the file names no key, or one that cannot be read.
 */
export async function authenticatingClient(
  parts: Parts,
  serverName: string,
  client: OAuthClient,
): Promise<ClientCredentials> {
  if (client.tokenEndpointAuthMethod !== 'private_key_jwt') return client;
  const entry = await parts.catalog.findUserEntry(serverName);
  return clientWithKey(entry?.kind === 'remote' ? entry.oauth : {}, client, serverName);
}

/** The same where the settings are at hand. */
export async function clientWithKey(
  { privateKey, signingAlg }: OAuthSettings,
  client: OAuthClient,
  serverName: string,
): Promise<ClientCredentials> {
  if (client.tokenEndpointAuthMethod !== 'private_key_jwt') return client;
  if (privateKey === undefined) {
    throw new BrokerError(
      'invalid_input',
      `The client of "${serverName}" authenticates with private_key_jwt, and oauth.privateKey is not in servers.json.`,
    );
  }
  const purpose = `The private key of "${serverName}"`;
  return { ...client, key: parseClientKey(await fileValue(privateKey.path, purpose), signingAlg, purpose) };
}
