/** One account of a server: its state in words, what was granted and for how long, and what can be done. */
import { html } from 'hono/html';
import type { AccountState, AccountStatus, ServerStatus } from '../../broker/server-status.js';
import { accountsPath, disconnectPath } from '../accounts-address.js';
import { type Markup, shown } from '../layout.js';
import { instantWords, reasonWords, STATE_TONES, STATE_WORDS } from './account-words.js';

/** What the forms of the page carry. */
export interface FormGuard {
  readonly token: string;
  readonly csrfToken: string;
}

export function accountItem(guard: FormGuard, server: ServerStatus, account: AccountStatus): Markup {
  return html`<li class="account">
<p class="account-name"><span class="state ${STATE_TONES[account.state]}">${STATE_WORDS[account.state]}</span> <strong>${shown(account.account)}</strong></p>
${account.reason === undefined ? '' : html`<p class="reason">${shown(reasonWords(account.reason))}</p>`}
${facts(account)}
<div class="actions">
${connectForm(guard, server, account)}
${isDisconnectable(server, account) ? html`<a href="${disconnectPath(guard.token, { serverName: server.serverName, account: account.account })}">Disconnect<span class="unseen"> ${shown(server.serverName)}, account ${shown(account.account)}</span></a>` : ''}
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

function connectForm({ token, csrfToken }: FormGuard, server: ServerStatus, account: AccountStatus): Markup {
  return html`<form method="post" action="${accountsPath(token)}/connect">
<input type="hidden" name="csrf" value="${csrfToken}">
<input type="hidden" name="server" value="${server.serverName}">
<input type="hidden" name="account" value="${account.account}">
<button class="small button${account.state === 'connected' ? ' plain' : ''}" type="submit">${verb(account)}<span class="unseen"> ${shown(server.serverName)}, account ${shown(account.account)}</span></button>
</form>`;
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
