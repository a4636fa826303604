/** The credential that a request to a server carries now: none, an OAuth grant, or a stored key. */
import { rememberSecret } from '../core/redaction.js';
import type { ClientConfiguration, Grant, StoredSecret } from '../vault/index.js';
import { type CredentialInHand, NO_CREDENTIAL } from './credential.js';
import type { FreshGrants } from './fresh-grant.js';
import type { GrantAccess } from './grant-access.js';
import { type KnownServer, refuseOtherUrl } from './known-server.js';
import { observation } from './observations.js';
import type { Parts } from './parts.js';
import { statedKind } from './sign-in.js';
import { unattendedGrantType } from './unattended-grant.js';
import { resolveValue } from './value-sources.js';

export type CredentialState =
  | { readonly kind: 'in_hand'; readonly credential: CredentialInHand }
  /** The grant has ended: sign in again. */
  | { readonly kind: 'ended'; readonly access: Extract<GrantAccess, { kind: 'ended' }> }
  | { readonly kind: 'key_rejected'; readonly secret: StoredSecret }
  /** Nothing is stored, and the server is not known to need nothing. */
  | { readonly kind: 'missing' };

/**
 * @throws {BrokerError} `server_url_mismatch` where what is stored was made for another URL: it is not sent anywhere;
 *   and as `freshGrant` does.
 */
export async function credentialState(
  parts: Parts,
  fresh: FreshGrants,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
): Promise<CredentialState> {
  const stated = statedKind(server, configuration);
  const fromFile = await keyOfFile(parts, server);
  if (fromFile !== undefined) return inHand(fromFile);
  if (unattendedGrantType(server.entry) !== undefined) return unattended(await fresh.freshGrant(server));
  if (!(await parts.vaultExists())) return stated === 'none' ? inHand(NO_CREDENTIAL) : { kind: 'missing' };
  const vault = await parts.vault();
  const secret = (await vault.secrets.get(server.id))?.value;
  if (secret !== undefined && stated !== 'oauth2') return storedKey(server, secret);
  if (stated === 'bearer' || stated === 'api_key') return { kind: 'missing' };
  const access = await fresh.freshGrant(server);
  if (access.kind === 'ended') return { kind: 'ended', access };
  if (access.kind === 'usable') return inHand(grantCredential(access.grant));
  // What the server turned out to want comes before what was stated of it; with nothing stored the word counts.
  if (stated === 'none') return inHand(NO_CREDENTIAL);
  const seen = await observation(parts, server);
  const needsNothing = stated === 'auto' && seen?.authType === 'none' && seen.state === 'connected';
  return needsNothing ? inHand(NO_CREDENTIAL) : { kind: 'missing' };
}

function storedKey(server: KnownServer, secret: StoredSecret): CredentialState {
  refuseOtherUrl(server, secret.serverUrl);
  return secret.state === 'rejected'
    ? { kind: 'key_rejected', secret }
    : inHand(keyCredential(server, secret.kind, secret.value, 'secret'));
}

/** Nobody has to sign in for it: there is a token, or an error that says why not. */
function unattended(access: GrantAccess): CredentialState {
  if (access.kind === 'usable') return inHand(grantCredential(access.grant));
  throw new TypeError('A grant without a user is usable or an error');
}

/** The header of a bearer token or API key. */
export function keyCredential(
  server: KnownServer,
  kind: 'bearer' | 'api_key',
  value: string,
  from: 'secret' | 'file',
): CredentialInHand {
  rememberSecret(value);
  const header =
    kind === 'bearer'
      ? { name: 'Authorization', value: `Bearer ${value}` }
      : { name: server.entry.header, value: `${server.entry.headerPrefix}${value}` };
  return { kind: from, authType: kind, header, key: value };
}

/** A token that is bound to a key is never sent as one that whoever has it may use. */
export function grantCredential(grant: Grant): CredentialInHand {
  const scheme = grant.dpopKey === undefined ? 'Bearer' : 'DPoP';
  return {
    kind: 'grant',
    authType: 'oauth2',
    header: { name: 'Authorization', value: `${scheme} ${grant.accessToken}` },
    grant,
  };
}

async function keyOfFile(parts: Parts, server: KnownServer): Promise<CredentialInHand | undefined> {
  const { value, auth, serverName } = server.entry;
  if (value === undefined) return undefined;
  const kind = auth === 'api_key' ? 'api_key' : 'bearer';
  return keyCredential(server, kind, await resolveValue(parts, server, value, `The key of "${serverName}"`), 'file');
}

function inHand(credential: CredentialInHand): CredentialState {
  return { kind: 'in_hand', credential };
}
