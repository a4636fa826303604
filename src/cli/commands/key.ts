/** `key set NAME`: stores a bearer token or API key, read without echo or from standard input. */
import { displayText } from '../../core/display-text.js';
import type { CommandContext, Register } from '../command.js';
import { accountArgument, serverNameArgument } from '../name-arguments.js';
import { reportOutcome } from '../outcome-report.js';
import { readSecret } from '../secret-input.js';

export const registerKey: Register = (program, run) => {
  const key = program.command('key').description('bearer tokens and API keys');
  key
    .command('set')
    .description('store the token or key of a server; it is asked for, or read from standard input')
    .argument('<name>', 'the server', serverNameArgument)
    .option('--account <name>', 'which of your accounts', accountArgument)
    .action((serverName: string, options: { readonly account?: string }) =>
      run((context) => setKey(context, serverName, options.account)),
    );
};

/** The name is looked up first: nobody is asked for a key that nothing can be done with. */
async function setKey(context: CommandContext, serverName: string, account: string | undefined): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const broker = await dependencies.broker();
  const listed = await broker.listServers(principal, serverName);
  if ('status' in listed) return reportOutcome(context, listed);
  const value = await readSecret(dependencies, `Token or key for ${displayText(serverName)} (not shown): `);
  const outcome = await broker.storeKey(principal, { serverName, account, value });
  const exitCode = reportOutcome(context, outcome);
  if (outcome.status !== 'success') terminal.note('Nothing was stored, and what is stored was left as it is.');
  return exitCode;
}
