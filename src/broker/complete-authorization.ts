/**
 * The answer to an authorization request (RFC 6749 section 4.1.2, RFC 9207), from the listener or pasted back:
 * checked, taken once, exchanged, and stored for the owner of the pending record, whoever's process serves it.
 */
import { createHash } from 'node:crypto';
import { EXCHANGE_LEASE_MS } from '../core/limits.js';
import { shownName } from '../core/names.js';
import { ownerTuple } from '../core/principal.js';
import { validateAuthorizationResponse } from '../oauth/index.js';
import type { Lease, PendingAuthorization, TokenIndex, Vault, Versioned } from '../vault/index.js';
import { actOn } from './audit.js';
import { hasCookie, isSameSecret } from './browser-binding.js';
import type { CallbackResult } from './browser-results.js';
import { type Completion, finishSignIn } from './finish-sign-in.js';
import { isUnanswered } from './live-sign-in.js';
import type { Parts } from './parts.js';
import { parsePasted } from './pasted-answer.js';
import { CALLBACK_PATH } from './redirect-uri.js';
import type { KnownServer } from './server-of-caller.js';

const SINGLE_PARAMETERS = ['state', 'code', 'iss', 'error'] as const;

/** Where an answer came from, and so what it must fit. */
interface Arrival {
  /** False: somebody else's sign-in. */
  readonly mayFinish: (index: TokenIndex) => boolean | Promise<boolean>;
  readonly cameBackRight: (pending: PendingAuthorization) => boolean;
}

/** By the listener: the path and port must be those of the sign-in, and for a relay the browser must be the one that began it. */
export async function completeByCallback(
  parts: Parts,
  request: { readonly url: URL; readonly cookies: Readonly<Record<string, string>> },
): Promise<CallbackResult> {
  const completion = await complete(parts, request.url.searchParams, {
    mayFinish: () => true,
    cameBackRight: (pending) =>
      arrivedWhereExpected(pending, request.url) && comesFromBoundBrowser(pending, request.cookies),
  });
  if (completion.kind === 'refused') return { kind: 'refused' };
  const serverName = shownName(completion.pending.serverName);
  return completion.kind === 'connected'
    ? { kind: 'connected', serverName }
    : { kind: 'failed', serverName, message: completion.failure.message };
}

/**
 * Pasted back by a caller: counts only for a sign-in of the same owner, server and account. A whole URL has to have
 * the path of that sign-in as well (mix-up); its host may be the far end of a tunnel.
 */
export async function completeByPaste(parts: Parts, server: KnownServer, callbackUrl: string): Promise<Completion> {
  const { pathname, parameters } = parsePasted(callbackUrl);
  return complete(parts, parameters, {
    mayFinish: async (index) => {
      if (isSameId(idOf(index), server.id)) return true;
      if (isSomebodyElses(index, server))
        await parts.audit.note(server.principal, { event: 'foreign_state', ...actOn(server) });
      return false;
    },
    cameBackRight: (pending) => pathname === undefined || expectedPaths(pending).includes(pathname),
  });
}

async function complete(parts: Parts, parameters: URLSearchParams, arrival: Arrival): Promise<Completion> {
  if (SINGLE_PARAMETERS.some((name) => parameters.getAll(name).length > 1))
    return { kind: 'refused', code: 'state_invalid' };
  const state = parameters.get('state');
  if (state === null || !(await parts.vaultExists())) return { kind: 'refused', code: 'state_invalid' };
  const vault = await parts.vault();
  const index = await vault.tokens.get(['state', state]);
  if (index === undefined || !(await arrival.mayFinish(index.value))) return { kind: 'refused', code: 'state_invalid' };
  if (index.value.expiresAt <= parts.clock.now()) return { kind: 'refused', code: 'state_expired' };
  const pending = await vault.pendings.get(idOf(index.value));
  if (pending === undefined || !isOpen(pending.value, state) || !arrival.cameBackRight(pending.value))
    return { kind: 'refused', code: 'state_invalid' };
  const response = validateAuthorizationResponse(parameters, { state, ...pending.value.authorizationServer });
  if (response.kind === 'malformed') return { kind: 'refused', code: 'state_invalid' };
  const lease = await exchangeLease(vault, idOf(index.value));
  try {
    const taken = await take(parts, vault, idOf(index.value), state);
    return taken === undefined
      ? { kind: 'refused', code: 'state_invalid' }
      : await finishSignIn(parts, vault, index.value.principal, taken, response);
  } finally {
    await release(parts, lease);
  }
}

/**
 * Held while a code is exchanged, and free again at once when the process that does it dies: so those who wait for
 * the exchange know which of the two it was. What is exchanged once is decided by the state alone.
 */
export function exchangeLease(vault: Vault, id: readonly string[]): Promise<Lease | undefined> {
  return vault.acquireLease(['exchange', ...id], EXCHANGE_LEASE_MS, EXCHANGE_LEASE_MS);
}

async function release(parts: Parts, lease: Lease | undefined): Promise<void> {
  await lease?.release().catch((error: unknown) => {
    parts.log.warn({ cause: String(error) }, 'the lease of an exchange could not be given back');
  });
}

/** Consumes the state, atomically: of two equal answers one gets further. That its URL is renewed meanwhile is none. */
async function take(
  parts: Parts,
  vault: Vault,
  id: readonly string[],
  state: string,
): Promise<Versioned<PendingAuthorization> | undefined> {
  for (;;) {
    const pending = await vault.pendings.get(id);
    if (pending === undefined || !isOpen(pending.value, state)) return undefined;
    const value: PendingAuthorization = { ...pending.value, answeredAt: parts.clock.now() };
    const generation = await vault.pendings.compareAndSwap(id, value, pending.generation);
    if (generation !== undefined) return { value, generation };
  }
}

function isOpen(pending: PendingAuthorization, state: string): boolean {
  return isUnanswered(pending) && isSameSecret(pending.state, state);
}

/** The path and port of the redirect URI: for a relay, of the loopback callback that it leads to (mix-up, RFC 9700 section 4.4). */
function arrivedWhereExpected(pending: PendingAuthorization, url: URL): boolean {
  const expected = new URL(pending.redirectUri);
  return expected.protocol === 'http:'
    ? expected.origin === url.origin && expected.pathname === url.pathname
    : url.pathname === CALLBACK_PATH;
}

/** Where a browser may have ended: at the redirect URI, or where a relay sent it on to. */
function expectedPaths(pending: PendingAuthorization): readonly string[] {
  const { protocol, pathname } = new URL(pending.redirectUri);
  return protocol === 'http:' ? [pathname] : [pathname, CALLBACK_PATH];
}

function comesFromBoundBrowser(pending: PendingAuthorization, cookies: Readonly<Record<string, string>>): boolean {
  if (pending.browserBinding === undefined) return true;
  return hasCookie(cookies, bindingCookie(pending), pending.browserBinding);
}

/** The cookie of the launch page; one name for each sign-in, so that two at once do not meet. */
export function bindingCookie(pending: PendingAuthorization): string {
  return `mcp-oauth-broker-${createHash('sha256').update(pending.launchToken).digest('hex').slice(0, 12)}`;
}

function idOf(record: Pick<TokenIndex, 'owner' | 'serverName' | 'account'>): readonly string[] {
  return [...ownerTuple(record.owner), record.serverName, record.account];
}

/** Not merely for another server or account of the caller's own. */
function isSomebodyElses({ principal, owner }: TokenIndex, server: KnownServer): boolean {
  const { team, user, agent } = server.principal;
  return principal.team !== team || principal.user !== user || (owner.agent !== undefined && owner.agent !== agent);
}

function isSameId(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
