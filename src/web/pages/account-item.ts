/** One account of a server: its state in words, what was granted and for how long, and what can be done. */
import { html } from 'hono/html';
import type { AccountState, AccountStatus, ServerStatus } from '../../broker/server-status.js';
import { accountsPath, disconnectPath } from '../accounts-address.js';
import { type Markup, shown } from '../layout.js';
import { instantWords, reasonWords } from './account-words.js';
import { statePill } from './state-pill.js';

/** What the forms of the page carry. */
export interface FormGuard {
  readonly token: string;
  readonly csrfToken: string;
  /** Whose account it is, where each agent has its own. */
  readonly agent?: string;
}

/** How an account is marked beyond its state. */
export interface AccountMarks {
  /** Nothing is there yet: greyed. */
  readonly isOff?: boolean;
  readonly badge?: string | undefined;
}

export function accountItem(
  guard: FormGuard,
  server: ServerStatus,
  account: AccountStatus,
  { isOff = false, badge }: AccountMarks = {},
): Markup {
  return html`<li class="account${isOff ? ' off' : ''}">
<p class="account-name">${statePill(account.state)} <strong>${shown(account.account)}</strong>${badge === undefined ? '' : html` <span class="badge">${badge}</span>`}</p>
${account.reason === undefined ? '' : html`<p class="reason">${shown(reasonWords(account.reason))}</p>`}
${facts(account)}
<div class="actions">
${connectForm(guard, server, account)}
${isDisconnectable(server, account) ? html`<a href="${disconnectPath(guard.token, { serverName: server.serverName, account: account.account, agent: guard.agent })}">Disconnect<span class="unseen"> ${shown(server.serverName)}, account ${shown(account.account)}</span></a>` : ''}
</div>
</li>`;
}

function facts({ scope, issuer, expiresAt, lastVerifiedAt }: AccountStatus): Markup | '' {
  const scopes = scope?.split(' ').filter((one) => one !== '') ?? [];
  const rows = [
    scopes.length === 0
      ? []
      : [['Allowed', html`<ul class="scopes">${scopes.map((one) => html`<li><code>${shown(one)}</code></li>`)}</ul>`]],
    issuer === undefined ? [] : [['Signed in at', html`${shown(issuer)}`]],
    expiresAt === undefined ? [] : [['Token ends', instant(expiresAt)]],
    lastVerifiedAt === undefined ? [] : [['Last worked', instant(lastVerifiedAt)]],
  ].flat();
  if (rows.length === 0) return '';
  return html`<dl class="account-facts">${rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function instant(at: string): Markup {
  return html`<time datetime="${at}">${instantWords(at)}</time>`;
}

function connectForm(guard: FormGuard, server: ServerStatus, account: AccountStatus): Markup {
  return html`<form method="post" action="${accountsPath(guard.token)}/connect">
${hiddenFields(guard, server, account)}
<button class="small button${account.state === 'connected' ? ' plain' : ''}" type="submit">${verb(account)}<span class="unseen"> ${shown(server.serverName)}, account ${shown(account.account)}</span></button>
</form>`;
}

/** What every form about an account carries. */
export function hiddenFields(
  { csrfToken, agent }: FormGuard,
  { serverName }: Pick<ServerStatus, 'serverName'>,
  { account }: Pick<AccountStatus, 'account'>,
): Markup {
  return html`<input type="hidden" name="csrf" value="${csrfToken}">
<input type="hidden" name="server" value="${serverName}">
<input type="hidden" name="account" value="${account}">
${agent === undefined ? '' : html`<input type="hidden" name="agent" value="${agent}">`}`;
}

/** What the same request comes to in each state. */
function verb({ state, issuer }: AccountStatus): string {
  const words: Readonly<Record<AccountState, string>> = {
    connected: 'Check',
    auth_required: issuer === undefined ? 'Sign in' : 'Reconnect',
    config_required: 'Set up',
    not_connected: issuer === undefined ? 'Connect' : 'Reconnect',
    error: 'Try again',
  };
  return words[state];
}

/** Where something was ever stored; a credential of the whole team is ended on the command line only. */
function isDisconnectable({ authType, credentialMode }: ServerStatus, account: AccountStatus): boolean {
  if (authType === 'none' || credentialMode === 'shared') return false;
  return account.state !== 'not_connected' || account.issuer !== undefined || account.lastVerifiedAt !== undefined;
}
