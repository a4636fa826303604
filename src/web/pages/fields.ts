/** The fields of a form, each with its label, its hint, and the problem that was found with it. */
import { html } from 'hono/html';
import { filledIn, type Markup, shown } from '../layout.js';

export interface Field {
  /** Its name on the wire and its id on the page. */
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string;
  readonly type?: 'text' | 'password' | 'url';
  readonly optional?: boolean;
}

/** What was wrong with what was sent. */
export interface Problem {
  readonly message: string;
  /** The name of the field. */
  readonly field: string;
}

/** A labelled input. (A password has no value to fill in: what the broker gives us to show holds no secret.) */
export function inputField(field: Field, problem: Problem | undefined): Markup {
  const isWrong = problem?.field === field.name;
  const descriptions = [
    field.hint === undefined ? [] : [`${field.name}-hint`],
    isWrong ? [`${field.name}-problem`] : [],
  ].flat();
  const type = field.type ?? 'text';
  return html`<div class="field">
<label for="${field.name}">${field.label}${field.optional ? html` <span class="optional">(optional)</span>` : ''}</label>
${field.hint === undefined ? '' : html`<p class="hint" id="${field.name}-hint">${field.hint}</p>`}
${isWrong ? html`<p class="field-problem" id="${field.name}-problem">${shown(problem.message)}</p>` : ''}
<input type="${type}" id="${field.name}" name="${field.name}" value="${filledIn(field.value ?? '')}" autocomplete="off" autocapitalize="none" spellcheck="false"${described(descriptions)}${isWrong ? html` aria-invalid="true"` : ''}>
</div>`;
}

/** The summary above a form that could not be accepted, with a link to the field. It takes the focus. */
export function problemSummary(problem: Problem | undefined): Markup | '' {
  if (problem === undefined) return '';
  return html`<div class="problem" role="alert" tabindex="-1" autofocus>
<h2>That did not work</h2>
<p><a href="#${problem.field}">${shown(problem.message)}</a></p>
</div>`;
}

function described(ids: readonly string[]): Markup | '' {
  return ids.length === 0 ? '' : html` aria-describedby="${ids.join(' ')}"`;
}
