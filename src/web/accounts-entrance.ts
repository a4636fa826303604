/** Who is let in to the accounts page and to everything below it: its one browser, with the CSRF token where it sends. */
import { getCookie } from 'hono/cookie';
import type { Broker } from '../broker/broker.js';
import type { Principal } from '../core/principal.js';
import { accountsPath } from './accounts-address.js';
import { sendPage, setBindingCookie } from './page-response.js';
import { closedAccountsPage } from './pages/accounts-outcome-pages.js';
import { forbiddenPage, unauthorizedPage } from './pages/outcome-pages.js';
import { type FormBounds, isDocumentRequest, type SentFields, sentFields } from './request-guard.js';
import type { WebContext } from './web-context.js';

/** A browser that is let in, and as whom. */
export interface Visit {
  readonly principal: Principal;
  readonly token: string;
  readonly csrfToken: string;
}

/** A GET; the first visit binds the page to this browser. */
export async function visiting(
  c: WebContext,
  broker: Broker,
  answer: (visit: Visit) => Promise<Response>,
): Promise<Response> {
  if (!isDocumentRequest(c)) return sendPage(c, forbiddenPage(), 403);
  const token = c.req.param('token') ?? '';
  const entrance = await broker.visitAccounts(token, getCookie(c));
  if (entrance.kind === 'refused') return refuse(c, entrance.status);
  const { principal, csrfToken, cookie } = entrance;
  if (cookie !== undefined) setBindingCookie(c, cookie, { sameSite: 'Strict', path: accountsPath(token) });
  return answer({ principal, token, csrfToken });
}

/** A form that a page of ours sent. */
export async function submitting(
  c: WebContext,
  broker: Broker,
  answer: (visit: Visit, fields: SentFields) => Promise<Response>,
  bounds?: FormBounds,
): Promise<Response> {
  const fields = await sentFields(c, bounds);
  if (fields instanceof Response) return fields;
  const token = c.req.param('token') ?? '';
  const entrance = await broker.submitAccounts(token, getCookie(c), fields['csrf'] ?? '');
  if (entrance.kind === 'refused') return refuse(c, entrance.status);
  return answer({ principal: entrance.principal, token, csrfToken: entrance.csrfToken }, fields);
}

/** The same user as one of their agents; as the page's own without one. Undefined for an agent that they do not have. */
export async function asAgent(
  broker: Broker,
  principal: Principal,
  agent: string | undefined,
): Promise<Principal | undefined> {
  if (agent === undefined || agent === '' || agent === principal.agent) return principal;
  return (await broker.agents(principal)).includes(agent) ? { ...principal, agent } : undefined;
}

function refuse(c: WebContext, status: 401 | 403 | 404): Promise<Response> {
  if (status === 401) return sendPage(c, unauthorizedPage(), 401);
  return status === 403 ? sendPage(c, forbiddenPage(), 403) : sendPage(c, closedAccountsPage(), 404);
}
