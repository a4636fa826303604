/**
 * Clients that we register ourselves (RFC 7591): kept by owner, issuer and redirect URI, reused by every
 * server of that issuer, and made once however many sign-ins begin at the same time.
 */
import { BrokerError } from '../core/errors.js';
import { METADATA_TIMEOUT_MS } from '../core/limits.js';
import { PRODUCT_NAME } from '../core/names.js';
import type { GuardedFetch } from '../core/outbound.js';
import { ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import { type AuthorizationServer, registerClient } from '../oauth/index.js';
import type { ClientRegistration, OAuthClient, Versioned } from '../vault/index.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';

export type RegistrationOutcome =
  | { readonly kind: 'registered'; readonly client: OAuthClient; readonly isKept: boolean }
  /** The authorization server said no; `message` is labelled as its words. */
  | { readonly kind: 'rejected'; readonly message: string }
  | { readonly kind: 'not_offered' };

const REGISTRATION_LEASE_MS = 4 * METADATA_TIMEOUT_MS;

/**
 * The kept registration, or a new one.
 * @throws {BrokerError} `discovery_failed`, retryable, when the registration endpoint does not answer.
 */
export async function registeredClient(
  parts: Parts,
  server: KnownServer,
  request: {
    readonly authorizationServer: AuthorizationServer;
    readonly redirectUri: string;
    readonly scope?: string;
    readonly fetch: GuardedFetch;
  },
): Promise<RegistrationOutcome> {
  const vault = await parts.vault();
  const id = registrationId(server, request.authorizationServer.issuer, request.redirectUri);
  const lease = await vault.acquireLease(['registration', ...id], REGISTRATION_LEASE_MS, REGISTRATION_LEASE_MS);
  if (lease === undefined)
    throw new BrokerError('vault_busy', 'Another process is still registering this client.', { retryable: true });
  try {
    const kept = await vault.registrations.get(id);
    if (kept !== undefined && isUsable(kept.value, parts.clock.now())) return await useKept(parts, server, id, kept);
    return await register(parts, server, id, request);
  } finally {
    await lease.release();
  }
}

/** Not where its secret has run out, or a sign-in with it came to nothing. */
function isUsable(registration: ClientRegistration, now: number): boolean {
  return registration.suspect !== true && (registration.clientSecretExpiresAt ?? Number.POSITIVE_INFINITY) > now;
}

async function useKept(
  parts: Parts,
  server: KnownServer,
  id: readonly string[],
  kept: Versioned<ClientRegistration>,
): Promise<RegistrationOutcome> {
  const { client, serverNames } = kept.value;
  if (client.clientSecret !== undefined) rememberSecret(client.clientSecret);
  if (!serverNames.includes(server.entry.serverName)) {
    const vault = await parts.vault();
    await vault.registrations.update(id, (current) =>
      current === undefined
        ? current
        : { ...current, serverNames: [...new Set([...current.serverNames, server.entry.serverName])] },
    );
  }
  return { kind: 'registered', client, isKept: true };
}

async function register(
  parts: Parts,
  server: KnownServer,
  id: readonly string[],
  request: {
    readonly authorizationServer: AuthorizationServer;
    readonly redirectUri: string;
    readonly scope?: string;
    readonly fetch: GuardedFetch;
  },
): Promise<RegistrationOutcome> {
  const answer = await registerClient({ ...request, clientName: PRODUCT_NAME });
  if (answer.kind !== 'registered') return answer;
  const client: OAuthClient = { ...answer.client, origin: 'registered' };
  if (client.clientSecret !== undefined) rememberSecret(client.clientSecret);
  if (answer.registrationAccessToken !== undefined) rememberSecret(answer.registrationAccessToken);
  const vault = await parts.vault();
  await vault.registrations.update(id, (current) => ({
    owner: server.owner,
    issuer: request.authorizationServer.issuer,
    redirectUri: request.redirectUri,
    client,
    serverNames: [...new Set([...(current?.serverNames ?? []), server.entry.serverName])],
    registeredAt: parts.clock.now(),
    ...(answer.clientSecretExpiresAt !== undefined && { clientSecretExpiresAt: answer.clientSecretExpiresAt }),
    ...(answer.registrationClientUri !== undefined && { registrationClientUri: answer.registrationClientUri }),
    ...(answer.registrationAccessToken !== undefined && { registrationAccessToken: answer.registrationAccessToken }),
  }));
  return { kind: 'registered', client, isKept: false };
}

/** The authorization server has forgotten this client: the next sign-in registers anew. Other clients stay. */
export async function forgetRegistration(
  parts: Parts,
  server: KnownServer,
  issuer: string,
  redirectUri: string,
  clientId: string,
): Promise<void> {
  const vault = await parts.vault();
  await vault.registrations.update(registrationId(server, issuer, redirectUri), (current) =>
    current?.client.clientId === clientId ? undefined : current,
  );
}

/** A sign-in with a kept registration ran out of time: perhaps the authorize page did not know the client. */
export async function suspectRegistration(
  parts: Parts,
  server: KnownServer,
  issuer: string,
  redirectUri: string,
  clientId: string,
): Promise<void> {
  const vault = await parts.vault();
  await vault.registrations.update(registrationId(server, issuer, redirectUri), (current) =>
    current?.client.clientId === clientId ? { ...current, suspect: true } : current,
  );
}

function registrationId(server: KnownServer, issuer: string, redirectUri: string): readonly string[] {
  return [...ownerTuple(server.owner), issuer, redirectUri];
}
