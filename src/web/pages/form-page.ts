/**
 * The local form of a server. Names of fields as the broker's `submitForm` reads them: `csrf`; of a client
 * `clientId` `clientSecret` `scope` `redirectUri`; `key`; of a manual one `choice` (`token` | `endpoints`), `token`,
 * `authorizationEndpoint` `tokenEndpoint` and those of a client.
 */
import { html } from 'hono/html';
import type { FormView } from '../../broker/browser-results.js';
import { DISPLAY_TEXT_MAX_LENGTH } from '../../core/limits.js';
import { filledIn, type Markup, type Page, shown } from '../layout.js';
import { isWebUrl } from '../web-url.js';
import { type Field, inputField, type Problem, problemSummary } from './fields.js';
import { LOCK_ICON } from './icons.js';

export function formPage(view: FormView): Page {
  const form = FORMS[view.form](view);
  const problem = problemOf(view, form);
  const { title } = form;
  return {
    title: problem === undefined ? title : `Error: ${title}`,
    hasForm: true,
    content: html`<main>
${problemSummary(problem)}
<h1>${title}</h1>
<p class="lead">${form.lead}</p>
${form.preparation ?? ''}
<form method="post" autocomplete="off">
<input type="hidden" name="csrf" value="${view.csrfToken}">
${form.fields(problem)}
<button class="button" type="submit">${form.action}</button>
<p class="assurance">${LOCK_ICON}<span>${form.assurance}</span></p>
</form>
</main>`,
  };
}

interface Form {
  readonly title: string;
  readonly lead: string;
  readonly preparation?: Markup;
  /** The first is the one that a problem without a field belongs to. */
  readonly fieldNames: readonly [string, ...string[]];
  readonly fields: (problem: Problem | undefined) => Markup;
  readonly action: string;
  readonly assurance: string;
}

/** Our sentence, and the words of a server in it. */
const REFUSAL_MAX_LENGTH = 2 * DISPLAY_TEXT_MAX_LENGTH;

const CLIENT_FIELD_NAMES = ['clientId', 'clientSecret', 'scope', 'redirectUri'] as const;

const FORMS: Readonly<Record<FormView['form'], (view: FormView) => Form>> = {
  client: clientForm,
  key: keyForm,
  manual: manualForm,
  secret: secretForm,
};

function clientForm(view: FormView): Form {
  const place = view.issuer === undefined ? 'the provider' : hostOf(view.issuer);
  return {
    title: `Set up sign-in for ${shown(view.serverName)}`,
    lead: `Your agent signs you in by way of an OAuth app at ${place}. You make it there once.`,
    preparation: html`${view.refusal === undefined ? '' : html`<p>${shown(view.refusal, REFUSAL_MAX_LENGTH)}</p>`}
<section class="step" aria-labelledby="step-1">
<h2 id="step-1">1. Make an OAuth app at ${consoleLink(view, place)}</h2>
${redirectUriToCopy(view)}
</section>`,
    fieldNames: CLIENT_FIELD_NAMES,
    fields: (problem) => html`<section class="step" aria-labelledby="step-2">
<h2 id="step-2">2. Enter what you were given</h2>
${clientFields(view).map((field) => inputField(field, problem))}
</section>
${advancedFields(view, problem)}`,
    action: 'Save and continue',
    assurance: `The secret is stored encrypted and sent only to ${place}. Your agent never sees it.`,
  };
}

function keyForm(view: FormView): Form {
  const label = view.keyLabel === undefined ? 'API key' : shown(view.keyLabel);
  const host = hostOf(view.serverUrl);
  return {
    title: `Add your key for ${shown(view.serverName)}`,
    lead: 'It is tried against the server first, and kept only if it works.',
    ...(view.consoleUrl === undefined ? {} : { preparation: html`<p>You find it at ${consoleLink(view, host)}</p>` }),
    fieldNames: ['key'],
    fields: (problem) => inputField({ name: 'key', label, type: 'password' }, problem),
    action: 'Save',
    assurance: `It is stored encrypted and sent only to ${host}. Your agent never sees it.`,
  };
}

function secretForm(view: FormView): Form {
  const name = shown(view.keyLabel ?? 'your secret');
  return {
    title: `Add ${name} for ${shown(view.serverName)}`,
    lead: 'It is kept for every server of yours whose entry names it.',
    fieldNames: ['key'],
    fields: (problem) => inputField({ name: 'key', label: name, type: 'password' }, problem),
    action: 'Save',
    assurance: 'It is stored encrypted and given only to servers whose entry names it. Your agent never sees it.',
  };
}

