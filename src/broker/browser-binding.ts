/** What binds a local page to the browser that opened it first: a random cookie value, compared in constant time. */
import { timingSafeEqual } from 'node:crypto';

/** Whether the browser sent the cookie of this name with this value. */
export function hasCookie(cookies: Readonly<Record<string, string>>, name: string, expected: string): boolean {
  return Object.hasOwn(cookies, name) && isEqual(cookies[name] ?? '', expected);
}

/** Compares two secrets without telling by its time where they differ. */
export function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
