/**
 * The way into the accounts page: a launch token of ten minutes that carries its principal. The first browser that
 * brings it keeps the page for an hour, by a cookie that no other has; its forms carry a CSRF token.
 */
import { BrokerError } from '../core/errors.js';
import { ACCOUNTS_PAGE_TTL_MS, LAUNCH_TOKEN_TTL_MS } from '../core/limits.js';
import { DEFAULT_ACCOUNT } from '../core/names.js';
import { ownerOf, type Principal } from '../core/principal.js';
import type { TokenIndex, Versioned } from '../vault/index.js';
import { hasCookie, isSameSecret } from './browser-binding.js';
import type { AccountsEntrance, AccountsOpened, KeyAnswer, TypedKey } from './browser-results.js';
import { openPage } from './open-pages.js';
import type { Outcome } from './outcomes.js';
import { pagePort } from './page-port.js';
import type { Parts } from './parts.js';
import { isoInstant } from './payloads.js';
import { randomToken } from './random-token.js';

type Cookies = Readonly<Record<string, string>>;

/** @throws {BrokerError} `callback_port_in_use` where no port can be had. */
export async function openAccounts(parts: Parts, principal: Principal): Promise<AccountsOpened> {
  const port = await pagePort(parts);
  if (port === undefined)
    throw new BrokerError('callback_port_in_use', 'No port of this computer can be had for the accounts page.', {
      nextStep: 'Show the servers in the terminal instead: mcp-oauth-broker list',
    });
  const token = randomToken();
  const expiresAt = parts.clock.now() + LAUNCH_TOKEN_TTL_MS;
  const index: TokenIndex = {
    kind: 'accounts',
    principal,
    owner: ownerOf(principal, 'per_user'),
    serverName: '',
    account: DEFAULT_ACCOUNT,
    port,
    expiresAt,
  };
  await (await parts.vault()).tokens.compareAndSwap(['accounts', token], index, 0);
  await openPage(parts, port, '127.0.0.1', accountsUse(token), expiresAt);
  return { status: 'success', url: `http://127.0.0.1:${port}/accounts/${token}`, expiresAt: isoInstant(expiresAt) };
}

/** A visit: binds the page to this browser where it is the first. */
export async function visitAccounts(parts: Parts, token: string, cookies: Cookies): Promise<AccountsEntrance> {
  const index = await livePage(parts, token);
  if (index === undefined) return { kind: 'refused', status: 404 };
  return index.value.browserBinding === undefined ? bind(parts, token, index) : admit(token, cookies, index.value);
}

/** A form that was sent: from the bound browser, and with the CSRF token of its page. */
export async function submitAccounts(
  parts: Parts,
  token: string,
  cookies: Cookies,
  csrfToken: string,
): Promise<AccountsEntrance> {
  const index = await livePage(parts, token);
  if (index === undefined) return { kind: 'refused', status: 404 };
  const entrance = admit(token, cookies, index.value);
  if (entrance.kind === 'refused' || isSameSecret(csrfToken, entrance.csrfToken)) return entrance;
  return { kind: 'refused', status: 403 };
}

/** What came of a typed key waits for the page that shows it: a browser keeps what it sent beside the answer. */
export async function keepKeyAnswer(
  parts: Parts,
  { agent }: Principal,
  { token, serverName, account }: TypedKey,
  outcome: Outcome,
): Promise<void> {
  const keyAnswer = { serverName, account, agent, result: keyAnswerOf(outcome) };
  await (await parts.vault()).tokens.update(['accounts', token], (current) => current && { ...current, keyAnswer });
}

/** Undefined where no key was typed for this account, or another one after it. */
export async function keptKeyAnswer(
  parts: Parts,
  { agent }: Principal,
  { token, serverName, account }: TypedKey,
): Promise<KeyAnswer | undefined> {
  const kept = (await livePage(parts, token))?.value.keyAnswer;
  return kept?.serverName === serverName && kept.account === account && kept.agent === agent ? kept.result : undefined;
}

function keyAnswerOf(outcome: Outcome): KeyAnswer {
  switch (outcome.status) {
    case 'success':
      return { kind: 'stored', toolCount: outcome.toolCount };
    case 'error':
      return { kind: 'problem', problem: outcome.error };
    default:
      return { kind: 'problem', problem: 'The server does not take it. Nothing was changed.' };
  }
}

async function bind(
  parts: Parts,
  token: string,
  { value, generation }: Versioned<TokenIndex>,
): Promise<AccountsEntrance> {
  const [browserBinding, csrfToken] = [randomToken(), randomToken()];
  const expiresAt = parts.clock.now() + ACCOUNTS_PAGE_TTL_MS;
  const bound: TokenIndex = { ...value, browserBinding, csrfToken, expiresAt };
  const isFirst = await (await parts.vault()).tokens.compareAndSwap(['accounts', token], bound, generation);
  if (isFirst === undefined) return { kind: 'refused', status: 401 };
  if (value.port !== undefined) await openPage(parts, value.port, '127.0.0.1', accountsUse(token), expiresAt);
  const maxAgeSeconds = ACCOUNTS_PAGE_TTL_MS / 1_000;
  return {
    kind: 'open',
    principal: value.principal,
    csrfToken,
    cookie: { name: cookieName(token), value: browserBinding, maxAgeSeconds },
  };
}

function admit(
  token: string,
  cookies: Cookies,
  { browserBinding, csrfToken, principal }: TokenIndex,
): AccountsEntrance {
  const isBound = browserBinding !== undefined && hasCookie(cookies, cookieName(token), browserBinding);
  if (!isBound || csrfToken === undefined) return { kind: 'refused', status: 401 };
  return { kind: 'open', principal, csrfToken };
}

async function livePage(parts: Parts, token: string): Promise<Versioned<TokenIndex> | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  const index = await (await parts.vault()).tokens.get(['accounts', token]);
  return index !== undefined && index.value.expiresAt > parts.clock.now() ? index : undefined;
}

function accountsUse(token: string): string {
  return `accounts ${token.slice(0, 8)}`;
}

function cookieName(token: string): string {
  return `mcp-oauth-broker-accounts-${token.slice(0, 8)}`;
}
