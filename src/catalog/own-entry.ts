/** Whether an entry of a host starts this very broker, whatever it is called there. */
import { isObject } from '../core/json-object.js';
import { PRODUCT_NAME } from '../core/names.js';

/** What starts the broker that runs now. */
export interface OwnStarter {
  readonly command: string;
  readonly args: readonly string[];
}

const PRODUCT_WORD = new RegExp(`(?:^|[/\\\\])${PRODUCT_NAME}(?:@[^/\\\\]*)?(?:$|[/\\\\])`, 'u');

/** By the package's name in its command line, or by the same program with the same arguments. */
export function isOwnEntry(raw: unknown, own: OwnStarter): boolean {
  if (!isObject(raw) || typeof raw['command'] !== 'string') return false;
  const args = Array.isArray(raw['args']) ? raw['args'].filter((arg) => typeof arg === 'string') : [];
  const line = [raw['command'], ...args];
  // A command line that was written as one word counts by its words.
  if (line.flatMap((word) => word.split(/\s+/u)).some((word) => PRODUCT_WORD.test(word))) return true;
  return JSON.stringify(line) === JSON.stringify([own.command, ...own.args]);
}
