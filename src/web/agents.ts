/** One server for each of the user's agents: its own accounts there, and the tools that it may use. */

import type { NewToolChoice } from '../broker/agent-tools.js';
import type { Broker } from '../broker/broker.js';
import { TOOLS_FORM_MAX_BYTES, TOOLS_FORM_MAX_FIELDS, TOOLS_PER_PAGE } from '../core/limits.js';
import { agentsPath, keyPath } from './accounts-address.js';
import { asAgent, submitting, visiting } from './accounts-entrance.js';
import { sendPage } from './page-response.js';
import { connectedFromAccountsPage, goBack, noSuchAgentPage, problemPage } from './pages/accounts-outcome-pages.js';
import { agentsPage, isConfigured } from './pages/agents-page.js';
import type { SentFields } from './request-guard.js';
import type { WebContext } from './web-context.js';

/** The first agent where none is named. A server whose tools can be had is asked for them. */
export async function showAgents(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token, csrfToken }) => {
    const { server: serverName = '', agent: named, page, saved } = c.req.query();
    const agents = await broker.agents(principal);
    const agent = named ?? agents[0] ?? principal.agent;
    const asked = await asAgent(broker, principal, agent);
    if (asked === undefined) return sendPage(c, noSuchAgentPage(token), 404);
    const listed = await broker.listServers(asked, serverName);
    if ('status' in listed) return sendPage(c, problemPage(goBack(token), listed), 422);
    const [server] = listed.servers;
    if (server === undefined) return sendPage(c, problemPage(goBack(token), { serverName, error: 'It is gone.' }), 422);
    const hasTools = server.credentialMode !== 'per_agent' || server.accounts.some(isConfigured);
    const tools = hasTools ? await broker.toolsToChoose(asked, serverName) : undefined;
    const view = { token, csrfToken, server, agent: asked.agent, agents: withOwn(agents, asked.agent), tools };
    return sendPage(c, agentsPage({ ...view, page: pageNumber(page), isSaved: saved !== undefined }));
  });
}

/** Keeps what was ticked of the tools on the page that was sent, or of all; later tools wait for the user. */
export async function chooseTools(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(
    c,
    broker,
    async ({ principal, token }, fields) => {
      const asked = await asAgent(broker, principal, fields['agent']);
      if (asked === undefined) return sendPage(c, noSuchAgentPage(token), 404);
      const serverName = fields['server'] ?? '';
      const { agent } = asked;
      const saved = await broker.chooseTools(asked, { serverName, choice: choiceOf(fields) });
      if (saved.status === 'error') return sendPage(c, problemPage(goBack(token, { serverName, agent }), saved), 422);
      const page = pageNumber(fields['page']);
      return c.redirect(`${agentsPath(token, { serverName, agent, page })}&saved=1#tools`, 303);
    },
    { maxBytes: TOOLS_FORM_MAX_BYTES, maxFields: TOOLS_FORM_MAX_FIELDS },
  );
}

/**
 * Tries the key against the server as that agent, and stores it where it is taken. What came of it is another page: a
 * browser that is reloaded at an answer writes what it had sent, and with it the key, into its files.
 */
export async function storeAgentKey(c: WebContext, broker: Broker): Promise<Response> {
  return submitting(c, broker, async ({ principal, token }, fields) => {
    const { server: serverName = '', account = '', agent = '' } = fields;
    const asked = await asAgent(broker, principal, agent);
    if (asked !== undefined) {
      const outcome = await broker.storeKey(asked, { serverName, account, value: (fields['key'] ?? '').trim() });
      await broker.keepKeyAnswer(asked, { token, serverName, account }, outcome);
    }
    return c.redirect(keyPath(token, { serverName, account, agent }), 303);
  });
}

/** What came of the key that was typed last; to the agent's page where that was for somebody else. */
export async function showKeyAnswer(c: WebContext, broker: Broker): Promise<Response> {
  return visiting(c, broker, async ({ principal, token }) => {
    const { server: serverName = '', account = '', agent } = c.req.query();
    const asked = await asAgent(broker, principal, agent);
    if (asked === undefined) return sendPage(c, noSuchAgentPage(token), 404);
    const back = goBack(token, serverName === '' ? undefined : { serverName, agent: asked.agent });
    const answer = await broker.keyAnswer(asked, { token, serverName, account });
    if (answer === undefined) return c.redirect(back.href, 303);
    if ('status' in answer) return sendPage(c, problemPage(back, answer), 422);
    return answer.kind === 'stored'
      ? sendPage(c, connectedFromAccountsPage(back, { serverName, account, toolCount: answer.toolCount }))
      : sendPage(c, problemPage(back, { serverName, error: answer.problem }), 422);
  });
}

function choiceOf(fields: SentFields): NewToolChoice {
  const set = fields['set'];
  if (set === 'all' || set === 'none' || set === 'anything') return set;
  const allowed: string[] = [];
  const refused: string[] = [];
  for (let index = 0; index < TOOLS_PER_PAGE; index += 1) {
    const name = fields[`name-${index}`];
    if (name !== undefined) (fields[`allow-${index}`] === undefined ? refused : allowed).push(name);
  }
  return { allowed, refused };
}

/** The page's own agent is one to choose for, though it may have called nothing yet. */
function withOwn(agents: readonly string[], agent: string): readonly string[] {
  return agents.includes(agent) ? agents : [...agents, agent].sort();
}

function pageNumber(text: string | undefined): number {
  return /^[1-9]\d{0,3}$/u.test(text ?? '') ? Number(text) : 1;
}
