/** What follows an action of the accounts page: each says what happened, what is next, and leads back. */
import { html } from 'hono/html';
import type { Cleared, Failure, RequiresAuth, RequiresOauthConfig, Success } from '../../broker/outcomes.js';
import { type AccountReference, accountsPath } from '../accounts-address.js';
import { type Markup, type Page, shown } from '../layout.js';
import { isWebUrl } from '../web-url.js';
import { reasonWords } from './account-words.js';
import { CHECK_ICON, CLOCK_ICON, CROSS_ICON, LOCK_ICON } from './icons.js';
import { outcome } from './outcome-pages.js';

export function connectedFromAccountsPage(token: string, { serverName, account, toolCount }: Success): Page {
  return outcome({
    title: `${shown(serverName)} is connected`,
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">Account ${shown(account)}: it has just answered, with ${toolCount} ${toolCount === 1 ? 'tool' : 'tools'}.</p>
${backLink(token)}`,
  });
}

/** The sign-in or form opens in a tab of its own, so that this one can lead back. */
export function nextStepPage(token: string, needed: RequiresAuth | RequiresOauthConfig): Page {
  const name = shown(needed.serverName);
  const url = addressOf(needed);
  if (url === undefined)
    return problemPage(token, { serverName: needed.serverName, error: 'Your agent can tell you more.' });
  const isForm = needed.status === 'requires_oauth_config' || needed.completion === 'form' || needed.authUrl === null;
  return outcome({
    title: isForm ? `${name} needs something from you` : `Sign in to ${name}`,
    tone: 'plain',
    icon: LOCK_ICON,
    content: html`${needed.reason === undefined ? '' : html`<p class="message">${shown(reasonWords(needed.reason))}</p>`}
${needed.status === 'requires_auth' && needed.userCode !== undefined ? html`<p>Code to compare or enter there: <strong>${shown(needed.userCode)}</strong></p>` : ''}
<a class="button" href="${url}" target="_blank" rel="noopener noreferrer">${isForm ? 'Open the form' : 'Continue to sign in'} <span class="unseen">(new tab)</span></a>
<p class="lead">It opens in a new tab. Close that when you are done.</p>
${backLink(token)}`,
  });
}

export function disconnectPage(view: {
  readonly token: string;
  readonly csrfToken: string;
  readonly reference: AccountReference;
}): Page {
  const { serverName, account } = view.reference;
  return {
    title: `Disconnect ${shown(serverName)}?`,
    hasForm: true,
    content: html`<main>
<h1>Disconnect ${shown(serverName)}?</h1>
<p class="lead">Your agents can no longer use the account ${shown(account)}. Its token or key is deleted here, and revoked at the provider where that is possible.</p>
<form method="post" action="${accountsPath(view.token)}/disconnect">
<input type="hidden" name="csrf" value="${view.csrfToken}">
<input type="hidden" name="server" value="${serverName}">
<input type="hidden" name="account" value="${account}">
<button class="button danger" type="submit">Disconnect</button>
</form>
${backLink(view.token, 'Keep it')}
</main>`,
  };
}

const REVOCATION_WORDS: Readonly<Record<Cleared['revocation'], string>> = {
  revoked: 'The provider has revoked the access.',
  unsupported: 'The provider cannot revoke access this way. Remove it in your settings there if you want to be sure.',
  failed: 'The provider could not be told. Remove the access in your settings there.',
  none: 'There was nothing to revoke at a provider.',
};

export function clearedPage(token: string, { serverName, account }: AccountReference, { revocation }: Cleared): Page {
  return outcome({
    title: `Disconnected from ${shown(serverName)}`,
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">Nothing is stored any more for the account ${shown(account)}. ${REVOCATION_WORDS[revocation]}</p>
${backLink(token)}`,
  });
}

export function problemPage(token: string, { serverName, error }: Pick<Failure, 'serverName' | 'error'>): Page {
  return outcome({
    title: serverName === '' ? 'That did not work' : `That did not work for ${shown(serverName)}`,
    tone: 'bad',
    icon: CROSS_ICON,
    content: html`<p class="message">${shown(error)}</p>
${backLink(token)}`,
  });
}

/** The launch token was never one, or its time is over. */
export function closedAccountsPage(): Page {
  return outcome({
    title: 'This page is closed',
    tone: 'plain',
    icon: CLOCK_ICON,
    content: html`<p class="lead">The accounts page stays open for an hour. For a new one, run this in a terminal:</p>
<code class="copy">mcp-oauth-broker accounts</code>`,
  });
}

function addressOf(needed: RequiresAuth | RequiresOauthConfig): string | undefined {
  const url =
    needed.status === 'requires_oauth_config'
      ? needed.configUrl
      : (needed.launchUrl ?? needed.authUrl ?? needed.configUrl);
  return url !== undefined && isWebUrl(url) ? url : undefined;
}

function backLink(token: string, words = 'Back to your accounts'): Markup {
  return html`<p class="back"><a href="${accountsPath(token)}">${words}</a></p>`;
}
