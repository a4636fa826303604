/** What follows an action of the accounts page: each says what happened, what is next, and leads back. */
import { html } from 'hono/html';
import type { Cleared, Failure, RequiresAuth, RequiresOauthConfig, Success } from '../../broker/outcomes.js';
import type { ServerStatus } from '../../broker/server-status.js';
import { type AccountReference, accountsPath, agentsPath, providersPath } from '../accounts-address.js';
import { type Markup, type Page, shown } from '../layout.js';
import { isWebUrl } from '../web-url.js';
import { reasonWords } from './account-words.js';
import { CHECK_ICON, CLOCK_ICON, CROSS_ICON, LOCK_ICON } from './icons.js';
import { outcome } from './outcome-pages.js';

/** Where a page leads back to. */
export interface Back {
  readonly href: string;
  readonly words: string;
}

/** To where it was asked for: the page of an agent, or that of all servers. */
export function goBack(token: string, reference?: Pick<AccountReference, 'serverName' | 'agent' | 'provider'>): Back {
  if (reference?.provider !== undefined) return { href: providersPath(token), words: 'Back to your providers' };
  if (reference?.agent === undefined) return { href: accountsPath(token), words: 'Back to your accounts' };
  const { serverName, agent } = reference;
  return { href: agentsPath(token, { serverName, agent }), words: `Back to ${shown(serverName)} for ${shown(agent)}` };
}

export function connectedFromAccountsPage(
  back: Back,
  { serverName, account, toolCount }: Pick<Success, 'serverName' | 'account' | 'toolCount'>,
): Page {
  return outcome({
    title: `${shown(serverName)} is connected`,
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">Account ${shown(account)}: it has just answered, with ${toolCount} ${toolCount === 1 ? 'tool' : 'tools'}.</p>
${backLink(back)}`,
  });
}

/** The sign-in or form opens in a tab of its own, so that this one can lead back. */
export function nextStepPage(back: Back, needed: RequiresAuth | RequiresOauthConfig): Page {
  const name = shown(needed.serverName);
  const url = addressOf(needed);
  if (url === undefined)
    return problemPage(back, { serverName: needed.serverName, error: 'Your agent can tell you more.' });
  const isForm = needed.status === 'requires_oauth_config' || needed.completion === 'form' || needed.authUrl === null;
  return outcome({
    title: isForm ? `${name} needs something from you` : `Sign in to ${name}`,
    tone: 'plain',
    icon: LOCK_ICON,
    content: html`${needed.reason === undefined ? '' : html`<p class="message">${shown(reasonWords(needed.reason))}</p>`}
${needed.status === 'requires_auth' && needed.userCode !== undefined ? html`<p>Code to compare or enter there: <strong>${shown(needed.userCode)}</strong></p>` : ''}
<a class="button" href="${url}" target="_blank" rel="noopener noreferrer">${isForm ? 'Open the form' : 'Continue to sign in'} <span class="unseen">(new tab)</span></a>
<p class="lead">It opens in a new tab. Close that when you are done.</p>
${backLink(back)}`,
  });
}

export function disconnectPage(view: {
  readonly token: string;
  readonly csrfToken: string;
  readonly reference: AccountReference;
}): Page {
  const { serverName, account, agent, provider } = view.reference;
  const title = `Disconnect ${shown(provider ?? serverName)}?`;
  const users = provider === undefined ? 'Your agents' : 'The servers that take its token';
  return {
    title,
    hasForm: true,
    content: html`<main>
<h1>${title}</h1>
<p class="lead">${agent === undefined ? users : shown(agent)} can no longer use the account ${shown(account)}. Its token or key is deleted here, and revoked at the provider where that is possible.</p>
<form method="post" action="${accountsPath(view.token)}/disconnect">
<input type="hidden" name="csrf" value="${view.csrfToken}">
<input type="hidden" name="server" value="${serverName}">
<input type="hidden" name="account" value="${account}">
${agent === undefined ? '' : html`<input type="hidden" name="agent" value="${agent}">`}
${provider === undefined ? '' : html`<input type="hidden" name="provider" value="${provider}">`}
<button class="button danger" type="submit">Disconnect</button>
</form>
${backLink({ ...goBack(view.token, view.reference), words: 'Keep it' })}
</main>`,
  };
}

const REVOCATION_WORDS: Readonly<Record<Cleared['revocation'], string>> = {
  revoked: 'The provider has revoked the access.',
  unsupported: 'The provider cannot revoke access this way. Remove it in your settings there if you want to be sure.',
  failed: 'The provider could not be told. Remove the access in your settings there.',
  none: 'There was nothing to revoke at a provider.',
};

export function clearedPage(
  back: Back,
  { serverName, account, provider }: AccountReference,
  { revocation }: Cleared,
): Page {
  return outcome({
    title: `Disconnected from ${shown(provider ?? serverName)}`,
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">Nothing is stored any more for the account ${shown(account)}. ${REVOCATION_WORDS[revocation]}</p>
${backLink(back)}`,
  });
}

export function problemPage(back: Back, { serverName, error }: Pick<Failure, 'serverName' | 'error'>): Page {
  return outcome({
    title: serverName === '' ? 'That did not work' : `That did not work for ${shown(serverName)}`,
    tone: 'bad',
    icon: CROSS_ICON,
    content: html`<p class="message">${shown(error)}</p>
${backLink(back)}`,
  });
}

/** Before a server that an agent added goes, with everything that is stored for it. */
export function removePage(view: {
  readonly token: string;
  readonly csrfToken: string;
  readonly server: Pick<ServerStatus, 'serverName' | 'target'>;
}): Page {
  const { serverName, target } = view.server;
  return {
    title: `Remove ${shown(serverName)}?`,
    hasForm: true,
    content: html`<main>
<h1>Remove ${shown(serverName)}?</h1>
<p class="lead">An agent of yours added it. Its accounts, tokens and keys go with it, and what you chose of its tools; access is revoked at the provider where that is possible.</p>
<p class="message"><code>${shown(target)}</code></p>
<form method="post" action="${accountsPath(view.token)}/remove">
<input type="hidden" name="csrf" value="${view.csrfToken}">
<input type="hidden" name="server" value="${serverName}">
<button class="button danger" type="submit">Remove</button>
</form>
${backLink({ ...goBack(view.token), words: 'Keep it' })}
</main>`,
  };
}

export function removedPage(token: string, serverName: string): Page {
  return outcome({
    title: `${shown(serverName)} is removed`,
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">Nothing is stored for it any more. An agent can add it again, and then you sign in again.</p>
${backLink(goBack(token))}`,
  });
}

export function noSuchAgentPage(token: string): Page {
  return problemPage(goBack(token), { serverName: '', error: 'You have no agent of this name.' });
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

function backLink({ href, words }: Back): Markup {
  return html`<p class="back"><a href="${href}">${words}</a></p>`;
}
