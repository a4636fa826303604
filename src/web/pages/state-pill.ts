/** The state of an account in one word, with its colour and mark. */
import { html } from 'hono/html';
import type { AccountState } from '../../broker/server-status.js';
import type { Markup } from '../layout.js';
import { STATE_TONES, STATE_WORDS } from './account-words.js';

export function statePill(state: AccountState): Markup {
  return html`<span class="state ${STATE_TONES[state]}">${STATE_WORDS[state]}</span>`;
}
