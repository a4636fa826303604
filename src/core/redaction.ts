/**
 * The filter at every exit (results, stderr, pages, errors): it replaces each secret that this process
 * has handled, in raw, URL-encoded and base64 form, by `[redacted]`.
 */
import { MAX_REMEMBERED_SECRETS, MIN_REDACTED_SECRET_LENGTH } from './limits.js';
import { createTextIndex } from './text-index.js';

const REPLACEMENT = '[redacted]';

/** secret → the forms in which it could show up. Insertion order is age. */
const formsOf = new Map<string, readonly string[]>();
const index = createTextIndex(MIN_REDACTED_SECRET_LENGTH);

/** Makes `value` known to the filter. Values under 8 characters are left alone: they would match anything. */
export function rememberSecret(value: string): void {
  if (value.length < MIN_REDACTED_SECRET_LENGTH) return;
  const known = formsOf.get(value);
  formsOf.delete(value);
  formsOf.set(value, known ?? encodedForms(value));
  if (known === undefined) for (const form of formsOf.get(value) ?? []) index.add(form);
  if (formsOf.size > MAX_REMEMBERED_SECRETS) forgetOldest();
}

/** Runs `work` with `value` known to the filter as well; afterwards it is known only if it was before. */
export function whileSecret<T>(value: string, work: () => T): T {
  const wasKnown = formsOf.has(value);
  rememberSecret(value);
  try {
    return work();
  } finally {
    if (!wasKnown) forget(value);
  }
}

function forgetOldest(): void {
  const oldest = formsOf.keys().next().value;
  if (oldest !== undefined) forget(oldest);
}

function forget(value: string): void {
  for (const form of formsOf.get(value) ?? []) index.remove(form);
  formsOf.delete(value);
}

/** `text` with every remembered secret replaced; the same string where there is none. */
export function redactText(text: string): string {
  const found = index.rangesIn(text);
  if (found.length === 0) return text;
  let redacted = '';
  let end = 0;
  for (const range of found) {
    redacted += text.slice(end, range.start) + REPLACEMENT;
    end = range.end;
  }
  return redacted + text.slice(end);
}

/** A copy of a JSON value with every string in it, keys included, redacted; the same value where nothing matched. */
export function redactJson<T>(value: T): T {
  return redactValue(value) as T;
}

function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return redactArray(value);
  if (value !== null && typeof value === 'object') return redactObject(value);
  return value;
}

function redactArray(items: readonly unknown[]): readonly unknown[] {
  const redacted = items.map(redactValue);
  return redacted.some((item, index) => item !== items[index]) ? redacted : items;
}

function redactObject(value: object): object {
  const before = Object.entries(value);
  const after = before.map(([key, item]) => [redactText(key), redactValue(item)] as const);
  const changed = after.some(([key, item], index) => key !== before[index]?.[0] || item !== before[index]?.[1]);
  return changed ? Object.fromEntries(after) : value;
}

/** Base64 of a substring depends on its offset modulo 3, so the stable middle of each alignment is kept. */
function encodedForms(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  // What an encoder would make of it: half a surrogate pair has no encoding of its own.
  const wellFormed = bytes.toString('utf8');
  const forms = new Set([value, wellFormed, encodeURIComponent(wellFormed), JSON.stringify(value).slice(1, -1)]);
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/u, '');
    const stable = padded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    if (stable.length < MIN_REDACTED_SECRET_LENGTH) continue;
    forms.add(stable);
    forms.add(stable.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...forms];
}
