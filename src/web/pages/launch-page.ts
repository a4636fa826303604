/**
 * Shown before a sign-in that ends at a relay: who asks, where the user signs in, what is allowed, and by way
 * of which host the answer comes back. A person to whom somebody else's link was forwarded can see it here.
 */
import { html } from 'hono/html';
import type { LaunchResult } from '../../broker/browser-results.js';
import { type Markup, type Page, shown } from '../layout.js';
import { isWebUrl } from '../web-url.js';

type Confirmation = Extract<LaunchResult, { kind: 'confirm' }>;

export function launchPage(launch: Confirmation): Page {
  const { continueUrl } = launch;
  if (!isWebUrl(continueUrl) && !/^\/(?![/\\])/u.test(continueUrl))
    throw new TypeError('A sign-in goes on at an http(s) URL or at a path of ours.');
  const title = `Connect your agent to ${shown(launch.serverName)}`;
  return {
    title,
    content: html`<main>
<h1>${title}</h1>
<p class="lead">You are about to sign in. Check that this is what you asked for.</p>
<dl class="facts">
<div><dt>Server</dt><dd>${shown(launch.serverName)}</dd></div>
<div><dt>You sign in at</dt><dd>${shown(launch.issuer)}</dd></div>
<div><dt>It asks for</dt><dd>${scopeList(launch.scope)}</dd></div>
<div><dt>Returns through</dt><dd>${shown(launch.redirectHost)}</dd></div>
</dl>
<p class="message">Go on only if you asked your own agent for this just now. If somebody sent you this link, close the tab.</p>
<a class="button" href="${continueUrl}" rel="noreferrer">Continue to sign in</a>
</main>`,
  };
}

function scopeList(scope: string): Markup {
  const scopes = scope.split(' ').filter((token) => token !== '');
  if (scopes.length === 0) return html`The server’s default permissions`;
  return html`<ul class="scopes">${scopes.map((token) => html`<li><code>${shown(token)}</code></li>`)}</ul>`;
}
