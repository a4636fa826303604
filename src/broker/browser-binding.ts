/** What binds a local page to the browser that opened it first: a random cookie value, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether the browser sent the cookie of this name with this value. */
export function hasCookie(cookies: Readonly<Record<string, string>>, name: string, expected: string): boolean {
  return Object.hasOwn(cookies, name) && isSameSecret(cookies[name] ?? '', expected);
}

/** Compares two secrets without telling by its time where they differ, or how long they are. */
export function isSameSecret(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
