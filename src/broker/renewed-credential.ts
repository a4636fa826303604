/** Another credential than the one that was refused: a refreshed token, or the grant of a sign-in that has just ended. */
import type { Refusal } from '../upstream/index.js';
import type { ClientConfiguration, Grant } from '../vault/index.js';
import type { CredentialInHand } from './credential.js';
import { type CredentialState, credentialState, grantCredential } from './credential-in-hand.js';
import type { FreshGrants } from './fresh-grant.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { asksForScope, refusesToken } from './refusals.js';

import { settledPending } from './settled-sign-in.js';

/** What is stored, after a sign-in that is just being finished where it has ended. */
export async function settledCredential(
  parts: Parts,
  fresh: FreshGrants,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
): Promise<CredentialState> {
  const state = await credentialState(parts, fresh, server, configuration);
  if (state.kind !== 'ended') return state;
  await settledPending(parts, server);
  return credentialState(parts, fresh, server, configuration);
}

/** A 401 of an unexpired token: one refresh, one retry; a newer token of another process is adopted. Undefined: nothing to renew. */
export async function renewedCredential(
  parts: Parts,
  fresh: FreshGrants,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  credential: CredentialInHand,
  refusal: Refusal,
): Promise<Exclude<CredentialState, { kind: 'missing' }> | undefined> {
  if (credential.key !== undefined) return storedMeanwhile(parts, fresh, server, configuration, credential.key);
  if (credential.grant === undefined) return undefined;
  if (asksForScope(refusal)) return arrivedMeanwhile(parts, fresh, server, credential.grant);
  if (!refusesToken(refusal)) return undefined;
  if (await isTokenKnownRefused(parts, server)) return undefined;
  const access = await fresh.freshGrant(server, credential.grant.accessToken);
  if (access.kind === 'usable') return { kind: 'in_hand', credential: grantCredential(access.grant) };
  return access.kind === 'ended' ? { kind: 'ended', access } : undefined;
}

/** Another key than the one that was refused: the user may have stored it while the answer was on its way. */
async function storedMeanwhile(
  parts: Parts,
  fresh: FreshGrants,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  refusedKey: string,
): Promise<Extract<CredentialState, { kind: 'in_hand' }> | undefined> {
  const state = await credentialState(parts, fresh, server, configuration);
  return state.kind === 'in_hand' && state.credential.key !== refusedKey ? state : undefined;
}

/** Another grant than the one that was refused: the user may have allowed the scope in this very moment. */
async function arrivedMeanwhile(
  parts: Parts,
  fresh: FreshGrants,
  server: KnownServer,
  refused: Grant,
): Promise<Extract<CredentialState, { kind: 'in_hand' }> | undefined> {
  await settledPending(parts, server);
  const stored = (await (await parts.vault()).grants.get(server.id))?.value;
  if (stored === undefined || stored.accessToken === refused.accessToken) return undefined;
  const access = await fresh.freshGrant(server);
  return access.kind === 'usable' ? { kind: 'in_hand', credential: grantCredential(access.grant) } : undefined;
}

/** The tokens of this grant were refreshed and refused before: the sign-in that waits is the answer. */
async function isTokenKnownRefused(parts: Parts, server: KnownServer): Promise<boolean> {
  const pending = (await (await parts.vault()).pendings.get(server.id))?.value;
  return pending?.reason === 'token_rejected' && pending.failure === undefined && pending.expiresAt > parts.clock.now();
}
