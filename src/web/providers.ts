/** The OAuth providers of the user's file and team: what they are, who uses them, and where the user is signed in. */
import type { Broker } from '../broker/broker.js';
import { visiting } from './accounts-entrance.js';
import { sendPage } from './page-response.js';
import { goBack, problemPage } from './pages/accounts-outcome-pages.js';
import { providersPage } from './pages/providers-page.js';
import type { WebContext } from './web-context.js';

export async function showProviders(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token, csrfToken }) => {
    const listed = await broker.providers(principal);
    if ('status' in listed) return sendPage(c, problemPage(goBack(token), listed), 500);
    return sendPage(c, providersPage({ token, csrfToken, providers: listed.providers }));
  });
}
