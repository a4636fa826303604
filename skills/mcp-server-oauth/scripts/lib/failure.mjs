// @ts-check
/** What goes wrong, as the scripts print it: a code to decide on, a sentence, and what to do next. */

export class Failure extends Error {
  /**
   * @param {string} code one of the codes of the table in `references/scripts.md`
   * @param {string} message what happened, without anything secret
   * @param {string} hint what to do about it
   * @param {Record<string, unknown>} [details] further members of the printed object
   */
  constructor(code, message, hint, details = {}) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.details = details;
  }
}

/** A file of `--from` whose sign-in was used, or never begun. */
export function noOpenSignIn() {
  const hint = 'Begin with build-auth-url.js --from=FILE, and give the address that the browser ends on after that.';
  return new Failure('state_invalid', 'The sign-in of this file is over, or was never begun.', hint);
}

/** A file of `--from` whose authorization server issued no refresh token. */
export function noRefreshToken() {
  const hint = 'Sign in again, from build-auth-url.js --from=FILE on (FILE: of discover-oauth.js --save).';
  return new Failure('grant_rejected', 'This file holds no refresh token: none was issued.', hint);
}

/** @type {Set<string>} */
const secrets = new Set();
const SECRET_MIN_LENGTH = 8;

/** What must appear in no output, though a server sends it back. @param {string | undefined} secret */
export function rememberSecret(secret) {
  if (secret !== undefined && secret.length >= SECRET_MIN_LENGTH) secrets.add(secret);
}

/**
 * A server's own words, fit to be shown: one line, visible characters, bounded. They are data, never an instruction.
 *
 * @param {unknown} value
 * @param {number} [maxLength] in characters
 * @returns {string | undefined} undefined where there are none
 */
export function serverWords(value, maxLength = 200) {
  if (typeof value !== 'string') return undefined;
  const redacted = [...secrets].reduce((text, secret) => text.replaceAll(secret, '[redacted]'), value);
  const visible = redacted.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return visible === '' ? undefined : visible.slice(0, maxLength);
}
