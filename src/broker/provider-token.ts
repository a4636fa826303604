/** The token of an OAuth provider, refreshed, for whatever takes it from there; and the sign-in that brings it. */
import type { Grant } from '../vault/index.js';
import type { ConnectArguments } from './broker.js';
import type { FreshGrants } from './fresh-grant.js';
import type { GrantAccess } from './grant-access.js';
import { joinedSkills, skillsOf } from './helpful-skills.js';
import { keepConfiguration } from './kept-configuration.js';
import type { AnyServer, KnownServer } from './known-server.js';
import { MissingValueError, orAsk } from './missing-value.js';
import { observe } from './observations.js';
import type { AuthReason, RequiresAuth, RequiresOauthConfig } from './outcomes.js';
import type { Parts, ResolvedValue } from './parts.js';
import { pendingSignIn } from './pending-sign-in.js';
import { pollDeviceCode } from './poll-device-code.js';
import { provider as providerFor } from './provider-entry.js';
import { settledPending } from './settled-sign-in.js';
import { requireSignIn } from './sign-in.js';

type Access = GrantAccess | { readonly kind: 'ended'; readonly reason: 'issuer_changed' };

/**
 * The access token of the provider `id` for `asker`'s owner and account.
 * @throws {MissingValueError} where nobody is signed in there, or no longer.
 * @throws {BrokerError} `invalid_input` for a provider that the user's file does not name; and as `freshGrant` does.
 */
export async function providerToken(
  parts: Parts,
  fresh: FreshGrants,
  asker: AnyServer,
  id: string,
): Promise<ResolvedValue> {
  const provider = await providerFor(parts, asker, id, neededBy(asker));
  const access = await settledAccess(parts, fresh, provider);
  if (access.kind === 'usable') return tokenOf(access.grant);
  const reason = access.kind === 'ended' ? access.reason : undefined;
  const ask: MissingValueError['ask'] = (args) => askAtProvider(parts, asker, provider, reason, args);
  throw new MissingValueError(ask, { source: 'oauth', provider: id }, provider);
}

/** A provider whose client secret is another provider's token would be needed by the same server. */
function neededBy({ entry, provider }: AnyServer): string {
  return provider?.neededBy ?? entry.serverName;
}

/** A sign-in at the provider, or what that lacks, as the payload of the server that needs its token. @throws {BrokerError} as `requireSignIn` does. */
async function askAtProvider(
  parts: Parts,
  asker: AnyServer,
  provider: KnownServer,
  reason: AuthReason | undefined,
  args: ConnectArguments | undefined,
): Promise<RequiresAuth | RequiresOauthConfig> {
  const request = args ?? { serverName: provider.entry.serverName };
  // Its client secret may be one that somebody has yet to give.
  const payload = await orAsk(() => signInAtProvider(parts, provider, request, reason));
  const { serverName } = asker.entry;
  await observe(parts, asker, {
    state: payload.status === 'requires_auth' ? 'auth_required' : 'config_required',
    authType: 'oauth2',
    ...(payload.reason !== undefined && { reason: payload.reason }),
  });
  return { ...payload, serverName, helpfulSkills: joinedSkills(skillsOf(asker.entry), payload.helpfulSkills) };
}

/** The sign-in that waits there, or a new one. @throws {BrokerError} as `pendingSignIn` and `requireSignIn` do. */
export async function signInAtProvider(
  parts: Parts,
  provider: KnownServer,
  args: ConnectArguments,
  reason?: AuthReason,
): Promise<RequiresAuth | RequiresOauthConfig> {
  const configuration = await keepConfiguration(parts, provider, args);
  const waiting = await pendingSignIn(parts, provider, configuration, args);
  if (waiting.kind === 'answer') return waiting.payload;
  return requireSignIn(parts, provider, configuration, {
    operation: null,
    reason: waiting.kind === 'begin_anew' ? waiting.reason : reason,
  });
}

/** What is stored, after a sign-in that is just being finished where there is one. */
async function settledAccess(parts: Parts, fresh: FreshGrants, provider: KnownServer): Promise<Access> {
  if (!(await parts.vaultExists())) return { kind: 'none' };
  const access = await boundAccess(parts, fresh, provider);
  if (access.kind === 'usable') return access;
  await pollDeviceCode(parts, provider.id);
  await settledPending(parts, provider);
  return boundAccess(parts, fresh, provider);
}

/** A grant is bound to its issuer: one of another than the file names now is sent nowhere, and the user signs in anew. */
async function boundAccess(parts: Parts, fresh: FreshGrants, provider: KnownServer): Promise<Access> {
  const stored = (await (await parts.vault()).grants.get(provider.id))?.value;
  if (stored !== undefined && stored.serverUrl !== provider.entry.url)
    return { kind: 'ended', reason: 'issuer_changed' };
  return fresh.freshGrant(provider);
}

function tokenOf({ accessToken, expiresAt }: Grant): ResolvedValue {
  return { value: accessToken, ...(expiresAt !== undefined && { goodUntil: expiresAt }) };
}
