/**
 * One server for each of the user's agents: where each has an account of its own, that in one of three states (to be
 * connected, a key to be entered, or connected); and which tools the agent may use.
 */
import { html } from 'hono/html';
import type { AgentTools } from '../../broker/agent-tools.js';
import type { Failure } from '../../broker/outcomes.js';
import type { AccountStatus, ServerStatus } from '../../broker/server-status.js';
import { accountsPath, agentsPath } from '../accounts-address.js';
import { type Markup, type Page, shown } from '../layout.js';
import { accountItem, hiddenFields } from './account-item.js';
import { CREDENTIAL_MODE_WORDS } from './account-words.js';
import { accountsNav } from './accounts-nav.js';
import { goBack } from './accounts-outcome-pages.js';
import { statePill } from './state-pill.js';
import { toolsForm } from './tools-form.js';

export interface AgentsView {
  readonly token: string;
  readonly csrfToken: string;
  /** As the agent finds it. */
  readonly server: ServerStatus;
  readonly agent: string;
  readonly agents: readonly string[];
  /** Undefined where the agent has to be connected first. */
  readonly tools: AgentTools | Failure | undefined;
  /** Of the tools, from 1. */
  readonly page: number;
  /** A choice was just saved. */
  readonly isSaved: boolean;
}

export function agentsPage(view: AgentsView): Page {
  const { token, server, tools } = view;
  const name = shown(server.serverName);
  return {
    title: `${name} for your agents`,
    hasForm: true,
    isWide: true,
    content: html`<main class="accounts">
<h1>${name} for your agents</h1>
<p class="lead">Who each agent is there, and which tools it may use.</p>
${accountsNav(token, 'servers', { isBelow: true })}
${agentTabs(view)}
<section class="panel" aria-labelledby="connection">
<h2 id="connection">Connection</h2>
${server.credentialMode === 'per_agent' ? ownAccounts(view) : sharedAccounts(view)}
</section>
${tools === undefined ? '' : toolsForm({ ...view, tools })}
<p class="back"><a href="${accountsPath(token)}">${goBack(token).words}</a></p>
</main>`,
  };
}

function agentTabs({ token, server: { serverName }, agents, agent: current }: AgentsView): Markup {
  return html`<nav class="tabs" aria-label="Agents"><ul>${agents.map(
    (agent) =>
      html`<li><a href="${agentsPath(token, { serverName, agent })}"${agent === current ? html` aria-current="page"` : ''}>${shown(agent)}</a></li>`,
  )}</ul></nav>`;
}

/** The agent signs in as the user’s other agents do. */
function sharedAccounts({ server, agent }: AgentsView): Markup {
  const states = server.accounts.map(
    ({ account, state }) => html`<li>${statePill(state)} <strong>${shown(account)}</strong></li>`,
  );
  return html`<p>${shown(agent)} uses what is signed in for: ${CREDENTIAL_MODE_WORDS[server.credentialMode].toLowerCase()}.</p>
<ul class="states">${states}</ul>`;
}

function ownAccounts(view: AgentsView): Markup {
  const { token, csrfToken, agent, server } = view;
  const guard = { token, csrfToken, agent };
  return html`<p>${shown(agent)} has an account of its own here.</p>
<ul class="account-list">${server.accounts.map((account) =>
    takesKey(server) && !isConfigured(account)
      ? keyItem(view, account)
      : accountItem(guard, server, account, { isOff: !isConfigured(account), badge: badgeOf(server, account) }),
  )}</ul>`;
}

/** A key is typed here and now: nothing has to be found out first. */
function keyItem({ token, csrfToken, agent, server }: AgentsView, account: AccountStatus): Markup {
  const words = server.authType === 'api_key' ? 'API key' : 'Token';
  const id = `key-${account.account}`;
  return html`<li class="account">
<p class="account-name">${statePill(account.state)} <strong>${shown(account.account)}</strong></p>
<form class="add" method="post" action="${accountsPath(token)}/key">
${hiddenFields({ token, csrfToken, agent }, server, account)}
<div><label for="${id}">${words} for ${shown(agent)}</label>
<p class="hint" id="${id}-hint">It is tried first, and stored encrypted only if it works. No agent sees it.</p>
<input type="password" id="${id}" name="key" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="${id}-hint"></div>
<button class="small button" type="submit">Save</button>
</form>
</li>`;
}

function takesKey({ authType }: ServerStatus): boolean {
  return authType === 'bearer' || authType === 'api_key';
}

/** Something is stored that the server has taken before, and nobody says that it does no longer. */
export function isConfigured({ state, issuer, lastVerifiedAt }: AccountStatus): boolean {
  if (state === 'connected') return true;
  return state !== 'auth_required' && state !== 'config_required' && (issuer ?? lastVerifiedAt) !== undefined;
}

function badgeOf({ authType }: ServerStatus, account: AccountStatus): string | undefined {
  return authType !== 'none' && isConfigured(account) ? 'Token configured' : undefined;
}
