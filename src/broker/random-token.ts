/** What nobody can guess: a state, a launch token, a cookie's value or a CSRF token. */
import { randomBytes } from 'node:crypto';
import { STATE_BYTES } from '../core/limits.js';

/** 256 random bits, fit for a URL. */
export function randomToken(): string {
  return randomBytes(STATE_BYTES).toString('base64url');
}
