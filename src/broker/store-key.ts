/** A bearer token or API key that the user gives: tried against the server, and stored only when it is accepted. */
import { BrokerError } from '../core/errors.js';
import { TOKEN_MAX_LENGTH } from '../core/limits.js';
import { type Refusal, RefusedError } from '../upstream/index.js';
import { actOn } from './audit.js';
import type { Connections } from './connections.js';
import type { CredentialInHand } from './credential.js';
import { keyCredential } from './credential-in-hand.js';
import { keepConfiguration } from './kept-configuration.js';
import type { KnownServer } from './known-server.js';
import { orRefuse } from './missing-value.js';
import { observe } from './observations.js';
import type { Success } from './outcomes.js';
import type { Parts } from './parts.js';
import { success } from './payloads.js';
import { statedKind } from './sign-in.js';
import { unattendedGrantType } from './unattended-grant.js';
import { describeSource } from './value-references.js';

/** Visible ASCII: what a header value can carry (RFC 9110 section 5.5). */
const KEY_PATTERN = /^[\x21-\x7e]+$/u;

/** What trying a key came to. */
export type KeyTrial =
  | { readonly kind: 'stored'; readonly payload: Success }
  | { readonly kind: 'refused'; readonly keyKind: 'bearer' | 'api_key'; readonly refusal: Refusal };

/** @throws {BrokerError} `invalid_input` for what cannot be a key or would never be used, `upstream_unreachable`: nothing is stored then. */
export async function storeKey(
  parts: Parts,
  connections: Connections,
  server: KnownServer,
  given: string,
): Promise<KeyTrial> {
  const value = given.trim();
  if (value.length > TOKEN_MAX_LENGTH || !KEY_PATTERN.test(value)) {
    throw new BrokerError(
      'invalid_input',
      'That is no key: it is empty, too long, or holds spaces or characters that no header can carry.',
    );
  }
  refuseUnused(server);
  const stated = statedKind(server, await keepConfiguration(parts, server, {}));
  const kind = stated === 'api_key' ? 'api_key' : 'bearer';
  // A header beside the key may be a secret of its own.
  const tried = await orRefuse(server.entry.serverName, () =>
    tryKey(connections, server, keyCredential(server, kind, value, 'secret'), kind),
  );
  if (tried instanceof RefusedError) {
    await parts.audit.note(server.principal, { event: 'key_refused', ...actOn(server), credential: value });
    return { kind: 'refused', keyKind: kind, refusal: tried.refusal };
  }
  const now = parts.clock.now();
  const vault = await parts.vault();
  await parts.audit.record(server.principal, { event: 'key_stored', ...actOn(server), credential: value });
  await vault.secrets.update(server.id, () => ({
    owner: server.owner,
    serverName: server.entry.serverName,
    account: server.account,
    serverUrl: server.entry.url,
    kind,
    value,
    storedAt: now,
    lastVerifiedAt: now,
    state: 'active',
  }));
  // Whoever gives a key wants it used, whatever a call or a built-in entry said before; other accounts keep their sign-in.
  if (stated === 'oauth2' || stated === 'none') await keepConfiguration(parts, server, { authType: 'auto' });
  connections.retire(server);
  await observe(parts, server, { state: 'connected', authType: kind, toolCount: tried.toolCount });
  return { kind: 'stored', payload: tried };
}

/** Where the user's file says how the server is authorized, and that is no stored key. */
function refuseUnused(server: KnownServer): void {
  const { value, auth, source, serverName } = server.entry;
  const fixed =
    value !== undefined
      ? `its key comes from ${describeSource(value)}`
      : unattendedGrantType(server.entry) !== undefined
        ? 'its tokens are got without a user (oauth.grantType)'
        : source === 'user' && (auth === 'oauth2' || auth === 'none')
          ? `"auth" is "${auth}"`
          : undefined;
  if (fixed === undefined) return;
  throw new BrokerError(
    'invalid_input',
    `A key stored for "${serverName}" would never be used: in servers.json ${fixed}.`,
    { nextStep: 'Ask the user to correct its entry in servers.json, where a stored key is meant.' },
  );
}

/** Asks the server for its tools with the key, beside whatever other calls are doing with the one in use. */
async function tryKey(
  connections: Connections,
  server: KnownServer,
  credential: CredentialInHand,
  kind: 'bearer' | 'api_key',
): Promise<Success | RefusedError> {
  const connection = await unlessRefused(() => connections.openAside(server, credential));
  if (connection instanceof RefusedError) return connection;
  try {
    const listed = await unlessRefused(() => connection.listTools({ refresh: true }));
    return listed instanceof RefusedError ? listed : success(server, connection, listed, kind);
  } finally {
    await connection.close();
  }
}

async function unlessRefused<T>(work: () => Promise<T>): Promise<T | RefusedError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}
