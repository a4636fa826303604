/**
 * The accounts page: every server with its state, and what a person can do about it. The broker knows whose page it
 * is and which browser may have it; this shows it and takes its forms.
 */
import { getCookie } from 'hono/cookie';
import type { Broker } from '../broker/broker.js';
import type { AccountsEntrance } from '../broker/browser-results.js';
import { accountFilter, selectAccounts } from './account-groups.js';
import { type AccountReference, accountsPath } from './accounts-address.js';
import { sendPage, setBindingCookie } from './page-response.js';
import {
  clearedPage,
  closedAccountsPage,
  connectedFromAccountsPage,
  disconnectPage,
  nextStepPage,
  problemPage,
} from './pages/accounts-outcome-pages.js';
import { accountsPage } from './pages/accounts-page.js';
import { forbiddenPage, unauthorizedPage } from './pages/outcome-pages.js';
import { isDocumentRequest, type SentFields, sentFields } from './request-guard.js';
import type { WebContext } from './web-context.js';

type Open = Extract<AccountsEntrance, { kind: 'open' }>;

/** Every server, as far as the filter lets through; the first visit binds the page to this browser. */
export async function showAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, csrfToken }, token) => {
    const listed = await broker.listServers(principal);
    if ('status' in listed) return sendPage(c, problemPage(token, listed), 500);
    const { q, show, page } = c.req.query();
    return sendPage(
      c,
      accountsPage({ token, csrfToken, selection: selectAccounts(listed.servers, accountFilter({ q, show, page })) }),
    );
  });
}

/** Asks before it disconnects. */
export async function askToDisconnect(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, csrfToken }, token) => {
    const { server = '', account = '' } = c.req.query();
    const listed = await broker.listServers(principal, server);
    if ('status' in listed) return sendPage(c, problemPage(token, listed), 422);
    const isThere = listed.servers.some(({ accounts }) => accounts.some((one) => one.account === account));
    if (!isThere) return c.redirect(accountsPath(token), 303);
    return sendPage(c, disconnectPage({ token, csrfToken, reference: { serverName: server, account } }));
  });
}

/** Connects as far as it goes without the user, and leads on to the sign-in or the form. */
export async function connectFromAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(c, broker, async ({ principal }, token, reference) => {
    const outcome = await broker.connect(principal, reference);
    switch (outcome.status) {
      case 'success':
        return sendPage(c, connectedFromAccountsPage(token, outcome));
      case 'error':
        return sendPage(c, problemPage(token, outcome), 422);
      default:
        return sendPage(c, nextStepPage(token, outcome));
    }
  });
}

/** Ends the sign-in of one account, and says whether the provider was told. */
export async function disconnectFromAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(c, broker, async ({ principal }, token, reference) => {
    const outcome = await broker.clearAuth(principal, reference);
    return outcome.status === 'error'
      ? sendPage(c, problemPage(token, outcome), 422)
      : sendPage(c, clearedPage(token, reference, outcome));
  });
}

async function visiting(
  c: WebContext,
  broker: Broker,
  answer: (entrance: Open, token: string) => Promise<Response>,
): Promise<Response> {
  if (!isDocumentRequest(c)) return sendPage(c, forbiddenPage(), 403);
  const token = c.req.param('token') ?? '';
  const entrance = await broker.visitAccounts(token, getCookie(c));
  if (entrance.kind === 'refused') return refuse(c, entrance.status);
  if (entrance.cookie !== undefined)
    setBindingCookie(c, entrance.cookie, { sameSite: 'Strict', path: accountsPath(token) });
  return answer(entrance, token);
}

async function submitting(
  c: WebContext,
  broker: Broker,
  answer: (entrance: Open, token: string, reference: AccountReference) => Promise<Response>,
): Promise<Response> {
  const fields = await sentFields(c);
  if (fields instanceof Response) return fields;
  const token = c.req.param('token') ?? '';
  const entrance = await broker.submitAccounts(token, getCookie(c), fields['csrf'] ?? '');
  if (entrance.kind === 'refused') return refuse(c, entrance.status);
  return answer(entrance, token, referenceOf(fields));
}

/** Checked by the broker, as every name. */
function referenceOf(fields: SentFields): AccountReference {
  return { serverName: fields['server'] ?? '', account: (fields['account'] ?? '').trim() };
}

function refuse(c: WebContext, status: 401 | 403 | 404): Promise<Response> {
  if (status === 401) return sendPage(c, unauthorizedPage(), 401);
  return status === 403 ? sendPage(c, forbiddenPage(), 403) : sendPage(c, closedAccountsPage(), 404);
}
