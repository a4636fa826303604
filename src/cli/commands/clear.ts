/** `clear NAME`: forgets what is stored for a server, and revokes its tokens where that is possible. */
import type { Register } from '../command.js';
import { accountArgument, serverNameArgument } from '../name-arguments.js';
import { reportCleared } from '../outcome-report.js';

export const registerClear: Register = (program, run) => {
  program
    .command('clear')
    .description('sign out: revoke and delete what is stored for a server')
    .argument('<name>', 'the server', serverNameArgument)
    .option('--account <name>', 'only this account', accountArgument)
    .option('--provider <id>', 'only what is stored of this OAuth provider, for all servers that use it')
    .action((serverName: string, options: { readonly account?: string; readonly provider?: string }) =>
      run(async (context) => {
        const broker = await context.dependencies.broker();
        const cleared = await broker.clearAuth(
          context.principal,
          { serverName, account: options.account },
          { allowShared: true, provider: options.provider },
        );
        return reportCleared(context, cleared);
      }),
    );
};
