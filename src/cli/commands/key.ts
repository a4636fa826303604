/** `key set NAME`: stores a bearer token or API key, read without echo or from standard input. */
import { displayText } from '../../core/display-text.js';
import type { Register } from '../command.js';
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
      run(async (context) => {
        const value = await readSecret(
          context.dependencies,
          `Token or key for ${displayText(serverName)} (not shown): `,
        );
        const broker = await context.dependencies.broker();
        return reportOutcome(
          context,
          await broker.storeKey(context.principal, { serverName, account: options.account, value }),
        );
      }),
    );
};