function manualForm(view: FormView): Form {
  const host = hostOf(view.serverUrl);
  return {
    title: `How do you sign in to ${shown(view.serverName)}?`,
    lead: `${host} asks for sign-in, but does not say where. Its documentation does.`,
    fieldNames: ['token', 'authorizationEndpoint', 'tokenEndpoint', ...CLIENT_FIELD_NAMES],
    fields: (problem) => {
      const choosesEndpoints = hasChosenEndpoints(view, problem);
      return html`<fieldset>
<legend>What do you have?</legend>
${choice('token', 'A token', 'An access token or API key to paste', !choosesEndpoints)}
${choice('endpoints', 'An OAuth app', 'Two addresses and a client ID', choosesEndpoints)}
</fieldset>
<div class="with-token">
${inputField({ name: 'token', label: 'Token', type: 'password' }, problem)}
</div>
<div class="with-endpoints">
${redirectUriToCopy(view)}
${[...endpointFields(view), ...clientFields(view)].map((field) => inputField(field, problem))}
${advancedFields(view, problem)}
</div>`;
    },
    action: 'Save and continue',
    assurance: 'What you enter is stored encrypted. Your agent never sees it.',
  };
}

/** What was chosen before, or what there is to show. */
function hasChosenEndpoints(view: FormView, problem: Problem | undefined): boolean {
  if (view.entered !== undefined) return view.entered['choice'] === 'endpoints';
  return problem === undefined ? view.authorizationEndpoint !== undefined : problem.field !== 'token';
}

function endpointFields({ entered, authorizationEndpoint, tokenEndpoint }: FormView): readonly Field[] {
  return [
    {
      name: 'authorizationEndpoint',
      label: 'Authorization URL',
      hint: 'Often ends in /authorize',
      type: 'url',
      value: entered?.['authorizationEndpoint'] ?? authorizationEndpoint ?? '',
    },
    {
      name: 'tokenEndpoint',
      label: 'Token URL',
      hint: 'Often ends in /token',
      type: 'url',
      value: entered?.['tokenEndpoint'] ?? tokenEndpoint ?? '',
    },
  ];
}

function clientFields(view: FormView): readonly Field[] {
  return [
    { name: 'clientId', label: 'Client ID', value: view.entered?.['clientId'] ?? view.suggestedClientId ?? '' },
    { name: 'clientSecret', label: 'Client secret', type: 'password', optional: !view.needsClientSecret },
  ];
}

/** What the app has to be given, to the letter; one click selects all of it. */
function redirectUriToCopy(view: FormView): Markup {
  return html`<p class="quiet">Give your app exactly this redirect URI:</p>
<code class="copy">${breakable(view.redirectUri)}</code>`;
}

/** What most people leave as it is; open where the problem lies in it. */
function advancedFields(view: FormView, problem: Problem | undefined): Markup {
  const fields: readonly Field[] = [
    {
      name: 'scope',
      label: 'Scope',
      hint: 'Separated by spaces. Empty asks for none.',
      value: view.entered?.['scope'] ?? view.suggestedScope ?? '',
    },
    {
      name: 'redirectUri',
      label: 'Redirect URI',
      hint: 'Change it only to one that your app already has.',
      value: view.entered?.['redirectUri'] ?? view.redirectUri,
      type: 'url',
    },
  ];
  const isOpen = fields.some((field) => field.name === problem?.field);
  return html`<details${isOpen ? html` open` : ''}>
<summary>Scope and redirect URI</summary>
${fields.map((field) => inputField(field, problem))}
</details>`;
}

function choice(value: string, label: string, hint: string, isChecked: boolean): Markup {
  return html`<label class="choice"><input type="radio" name="choice" value="${value}"${isChecked ? html` checked` : ''}><strong>${label}</strong><span>${hint}</span></label>`;
}

function consoleLink(view: FormView, text: string): Markup {
  if (view.consoleUrl === undefined || !isWebUrl(view.consoleUrl)) return html`${text}`;
  return html`<a href="${view.consoleUrl}" target="_blank" rel="noopener noreferrer">${hostOf(view.consoleUrl)}</a> <span class="aside">(new tab)</span>`;
}

function problemOf(view: FormView, form: Form): Problem | undefined {
  if (view.problem === undefined) return undefined;
  const named = form.fieldNames.find((name) => name === view.problemField);
  return { message: view.problem, field: named ?? form.fieldNames[0] };
}

/** A URL that breaks at its slashes where it is too long for the line; a copy of it is whole. */
function breakable(url: string): readonly Markup[] {
  return filledIn(url)
    .split(/(?<=[^/]\/)(?=[^/])/u)
    .map((part) => html`${part}<wbr>`);
}

function hostOf(url: string): string {
  return shown(URL.canParse(url) ? new URL(url).host : url);
}
