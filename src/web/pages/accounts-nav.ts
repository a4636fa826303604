/** The way between the pages of the user's accounts. */
import { html } from 'hono/html';
import { accountsPath, activityPath, providersPath } from '../accounts-address.js';
import type { Markup } from '../layout.js';

type Place = 'servers' | 'providers' | 'activity';

/** @param here the page that it stands on, or that is above it (`isBelow`). */
export function accountsNav(token: string, here: Place, { isBelow = false } = {}): Markup {
  const places: readonly (readonly [Place, string, string])[] = [
    ['servers', accountsPath(token), 'Servers'],
    ['providers', providersPath(token), 'Providers'],
    ['activity', activityPath(token), 'Activity'],
  ];
  return html`<nav class="places" aria-label="Accounts"><ul>${places.map(
    ([place, href, words]) =>
      html`<li><a href="${href}"${place === here ? html` aria-current="${isBelow ? 'true' : 'page'}"` : ''}>${words}</a></li>`,
  )}</ul></nav>`;
}
