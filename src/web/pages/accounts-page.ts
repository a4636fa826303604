/** Every server of the user: what state it is in, who they are there, and what they can do about it. */
import { html } from 'hono/html';
import type { ServerStatus } from '../../broker/server-status.js';
import type { AccountSelection, GroupName } from '../account-groups.js';
import { accountsPath, agentsPath, removePath } from '../accounts-address.js';
import type { AgentAccounts, ShownServer } from '../agent-accounts.js';
import { type Markup, type Page, shown } from '../layout.js';
import { accountItem } from './account-item.js';
import { AUTH_TYPE_WORDS, CREDENTIAL_MODE_WORDS, SOURCE_WORDS } from './account-words.js';
import { accountsNav } from './accounts-nav.js';
import { statePill } from './state-pill.js';

export interface AccountsView {
  readonly token: string;
  readonly csrfToken: string;
  readonly selection: AccountSelection;
}

const GROUP_TITLES: Readonly<Record<GroupName, string>> = {
  attention: 'Needs you',
  connected: 'Connected',
  idle: 'Not connected',
};

export function accountsPage(view: AccountsView): Page {
  const { selection } = view;
  return {
    title: 'Your accounts',
    hasForm: true,
    isWide: true,
    content: html`<main class="accounts">
<h1>Your accounts</h1>
<p class="lead">The servers that your agents can use, and who they are there.</p>
${accountsNav(view.token, 'servers')}
${selection.total === 0 ? noServers() : [filterForm(view), ...results(view)]}
</main>`,
  };
}

function noServers(): Markup {
  return html`<div class="empty">
<h2>There are no servers yet</h2>
<p>Ask your agent to connect to one by its address, or add one in a terminal:</p>
<code class="copy">mcp-oauth-broker add NAME URL</code>
</div>`;
}

function filterForm({ token, selection: { filter } }: AccountsView): Markup {
  const choices = ['all', ...Object.keys(GROUP_TITLES)] as readonly AccountsView['selection']['filter']['group'][];
  return html`<form class="filter" role="search" action="${accountsPath(token)}">
<div><label for="q">Find a server</label>
<input type="search" id="q" name="q" value="${shown(filter.words)}" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
<div><label for="show">Show</label>
<select id="show" name="show">${choices.map((name) => html`<option value="${name}"${name === filter.group ? html` selected` : ''}>${name === 'all' ? 'All' : GROUP_TITLES[name]}</option>`)}</select></div>
<button class="small button" type="submit">Filter</button>
</form>`;
}

function results(view: AccountsView): readonly (Markup | '')[] {
  const { selection, token } = view;
  if (selection.matching === 0) return [noMatch(token)];
  const { matching, total } = selection;
  const count =
    matching === total ? `${total} ${total === 1 ? 'server' : 'servers'}` : `${matching} of ${total} servers`;
  return [
    html`<p class="quiet" role="status">${count}</p>`,
    ...selection.groups.map(
      ({ name, servers }) => html`<section aria-labelledby="group-${name}">
<h2 id="group-${name}">${GROUP_TITLES[name]}</h2>
<ul class="servers">${servers.map((server) => serverItem(view, server))}</ul>
</section>`,
    ),
    otherPages(view),
  ];
}

function noMatch(token: string): Markup {
  return html`<div class="empty" role="status">
<h2>No server matches</h2>
<p><a href="${accountsPath(token)}">Show all servers</a></p>
</div>`;
}

function serverItem(view: AccountsView, server: ShownServer): Markup {
  const { serverName, toolCount, agents } = server;
  return html`<li class="server">
<div class="about">
<h3>${shown(serverName)}</h3>
${server.requiresOAuth === true ? html`<p><span class="badge">Requires OAuth</span></p>` : ''}
<p class="target"><code>${shown(server.target)}</code></p>
<p class="quiet">${AUTH_TYPE_WORDS[server.authType]} · ${SOURCE_WORDS[server.source]} · Used by: ${CREDENTIAL_MODE_WORDS[server.credentialMode]}${toolCount === undefined ? '' : ` · ${toolCount} ${toolCount === 1 ? 'tool' : 'tools'}`}</p>
</div>
<div>
${agents === undefined ? html`<ul class="account-list">${server.accounts.map((account) => accountItem(view, server, account))}</ul>${addAccount(view, server)}` : agentList(view, serverName, agents)}
${furtherLinks(view, server)}
</div>
</li>`;
}

/** Where each agent has an account of its own: the way to each. */
function agentList({ token }: AccountsView, serverName: string, agents: readonly AgentAccounts[]): Markup {
  return html`<ul class="agent-list">${agents.map(
    ({ agent, accounts }) => html`<li>
<a href="${agentsPath(token, { serverName, agent })}">${shown(agent)}<span class="unseen"> at ${shown(serverName)}</span></a>
<span>${accounts.map(({ account, state }) => html`${statePill(state)}${accounts.length === 1 ? '' : html` ${shown(account)}`} `)}</span>
</li>`,
  )}</ul>`;
}

function furtherLinks(
  { token }: AccountsView,
  { serverName, source, toolCount, accounts, agents }: ShownServer,
): Markup | '' {
  const links = [
    agents !== undefined || (toolCount === undefined && !accounts.some(({ state }) => state === 'connected'))
      ? []
      : [
          html`<a href="${agentsPath(token, { serverName })}">Tools for each agent<span class="unseen"> of ${shown(serverName)}</span></a>`,
        ],
    source === 'agent'
      ? [html`<a href="${removePath(token, serverName)}">Remove<span class="unseen"> ${shown(serverName)}</span></a>`]
      : [],
  ].flat();
  return links.length === 0 ? '' : html`<p class="further">${links}</p>`;
}

/** Another account of the same server, by a name of the user's choice. */
function addAccount({ token, csrfToken }: AccountsView, server: ServerStatus): Markup | '' {
  if (server.authType === 'none') return '';
  const id = `add-${server.serverName}`;
  return html`<details>
<summary>Add an account<span class="unseen"> of ${shown(server.serverName)}</span></summary>
<form class="add" method="post" action="${accountsPath(token)}/connect">
<input type="hidden" name="csrf" value="${csrfToken}">
<input type="hidden" name="server" value="${server.serverName}">
<div><label for="${id}">Name of the account</label>
<p class="hint" id="${id}-hint">For example work. Letters, digits and . _ @ + -</p>
<input type="text" id="${id}" name="account" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="${id}-hint"></div>
<button class="small button" type="submit">Add and connect</button>
</form>
</details>`;
}

function otherPages({ token, selection: { filter, pages } }: AccountsView): Markup | '' {
  if (pages === 1) return '';
  const link = (page: number, words: string): Markup | '' => {
    if (page < 1 || page > pages) return '';
    const query = new URLSearchParams({ q: filter.words, show: filter.group, page: String(page) });
    return html`<a href="${accountsPath(token)}?${query.toString()}">${words}</a>`;
  };
  return html`<nav class="paging" aria-label="Pages">${link(filter.page - 1, 'Previous')}<span>Page ${filter.page} of ${pages}</span>${link(filter.page + 1, 'Next')}</nav>`;
}
