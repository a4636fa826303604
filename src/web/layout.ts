/**
 * The frame of every page: plain HTML that works without scripts, accessible, dark and light.
 * A value put into `html` is escaped; text of a stranger goes through `shown` first.
 */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { displayText } from '../core/display-text.js';
import { FORM_VALUE_MAX_LENGTH } from '../core/limits.js';
import { redactText } from '../core/redaction.js';
import { PRODUCT_MARK } from './pages/icons.js';
import { STYLESHEET } from './stylesheet.js';

export type Markup = ReturnType<typeof html>;

export interface Page {
  readonly title: string;
  readonly content: Markup;
  /** Whether the page posts a form to us. */
  readonly hasForm?: boolean;
  /** Whether it shows many things beside each other, and so may take more of a large screen. */
  readonly isWide?: boolean;
}

/** Text from outside, made fit to be shown: one line, bounded, without a secret or a misleading character. Still to be escaped. */
export function shown(text: string, maxLength?: number): string {
  return redactText(displayText(text, maxLength));
}

/** A value that the user is to read, copy or send again: as `shown`, but whole. */
export function filledIn(value: string): string {
  return displayText(value, FORM_VALUE_MAX_LENGTH);
}

/** The whole HTML document of `page`. */
export function renderDocument(page: Page): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${page.title} · mcp-oauth-broker</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<style>${raw(STYLESHEET)}</style>
</head>
<body>
<div class="stage${page.isWide ? ' wide' : ''}">
<header>${PRODUCT_MARK}<span>mcp-oauth-broker</span></header>
${page.content}
</div>
<footer>This page comes from your own computer. It loads nothing from the network.</footer>
</body>
</html>
`;
}

let hash: string | undefined;

/** The stylesheet's hash as a CSP source. */
export function stylesheetHash(): string {
  hash ??= `sha256-${createHash('sha256').update(STYLESHEET).digest('base64')}`;
  return hash;
}
