/**
 * The local form of a server: client configuration, or a token or key, typed here so that it need not pass
 * through a chat. The broker knows whose form it is; this checks that the browser sent it from our own page.
 */
import { getCookie } from 'hono/cookie';
import type { Broker, FormResult } from '../broker/broker.js';
import { FORM_MAX_BYTES, FORM_MAX_FIELDS } from '../core/limits.js';
import { readBounded } from './form-body.js';
import { isDocumentRequest } from './launch.js';
import { sendPage, setBindingCookie } from './page-response.js';
import { formPage } from './pages/form-page.js';
import { forbiddenPage, notFoundPage, savedPage, unauthorizedPage } from './pages/outcome-pages.js';
import type { WebContext } from './web-context.js';

/** Shows the form; the first visit binds it to this browser. */
export async function openConnectForm(c: WebContext, broker: Broker): Promise<Response> {
  if (!isDocumentRequest(c)) return sendPage(c, forbiddenPage(), 403);
  return showResult(c, await broker.openForm(c.req.param('token') ?? '', getCookie(c)));
}

/** Takes what was typed. 403 from another origin or without the CSRF token, 413 over FORM_MAX_BYTES, 415 for another type. */
export async function submitConnectForm(c: WebContext, broker: Broker): Promise<Response> {
  if (!isFromOurPage(c)) return sendPage(c, forbiddenPage(), 403);
  const [mediaType = ''] = (c.req.header('content-type') ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    return c.text('Unsupported media type\n', 415);
  const body = await readBounded(c.req.raw.body, FORM_MAX_BYTES);
  if (body === undefined) return c.text('Content too large\n', 413);
  const fields = fieldsOf(body);
  if (fields === undefined) return c.text('Bad request\n', 400);
  if ((fields['csrf'] ?? '') === '') return sendPage(c, forbiddenPage(), 403);
  return showResult(c, await broker.submitForm(c.req.param('token') ?? '', getCookie(c), fields));
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

/** A browser names the origin of a form it posts; what names none has to bring the cookie, which no other site can. */
function isFromOurPage(c: WebContext): boolean {
  const origin = c.req.header('origin');
  if ((c.req.header('sec-fetch-site') ?? 'same-origin') !== 'same-origin') return false;
  return origin === undefined ? c.req.header('cookie') !== undefined : origin === new URL(c.req.url).origin;
}

/** The fields by name; `undefined` where there are too many, or one is there twice and so has no one value. */
function fieldsOf(body: string): Readonly<Record<string, string>> | undefined {
  const entries = [...new URLSearchParams(body)];
  const isUnambiguous = new Set(entries.map(([name]) => name)).size === entries.length;
  if (entries.length > FORM_MAX_FIELDS || !isUnambiguous) return undefined;
  return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(entries));
}
