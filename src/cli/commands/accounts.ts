/** `accounts`: the page of all servers and accounts in the browser, served for as long as the command runs. */
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import { ACCOUNTS_PAGE_TTL_MS } from '../../core/limits.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { atMost } from '../limit-text.js';
import { reportOutcome } from '../outcome-report.js';

export const registerAccounts: Register = (program, run) => {
  program
    .command('accounts')
    .description('open the page of your servers and accounts in the browser')
    .option('--wait <seconds>', 'how long to serve it (default: 3600)', seconds)
    .action(({ wait = ACCOUNTS_PAGE_TTL_MS / 1_000 }: { readonly wait?: number }) =>
      run((context) => showAccounts(context, wait * 1_000)),
    );
};

async function showAccounts(context: CommandContext, waitMs: number): Promise<number> {
  const { dependencies, terminal, principal } = context;
  const opened = await (await dependencies.broker()).openAccounts(principal);
  if (opened.status === 'error') return reportOutcome(context, opened);
  terminal.payload(opened);
  terminal.line('Your servers and accounts:');
  terminal.line(`  ${terminal.style.link(opened.url, opened.url)}`);
  const isOpen = !terminal.json && (await dependencies.openBrowser(opened.url));
  const until = `It is served until you press Ctrl+C, for ${atMost(waitMs)} at most.`;
  terminal.note(
    isOpen
      ? `It is open in your browser. ${until}`
      : `Open it within 10 minutes, in a browser on this computer. ${until}`,
  );
  await delay(waitMs);
  return EXIT_SUCCESS;
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/u.test(text) && value * 1_000 <= ACCOUNTS_PAGE_TTL_MS) return value;
  throw new InvalidArgumentError(`Give a whole number of seconds, at most ${ACCOUNTS_PAGE_TTL_MS / 1_000}.`);
}
