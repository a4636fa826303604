/** The names that a server can have: an ASCII allow-list, so that no two names look alike and none is a path. */
import { SERVER_NAME_PATTERN } from '../core/names.js';

/** Whether `name` is 1–64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. */
export function isServerName(name: string): boolean {
  return SERVER_NAME_PATTERN.test(name);
}
