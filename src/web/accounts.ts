/**
 * The accounts page: every server with its state, and what a person can do about it. The broker knows whose page it
 * is and which browser may have it; this shows it and takes its forms.
 */
import type { Broker } from '../broker/broker.js';
import type { ProviderAccount } from '../broker/provider-status.js';
import { BrokerError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { accountFilter, selectAccounts } from './account-groups.js';
import { type AccountReference, accountsPath } from './accounts-address.js';
import { asAgent, submitting, type Visit, visiting } from './accounts-entrance.js';
import { withAgents } from './agent-accounts.js';
import { sendPage } from './page-response.js';
import {
  clearedPage,
  connectedFromAccountsPage,
  disconnectPage,
  goBack,
  nextStepPage,
  noSuchAgentPage,
  problemPage,
  removedPage,
  removePage,
} from './pages/accounts-outcome-pages.js';
import { accountsPage } from './pages/accounts-page.js';
import type { SentFields } from './request-guard.js';
import type { WebContext } from './web-context.js';

/** Every server, as far as the filter lets through; the first visit binds the page to this browser. */
export async function showAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token, csrfToken }) => {
    const listed = await broker.listServers(principal);
    if ('status' in listed) return sendPage(c, problemPage(goBack(token), listed), 500);
    const servers = await withAgents(broker, principal, listed.servers);
    const { q, show, page } = c.req.query();
    const selection = selectAccounts(servers, accountFilter({ q, show, page }));
    return sendPage(c, accountsPage({ token, csrfToken, selection }));
  });
}

/** Asks before it disconnects. */
export async function askToDisconnect(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token, csrfToken }) => {
    const { server = '', account = '', agent, provider } = c.req.query();
    const asked = await asAgent(broker, principal, agent);
    if (asked === undefined) return sendPage(c, noSuchAgentPage(token), 404);
    const listed = await broker.listServers(asked, server);
    if ('status' in listed) return sendPage(c, problemPage(goBack(token), listed), 422);
    const accounts =
      provider === undefined
        ? listed.servers.flatMap((one) => one.accounts)
        : await accountsAt(broker, asked, provider, server);
    if (!accounts.some((one) => one.account === account)) return c.redirect(accountsPath(token), 303);
    return sendPage(
      c,
      disconnectPage({ token, csrfToken, reference: { serverName: server, account, agent, provider } }),
    );
  });
}

/** Connects as far as it goes without the user, and leads on to the sign-in or the form. */
export async function connectFromAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(c, broker, async (visit, fields) => {
    const reference = referenceOf(fields);
    const { serverName, account, agent } = reference;
    const asked = await asAgent(broker, visit.principal, agent);
    if (asked === undefined) return sendPage(c, noSuchAgentPage(visit.token), 404);
    const outcome = await broker.connect(asked, { serverName, account });
    const back = goBack(visit.token, reference);
    switch (outcome.status) {
      case 'success':
        return sendPage(c, connectedFromAccountsPage(back, outcome));
      case 'error':
        return sendPage(c, problemPage(back, outcome), 422);
      default:
        return sendPage(c, nextStepPage(back, outcome));
    }
  });
}

/** Ends the sign-in of one account, and says whether the provider was told. */
export async function disconnectFromAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(c, broker, async (visit, fields) => {
    const reference = referenceOf(fields);
    const { serverName, account, agent, provider } = reference;
    const asked = await asAgent(broker, visit.principal, agent);
    if (asked === undefined) return sendPage(c, noSuchAgentPage(visit.token), 404);
    const outcome = await broker.clearAuth(asked, { serverName, account }, { provider });
    const back = goBack(visit.token, reference);
    return outcome.status === 'error'
      ? sendPage(c, problemPage(back, outcome), 422)
      : sendPage(c, clearedPage(back, reference, outcome));
  });
}

/** Asks before it removes a server that an agent added. */
export async function askToRemove(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token, csrfToken }) => {
    const { server = '' } = c.req.query();
    const listed = await broker.listServers(principal, server);
    if ('status' in listed) return sendPage(c, problemPage(goBack(token), listed), 422);
    const [found] = listed.servers;
    if (found?.source !== 'agent') return c.redirect(accountsPath(token), 303);
    return sendPage(c, removePage({ token, csrfToken, server: found }));
  });
}

/** Removes it with everything that is stored for it; what stands in a file, the team's or the catalog's stays. */
export async function removeFromAccounts(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(c, broker, async ({ principal, token }: Visit, fields) => {
    const { serverName } = referenceOf(fields);
    const problem = await removalProblem(broker, principal, serverName);
    return problem === undefined
      ? sendPage(c, removedPage(token, serverName))
      : sendPage(c, problemPage(goBack(token), { serverName, error: problem }), 422);
  });
}

/** Those of the user's accounts at a provider that are ended by way of this server. */
async function accountsAt(
  broker: Broker,
  principal: Principal,
  provider: string,
  serverName: string,
): Promise<readonly ProviderAccount[]> {
  const listed = await broker.providers(principal);
  const found = 'providers' in listed ? listed.providers.find(({ id }) => id === provider) : undefined;
  return found?.accounts.filter((one) => one.serverName === serverName) ?? [];
}

/** Undefined once it is removed. */
async function removalProblem(broker: Broker, principal: Principal, serverName: string): Promise<string | undefined> {
  try {
    return (await broker.removeAddedServer(principal, serverName))
      ? undefined
      : 'No agent added a server of this name.';
  } catch (error) {
    if (error instanceof BrokerError) return error.message;
    throw error;
  }
}

/** Checked by the broker, as every name. */
function referenceOf(fields: SentFields): AccountReference {
  const { agent, provider } = fields;
  return {
    serverName: fields['server'] ?? '',
    account: (fields['account'] ?? '').trim(),
    ...(agent !== undefined && agent !== '' && { agent }),
    ...(provider !== undefined && provider !== '' && { provider }),
  };
}
