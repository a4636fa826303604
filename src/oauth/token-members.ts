/** `expires_in` and `scope` of a token response as servers really send them, bounded. */
import { ACCESS_TOKEN_MAX_LIFETIME_SECONDS, SCOPE_MAX_LENGTH } from '../core/limits.js';

const SCOPE_TEXT = /^[\x20-\x7e]+$/u;
const DECIMAL = /^\d+(?:\.\d+)?$/u;

/**
 * A lifetime in whole seconds, at most ACCESS_TOKEN_MAX_LIFETIME_SECONDS; undefined ("not known") for anything
 * that is no positive number. Zero too: a token that was dead on arrival would not have been sent.
 *
 * @param value - `expires_in` as it came: a number, often a string
 */
export function lifetimeSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 1)) return undefined;
  return Math.min(Math.floor(seconds), ACCESS_TOKEN_MAX_LIFETIME_SECONDS);
}

/**
 * The granted scope; undefined ("as requested") where nothing usable is said. A list is joined, as some servers send
 * one, and commas without a space stand between scopes (GitHub, Slack, Linear), though RFC 6749 would have them in one.
 */
export function scopeOf(value: unknown): string | undefined {
  const text = Array.isArray(value) ? value.filter((item) => typeof item === 'string').join(' ') : value;
  if (typeof text !== 'string' || text.length > SCOPE_MAX_LENGTH || !SCOPE_TEXT.test(text)) return undefined;
  return text.includes(' ') ? text : text.split(',').filter(Boolean).join(' ') || undefined;
}
