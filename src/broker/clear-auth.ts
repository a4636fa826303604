/** `clear_mcp_auth`: deletes what the caller owns of a server, and revokes it where the authorization server can. */

import { BrokerError } from '../core/errors.js';
import { DEFAULT_ACCOUNT, providerRecordName } from '../core/names.js';
import { type CredentialMode, type Owner, ownerOf, type Principal } from '../core/principal.js';
import type { Revocation } from '../oauth/index.js';
import { actOnRecord } from './audit.js';
import { added, clearOwner, NOTHING_CLEARED, type OwnerCleared } from './clear-owner.js';
import { clearSources } from './clear-sources.js';
import { checkedAccount, checkServerName, findEntry, unknownServer } from './known-server.js';
import type { Cleared } from './outcomes.js';
import type { Parts } from './parts.js';
import { isAnything, storedCredentials } from './stored-credentials.js';

/** Where the configuration no longer says whose credential it was, everything of the caller's own is meant. */
const MODES_OF_CALLER: readonly CredentialMode[] = ['per_user', 'per_agent'];
const MODES_OF_ADMINISTRATOR: readonly CredentialMode[] = ['per_user', 'per_agent', 'shared'];

/**
 * With `account` only its tokens, key and pending sign-in; without it all accounts, the client configuration and
 * the registration as well. What a server takes from providers and named secrets ends with the last that uses it.
 * @param options.provider clears what is stored of this provider alone, whatever uses it
 * @throws {BrokerError} `invalid_input`, `unknown_server` for a name that never was.
 */
export async function clearAuth(
  parts: Parts,
  principal: Principal,
  args: { readonly serverName: string; readonly account?: string | undefined },
  { allowShared, provider }: { readonly allowShared: boolean; readonly provider?: string | undefined },
): Promise<Cleared> {
  checkServerName(args.serverName);
  if (args.account !== undefined) checkedAccount(args.account);
  const entry = await findEntry(parts, principal, args.serverName);
  if (entry?.credentialMode === 'shared' && !allowShared) throw sharedIsTheTeams(args.serverName);
  const modes = entry === undefined ? (allowShared ? MODES_OF_ADMINISTRATOR : MODES_OF_CALLER) : [entry.credentialMode];
  const serverName = provider === undefined ? args.serverName : providerRecordName(provider);
  const owners = modes.map((mode) => ownerOf(principal, mode));
  await auditClearing(parts, principal, owners, {
    serverName,
    account: args.account,
    isConfigured: entry !== undefined,
  });
  const own = await Promise.all(owners.map((owner) => clearOwner(parts, owner, { serverName, account: args.account })));
  if (entry === undefined && !own.some((one) => one.wasKnown)) throw unknownServer(args.serverName);
  const isWhole = entry !== undefined && provider === undefined;
  const elsewhere: OwnerCleared = isWhole ? await clearSources(parts, principal, entry, args.account) : NOTHING_CLEARED;
  const total = [...own, elsewhere].reduce(added, NOTHING_CLEARED);
  return {
    status: 'success',
    serverName: args.serverName,
    cleared: { grants: total.grants, secrets: total.secrets, clients: total.clients, pending: total.pending },
    revocation: worstOf(total.revocations),
  };
}

/** One entry for each credential that goes; where there is none, for what else is stored. None for a name that never was. */
async function auditClearing(
  parts: Parts,
  principal: Principal,
  owners: readonly Owner[],
  args: { readonly serverName: string; readonly account?: string | undefined; readonly isConfigured: boolean },
): Promise<void> {
  const { serverName, account, isConfigured } = args;
  if (!(await parts.vaultExists())) return;
  const vault = await parts.vault();
  const stored = await Promise.all(owners.map((owner) => storedCredentials(vault, owner, serverName, account)));
  const credentials = stored.flatMap(({ grants, secrets }) => [
    ...grants.map(({ value }) => ({ account: value.account, credential: value.accessToken })),
    ...secrets.map(({ value }) => ({ account: value.account, credential: value.value })),
  ]);
  if (!isConfigured && !stored.some(isAnything)) return;
  const going = credentials.length > 0 ? credentials : [{ account: account ?? DEFAULT_ACCOUNT }];
  for (const { account: whose, ...credential } of going)
    await parts.audit.record(principal, {
      event: 'cleared',
      ...actOnRecord({ serverName, account: whose }),
      ...credential,
    });
}

/** The worst that happened is what the user should know. */
export function worstOf(revocations: readonly Revocation[]): Revocation {
  const order: readonly Revocation[] = ['failed', 'unsupported', 'revoked'];
  return order.find((one) => revocations.includes(one)) ?? 'none';
}

function sharedIsTheTeams(serverName: string): BrokerError {
  return new BrokerError(
    'invalid_input',
    `"${serverName}" uses one credential for the whole team, which only the command line clears.`,
    {
      nextStep: `Ask the user whether the team's sign-in should end; if so: mcp-oauth-broker clear ${serverName}.`,
    },
  );
}
