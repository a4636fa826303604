/**
 * The local form of a server: client configuration, or a token or key, typed here so that it need not pass
 * through a chat. The broker knows whose form it is; this checks that the browser sent it from our own page.
 */
import { getCookie } from 'hono/cookie';
import type { Broker } from '../broker/broker.js';
import type { FormResult } from '../broker/browser-results.js';
import { sendPage, setBindingCookie } from './page-response.js';
import { formPage } from './pages/form-page.js';
import { forbiddenPage, notFoundPage, savedPage, unauthorizedPage } from './pages/outcome-pages.js';
import { isDocumentRequest, sentFields } from './request-guard.js';
import type { WebContext } from './web-context.js';

/** Shows the form; the first visit binds it to this browser. */
export async function openConnectForm(c: WebContext, broker: Broker): Promise<Response> {
  if (!isDocumentRequest(c)) return sendPage(c, forbiddenPage(), 403);
  return showResult(c, await broker.openForm(c.req.param('token') ?? '', getCookie(c)));
}

/**
 * Takes what was typed; refuses as `sentFields` does. What came of it is another page: a browser that is reloaded or
 * goes forward to an answer writes what it had sent, and with it a secret, into its files.
 */
export async function submitConnectForm(c: WebContext, broker: Broker): Promise<Response> {
  const fields = await sentFields(c);
  if (fields instanceof Response) return fields;
  const submission = await broker.submitForm(c.req.param('token') ?? '', getCookie(c), fields);
  return submission.kind === 'taken' ? c.redirect(c.req.path, 303) : showResult(c, submission);
}

function showResult(c: WebContext, result: FormResult): Promise<Response> {
  switch (result.kind) {
    case 'show':
      if (result.cookie !== undefined) setBindingCookie(c, result.cookie, { sameSite: 'Strict', path: c.req.path });
      return sendPage(c, formPage(result.view), result.view.problem === undefined ? 200 : 422);
    case 'done':
      return sendPage(c, savedPage(result.serverName, result.continueUrl));
    case 'refused':
      if (result.status === 401) return sendPage(c, unauthorizedPage(), 401);
      return result.status === 403 ? sendPage(c, forbiddenPage(), 403) : sendPage(c, notFoundPage(), 404);
  }
}
