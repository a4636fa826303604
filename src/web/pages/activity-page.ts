/** The user's own entries of the audit log, as a table that becomes a list on a narrow screen. */
import { html } from 'hono/html';
import type { AuditEntry } from '../../broker/index.js';
import { activityPath } from '../accounts-address.js';
import { type Markup, type Page, shown } from '../layout.js';
import { instantWords, reasonWords } from './account-words.js';
import { accountsNav } from './accounts-nav.js';

interface ActivityView {
  readonly token: string;
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** From 1. */
  readonly page: number;
  readonly hasOlder: boolean;
  /** The log is not as it was written. */
  readonly isBroken: boolean;
}

const EVENT_WORDS: Readonly<Record<AuditEntry['event'], string>> = {
  connected: 'Signed in',
  sign_in_failed: 'Sign-in failed',
  used: 'Used',
  refreshed: 'Token renewed',
  refresh_failed: 'Renewal failed',
  cleared: 'Disconnected',
  key_stored: 'Key stored',
  key_refused: 'Key refused',
  secret_stored: 'Secret stored',
  foreign_state: 'Answer of another sign-in refused',
  secret_echoed: 'Server sent back a secret; it was taken out',
  server_added: 'Server added',
  server_removed: 'Server removed',
  provider_added: 'Provider added',
  provider_removed: 'Provider removed',
  member_added: 'Member added',
  member_removed: 'Member removed',
  reset: 'Everybody disconnected',
  tools_chosen: 'Tools chosen',
  keys_rotated: 'Vault key changed',
};

export function activityPage(view: ActivityView): Page {
  const { token, entries, isBroken } = view;
  return {
    title: 'Your activity',
    isWide: true,
    content: html`<main class="accounts">
<h1>Your activity</h1>
<p class="lead">What you and your agents did, newest first. No token, key or argument of a call is kept here.</p>
${accountsNav(token, 'activity')}
${isBroken ? html`<p class="message" role="alert">Entries of this log are missing or were changed. This command says which: <code>mcp-oauth-broker audit</code></p>` : ''}
${entries.length === 0 ? nothingYet() : table(entries)}
${otherPages(view)}
</main>`,
  };
}

function nothingYet(): Markup {
  return html`<div class="empty"><h2>Nothing yet</h2>
<p>What you and your agents do with your accounts is written here.</p></div>`;
}

function table(entries: readonly AuditEntry[]): Markup {
  return html`<table class="activity" role="table">
<thead role="rowgroup"><tr role="row">${['When', 'What', 'Where', 'Who'].map((words) => html`<th scope="col" role="columnheader">${words}</th>`)}</tr></thead>
<tbody role="rowgroup">${entries.map(row)}</tbody>
</table>`;
}

function row({ at, event, serverName, account, provider, agent, code, detail }: AuditEntry): Markup {
  const place = [serverName, provider === undefined ? undefined : `provider ${provider}`, account];
  const note = [code === undefined ? undefined : reasonWords(code), detail].filter((text) => text !== undefined);
  // The roles stay where a narrow screen shows it as a list.
  return html`<tr role="row">
<td role="cell"><time datetime="${at}">${instantWords(at)}</time></td>
<td role="cell"><strong>${EVENT_WORDS[event] ?? shown(event)}</strong>${note.length === 0 ? '' : html`<span class="note">${shown(note.join(' · '))}</span>`}</td>
<td role="cell">${shown(place.filter((text) => text !== undefined).join(' · '))}</td>
<td role="cell">${shown(agent)}</td>
</tr>`;
}

function otherPages({ token, page, hasOlder }: ActivityView): Markup | '' {
  if (page === 1 && !hasOlder) return '';
  return html`<nav class="paging" aria-label="Pages">${page === 1 ? '' : html`<a href="${activityPath(token, page - 1)}">Newer</a>`}<span>Page ${page}</span>${hasOlder ? html`<a href="${activityPath(token, page + 1)}">Older</a>` : ''}</nav>`;
}
