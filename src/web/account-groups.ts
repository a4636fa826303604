/** Which servers the accounts page shows, and in which order: what needs the user first, each server once. */
import type { AccountState } from '../broker/server-status.js';
import { ACCOUNTS_PER_PAGE } from '../core/limits.js';
import type { ShownServer } from './agent-accounts.js';

export type GroupName = 'attention' | 'connected' | 'idle';

/** What the filter form sends; everything of it is the browser's word. */
export interface AccountFilter {
  /** Part of a name or address, in any case; empty: all. */
  readonly words: string;
  readonly group: GroupName | 'all';
  /** From 1. */
  readonly page: number;
}

export interface AccountSelection {
  readonly filter: AccountFilter;
  /** Of this page, in the order they are shown; none is empty. */
  readonly groups: readonly { readonly name: GroupName; readonly servers: readonly ShownServer[] }[];
  /** How many match, on all pages. */
  readonly matching: number;
  readonly pages: number;
  /** How many there are without any filter. */
  readonly total: number;
}

const GROUP_ORDER: readonly GroupName[] = ['attention', 'connected', 'idle'];

const GROUP_OF_STATE: Readonly<Record<AccountState, GroupName>> = {
  auth_required: 'attention',
  config_required: 'attention',
  error: 'attention',
  connected: 'connected',
  not_connected: 'idle',
};

/** Reads the filter from a query; what it does not know counts as not given. */
export function accountFilter(query: {
  readonly q?: string | undefined;
  readonly show?: string | undefined;
  readonly page?: string | undefined;
}): AccountFilter {
  const page = /^[1-9]\d{0,3}$/u.test(query.page ?? '') ? Number(query.page) : 1;
  return { words: (query.q ?? '').trim(), group: GROUP_ORDER.find((name) => name === query.show) ?? 'all', page };
}

/** The matching servers, a page of them, by group and then in the order given. A page after the last is the last. */
export function selectAccounts(servers: readonly ShownServer[], filter: AccountFilter): AccountSelection {
  const matching = GROUP_ORDER.filter((name) => filter.group === 'all' || filter.group === name).flatMap((name) =>
    servers
      .filter((server) => groupOf(server) === name && hasWords(server, filter.words))
      .map((server) => ({ name, server })),
  );
  const pages = Math.max(1, Math.ceil(matching.length / ACCOUNTS_PER_PAGE));
  const page = Math.min(filter.page, pages);
  const onPage = matching.slice((page - 1) * ACCOUNTS_PER_PAGE, page * ACCOUNTS_PER_PAGE);
  const groups = GROUP_ORDER.map((name) => ({
    name,
    servers: onPage.filter((one) => one.name === name).map(({ server }) => server),
  }));
  return {
    filter: { ...filter, page },
    groups: groups.filter((group) => group.servers.length > 0),
    matching: matching.length,
    pages,
    total: servers.length,
  };
}

/** Of several accounts, and of all agents, the one that needs the user most says where a server stands. */
function groupOf({ agents, accounts }: ShownServer): GroupName {
  const groups = (agents?.flatMap((one) => one.accounts) ?? accounts).map(({ state }) => GROUP_OF_STATE[state]);
  return GROUP_ORDER.find((name) => groups.includes(name)) ?? 'idle';
}

function hasWords({ serverName, target, accounts, agents = [] }: ShownServer, words: string): boolean {
  const texts = [serverName, target, ...accounts.map(({ account }) => account), ...agents.map(({ agent }) => agent)];
  return texts.some((text) => text.toLowerCase().includes(words.toLowerCase()));
}
