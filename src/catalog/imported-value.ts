/** A value of another host's configuration: itself, a reference to the environment, or a secret for the vault. */
import type { ValueSource } from './server-entry.js';

/** What a value becomes; `lostDefault`: the host had a value for a variable that is not set, and we have none. */
export type ImportedValue =
  | { readonly kind: 'value'; readonly source: ValueSource; readonly lostDefault?: true }
  /** A secret in plain text: it goes to the vault, and the entry names it. */
  | { readonly kind: 'secret'; readonly text: string }
  /** The host asks its user for it (VS Code's `inputs`): so do we, when it is first needed. */
  | { readonly kind: 'asked' }
  /** Text around a reference, which `servers.json` cannot say. */
  | { readonly kind: 'mixed' };

/** `${NAME}`, `${NAME:-default}` (Claude Code), `${env:NAME}` (VS Code, Cursor). */
const VARIABLE = /^\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/u;
const INPUT = /^\$\{input:[^}]+\}$/u;
const REFERENCE = /\$\{[^}]+\}/u;
/** Names under which secrets are kept. */
const SECRET_NAME =
  /(?:^|[^a-z])(?:api[-_]?key|apikey|key|pat|[a-z]*(?:token|secret|password)|passwd|pwd|credentials?|authorization|cookie)(?:$|[^a-z])/iu;
/** What issuers of keys begin them with. */
const SECRET_TEXT =
  /^(?:sk-|sk_|rk_|pk_|gh[opsu]_|github_pat_|glpat-|xox[abprs]-|xapp-|ya29\.|eyJ|AKIA|lin_api_|ntn_|napi_)/u;

/** What holds a secret among other text: an authorization header, a URL with a password, a private key. */
const SECRET_WITHIN =
  /(?:^|[^a-z])(?:bearer|basic)[ \t]+[\w.~+/=-]{8}|:\/\/[^/?#\s:@]*:[^/?#\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----/iu;

/**
 * @param name of the variable, header or option that holds the value
 */
export function importedValue(name: string, text: string): ImportedValue {
  const [, variable, fallback = ''] = VARIABLE.exec(text) ?? [];
  if (variable !== undefined)
    return { kind: 'value', source: { source: 'env', name: variable }, ...(fallback !== '' && { lostDefault: true }) };
  if (INPUT.test(text)) return { kind: 'asked' };
  if (REFERENCE.test(text)) return { kind: 'mixed' };
  return looksSecret(name, text) ? { kind: 'secret', text } : { kind: 'value', source: text };
}

/** Whether a value is kept as a secret: by its name, by how it begins, or by what it holds. */
export function looksSecret(name: string, text: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/gu, '$1_$2');
  const isNamedSo = SECRET_NAME.test(words.replaceAll('_', '-'));
  return text !== '' && (isNamedSo || SECRET_TEXT.test(text) || SECRET_WITHIN.test(text));
}
