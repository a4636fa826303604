/**
 * The short address of a sign-in. Where the redirect URI is a relay it shows first where the user is going,
 * and binds the sign-in to this browser by a cookie that the callback asks for.
 */
import { getCookie } from 'hono/cookie';
import type { Broker } from '../broker/broker.js';
import { sendPage, setBindingCookie } from './page-response.js';
import { launchPage } from './pages/launch-page.js';
import { failedPage, forbiddenPage, notFoundPage } from './pages/outcome-pages.js';
import { isDocumentRequest } from './request-guard.js';
import type { WebContext } from './web-context.js';
import { isWebUrl } from './web-url.js';

/** Leads to the authorization server, directly or by way of the confirmation page. May be opened again and again. */
export async function openLaunch(c: WebContext, broker: Broker): Promise<Response> {
  if (!isDocumentRequest(c)) return sendPage(c, forbiddenPage(), 403);
  const result = await broker.launch(c.req.param('token') ?? '', getCookie(c), isConfirmed(c));
  if (result.kind === 'unknown') return sendPage(c, notFoundPage(), 404);
  if (result.kind === 'failed') return sendPage(c, failedPage(result.serverName, result.message));
  if (result.cookie !== undefined) setBindingCookie(c, result.cookie, { sameSite: 'Lax', path: '/' });
  if (result.kind === 'confirm') return sendPage(c, launchPage(result));
  if (!isWebUrl(result.url)) throw new TypeError('A launch leads to an http(s) URL.');
  return c.redirect(result.url, 302);
}

/** Only our own page confirms: a link from elsewhere that carries the answer already is asked all the same. */
function isConfirmed(c: WebContext): boolean {
  return c.req.query('continue') === '1' && (c.req.header('sec-fetch-site') ?? 'same-origin') === 'same-origin';
}
