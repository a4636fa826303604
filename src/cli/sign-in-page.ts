/** The page that a user has to visit: whether it may be opened, and how it is shown. */
import type { RequiresAuth } from '../broker/outcomes.js';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import type { Terminal } from './terminal.js';
import { webAddress } from './web-address.js';

/**
 * The page of a sign-in or form; undefined where there is none.
 * @throws {BrokerError} `url_not_allowed` for anything that no browser may be given.
 */
export function pageToVisit(outcome: RequiresAuth): string | undefined {
  const url = outcome.authUrl ?? outcome.configUrl;
  if (url === undefined) return undefined;
  const page = webAddress(url);
  if (page === undefined)
    throw new BrokerError(
      'url_not_allowed',
      `The sign-in page of ${outcome.serverName} has an address that is not safe to open.`,
    );
  return page;
}

/** Says where to sign in. The URL stands whole on one line, and short beside it: a terminal that wraps a long one breaks it. */
export function sayWhereToSignIn(terminal: Terminal, outcome: RequiresAuth, page: string): void {
  const { style } = terminal;
  const server = `${style.bold(outcome.serverName)}${outcome.reason === undefined ? '' : ` (${outcome.reason})`}`;
  const isForm = outcome.completion === 'form' || outcome.authUrl === null;
  terminal.line(isForm ? `Enter the token or key for ${server} on this page:` : `Sign in to ${server}:`);
  terminal.line(`  ${style.link(page, page)}`);
  const short = outcome.launchUrl === undefined ? undefined : webAddress(outcome.launchUrl);
  if (short !== undefined && short !== page) terminal.line(`  or, the same and short: ${style.link(short, short)}`);
  if (outcome.userCode !== undefined)
    terminal.line(`  Code to compare or enter there: ${style.bold(displayText(outcome.userCode))}`);
  if (outcome.addedScope !== undefined)
    terminal.line(`  It asks for more than before: ${displayText(outcome.addedScope)}`);
}
