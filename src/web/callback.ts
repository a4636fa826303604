/**
 * The answer of an authorization server, brought by the browser (RFC 6749 §4.1.2). It is handed on as it came;
 * nothing of it is ever shown, followed or decided here.
 */
import { getCookie } from 'hono/cookie';
import type { Broker } from '../broker/broker.js';
import { sendPage } from './page-response.js';
import { connectedPage, failedPage, refusedPage } from './pages/outcome-pages.js';
import type { WebContext } from './web-context.js';

const RESPONSE_PARAMETERS = ['state', 'code', 'error'] as const;

/** Whether the query holds a parameter of an authorization response, at whatever path. */
export function isAuthorizationResponse(c: WebContext): boolean {
  return RESPONSE_PARAMETERS.some((name) => c.req.query(name) !== undefined);
}

/** Completes the sign-in and shows how it went; 400 where the answer belongs to no open sign-in. */
export async function answerCallback(c: WebContext, broker: Broker): Promise<Response> {
  const result = await broker.completeAuthorization({ url: new URL(c.req.url), cookies: getCookie(c) });
  switch (result.kind) {
    case 'connected':
      return sendPage(c, connectedPage(result.serverName));
    case 'failed':
      return sendPage(c, failedPage(result.serverName, result.message));
    case 'refused':
      return sendPage(c, refusedPage(), 400);
  }
}
