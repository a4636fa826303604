/** The OAuth providers: never a secret, only where it comes from. */
import { html } from 'hono/html';
import type { ProviderAccount, ProviderStatus } from '../../broker/provider-status.js';
import { accountsPath, disconnectPath } from '../accounts-address.js';
import { type Markup, type Page, shown } from '../layout.js';
import type { FormGuard } from './account-item.js';
import { instantWords, SOURCE_WORDS } from './account-words.js';
import { accountsNav } from './accounts-nav.js';
import { statePill } from './state-pill.js';

interface ProvidersView extends FormGuard {
  readonly providers: readonly ProviderStatus[];
}

export function providersPage(view: ProvidersView): Page {
  const { token, providers } = view;
  return {
    title: 'Your providers',
    hasForm: true,
    isWide: true,
    content: html`<main class="accounts">
<h1>Your providers</h1>
<p class="lead">Where servers that are programs get their tokens from. You sign in at each once, for all servers that use it.</p>
${accountsNav(token, 'providers')}
${providers.length === 0 ? noProviders() : html`<ul class="servers">${providers.map((provider) => providerItem(view, provider))}</ul>`}
</main>`,
  };
}

function noProviders(): Markup {
  return html`<div class="empty">
<h2>There are no providers</h2>
<p>They stand under <code>oauthProviders</code> in your servers.json, or an administrator adds one for your team:</p>
<code class="copy">mcp-oauth-broker provider add ID</code>
</div>`;
}

function providerItem(view: ProvidersView, provider: ProviderStatus): Markup {
  const { id, target, source, accounts } = provider;
  return html`<li class="server">
<div class="about">
<h2>${shown(id)}</h2>
<p class="target"><code>${shown(target)}</code></p>
<p class="quiet">${SOURCE_WORDS[source]}</p>
</div>
<div>
<ul class="account-list">${accounts.length === 0 ? notSignedIn(view, provider) : accounts.map((account) => accountOf(view, id, account))}</ul>
${settings(view.token, provider)}
</div>
</li>`;
}

/** A sign-in begins at a server that needs it. */
function notSignedIn({ token, csrfToken }: ProvidersView, { id, serverNames }: ProviderStatus): Markup {
  const [serverName] = serverNames;
  return html`<li class="account">
<p class="account-name">${statePill('not_connected')}</p>
${
  serverName === undefined
    ? ''
    : html`<div class="actions"><form method="post" action="${accountsPath(token)}/connect">
<input type="hidden" name="csrf" value="${csrfToken}">
<input type="hidden" name="server" value="${serverName}">
<input type="hidden" name="account" value="default">
<button class="small button" type="submit">Sign in<span class="unseen"> at ${shown(id)}, for ${shown(serverName)}</span></button>
</form></div>`
}
</li>`;
}

function accountOf({ token }: ProvidersView, provider: string, signedIn: ProviderAccount): Markup {
  const { account, isSignedIn, expiresAt, serverName } = signedIn;
  return html`<li class="account">
<p class="account-name">${isSignedIn ? html`<span class="state good">Signed in</span>` : statePill('auth_required')} <strong>${shown(account)}</strong></p>
${expiresAt === undefined ? '' : html`<dl class="account-facts"><div><dt>Token ends</dt><dd><time datetime="${expiresAt}">${instantWords(expiresAt)}</time></dd></div></dl>`}
${serverName === undefined ? '' : html`<div class="actions"><a href="${disconnectPath(token, { serverName, account, provider })}">Disconnect<span class="unseen"> ${shown(provider)}, account ${shown(account)}</span></a></div>`}
</li>`;
}

function settings(token: string, { clientId, scope, secretSource, serverNames }: ProviderStatus): Markup {
  const rows: readonly (readonly [string, Markup])[] = [
    ['Client ID', clientId === undefined ? html`None: it registers by itself` : html`<code>${shown(clientId)}</code>`],
    ['Secret', html`${secretWords(secretSource)}`],
    ['Scope', scope === undefined || scope === '' ? html`The provider’s own` : html`<code>${shown(scope)}</code>`],
    [
      'Used by',
      serverNames.length === 0
        ? html`No server`
        : html`${serverNames.map((name) => html`<a href="${accountsPath(token)}?${new URLSearchParams({ q: name })}">${shown(name)}</a> `)}`,
    ],
  ];
  return html`<dl class="account-facts">${rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

const SECRET_WORDS: Readonly<Record<string, string>> = {
  none: 'None',
  vault: 'In the vault, encrypted',
  'servers.json': 'In your servers.json',
  env: 'Environment variable',
  file: 'File',
  user_secret: 'Your secret',
  team_secret: 'Your team’s secret',
  org_secret: 'Your organisation’s secret',
  oauth: 'Token of the provider',
};

function secretWords(source: string): string {
  const [kind = '', ...rest] = source.split(':');
  const words = Object.hasOwn(SECRET_WORDS, kind) ? SECRET_WORDS[kind] : kind;
  return shown([words, rest.join(':')].join(' ').trim());
}
