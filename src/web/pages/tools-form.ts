/** The tools of a server with a tick for each that an agent may use. What a server says of a tool is shown as its words. */
import { html } from 'hono/html';
import type { AgentTools, ToolToChoose } from '../../broker/agent-tools.js';
import type { Failure } from '../../broker/outcomes.js';
import type { ServerStatus } from '../../broker/server-status.js';
import { TOOLS_PER_PAGE } from '../../core/limits.js';
import { accountsPath, agentsPath } from '../accounts-address.js';
import { type Markup, shown } from '../layout.js';
import { reasonWords } from './account-words.js';

export interface ToolsView {
  readonly token: string;
  readonly csrfToken: string;
  readonly server: Pick<ServerStatus, 'serverName'>;
  readonly agent: string;
  readonly tools: AgentTools | Failure;
  /** From 1; one after the last is the last. */
  readonly page: number;
  readonly isSaved: boolean;
}

export function toolsForm(view: ToolsView): Markup {
  const { tools, isSaved, agent } = view;
  return html`<section class="panel" aria-labelledby="tools">
<h2 id="tools">Tools for ${shown(agent)}</h2>
${isSaved ? html`<p class="message saved" role="status">Saved. It holds from the next call of ${shown(agent)}.</p>` : ''}
${tools.status === 'error' ? html`<p class="message">${shown(tools.error)}</p>` : offered(view, tools)}
</section>`;
}

function offered(view: ToolsView, all: AgentTools): Markup {
  const why = all.reason === undefined ? '' : html`<p class="message">${whyNot(all.reason)}</p>`;
  if (all.tools.length === 0) return all.reason === undefined ? html`<p>The server has no tools.</p>` : html`${why}`;
  const pages = Math.ceil(all.tools.length / TOOLS_PER_PAGE);
  const page = Math.min(view.page, pages);
  const onPage = all.tools.slice((page - 1) * TOOLS_PER_PAGE, page * TOOLS_PER_PAGE);
  return html`${why}
<p>${summary(view, all)}</p>
<form method="post" action="${accountsPath(view.token)}/tools" autocomplete="off">
<input type="hidden" name="csrf" value="${view.csrfToken}">
<input type="hidden" name="server" value="${view.server.serverName}">
<input type="hidden" name="agent" value="${view.agent}">
<input type="hidden" name="page" value="${page}">
<fieldset>
<legend class="unseen">Tools that ${shown(view.agent)} may use</legend>
<ul class="tools">${onPage.map(toolItem)}</ul>
</fieldset>
${otherPages(view, page, pages)}
${actions(all, pages)}
</form>`;
}

function toolItem({ name, title, description, isAllowed, isNew }: ToolToChoose, index: number): Markup {
  const id = `tool-${index}`;
  return html`<li>
<input type="hidden" name="name-${index}" value="${name}">
<label class="choice" for="${id}"><input type="checkbox" id="${id}" name="allow-${index}" value="yes"${isAllowed ? html` checked` : ''}>
<strong><code>${shown(name)}</code>${isNew ? html` <em class="badge new">New</em>` : ''}</strong>
${description === undefined && title === undefined ? '' : html`<span>The server says: ${quoted(title, description)}</span>`}</label>
</li>`;
}

function quoted(title: string | undefined, description: string | undefined): Markup {
  return html`<q>${shown([title, description].filter((text) => text !== undefined).join(' – '))}</q>`;
}

function summary({ agent }: ToolsView, { tools, isChosen }: AgentTools): Markup {
  const name = shown(agent);
  if (!isChosen)
    return html`${name} may use every tool of this server, also one that it adds later. Once you save a choice, later tools wait here for you, marked as new and not allowed: no server can slip one in.`;
  const allowed = tools.filter((tool) => tool.isAllowed).length;
  const added = tools.filter((tool) => tool.isNew).length;
  return html`${name} may use ${allowed} of ${tools.length} tools.${added === 0 ? '' : html` <strong>${added} came after your choice</strong> and ${added === 1 ? 'is' : 'are'} not allowed.`} The others are hidden from it.`;
}

function actions({ tools, isChosen }: AgentTools, pages: number): Markup {
  return html`<div class="choices">
<button class="small button" type="submit" name="set" value="ticked">${pages === 1 ? 'Save' : 'Save this page'}</button>
<button class="small button plain" type="submit" name="set" value="all">Allow all ${tools.length}</button>
<button class="small button plain" type="submit" name="set" value="none">Allow none</button>
${isChosen ? html`<button class="small button plain" type="submit" name="set" value="anything">Allow all, later ones too</button>` : ''}
</div>`;
}

function whyNot(reason: string): string {
  if (reason === 'requires_auth') return 'The server shows its tools once it is connected.';
  return `${reasonWords(reason)} These are the tools that you chose from the last time.`;
}

function otherPages({ token, server: { serverName }, agent }: ToolsView, page: number, pages: number): Markup | '' {
  if (pages === 1) return '';
  const link = (to: number, words: string): Markup | '' =>
    to < 1 || to > pages ? '' : html`<a href="${agentsPath(token, { serverName, agent, page: to })}">${words}</a>`;
  return html`<nav class="paging" aria-label="Pages of tools">${link(page - 1, 'Previous')}<span>Page ${page} of ${pages}</span>${link(page + 1, 'Next')}</nav>`;
}
