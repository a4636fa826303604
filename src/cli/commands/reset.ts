/** `reset NAME --all-users`: ends everybody's credentials of one server. */
import type { Register } from '../command.js';
import { UsageError } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { reportCleared } from '../outcome-report.js';

export const registerReset: Register = (program, run) => {
  program
    .command('reset')
    .description("revoke and delete everybody's credentials of a server, in your team")
    .argument('<name>', 'the server', serverNameArgument)
    .option('--all-users', 'say that you mean everybody')
    .action((serverName: string, { allUsers }: { readonly allUsers?: true }) =>
      run(async (context) => {
        if (allUsers !== true)
          throw new UsageError(
            'This ends the credentials of everybody in the team: say so with --all-users. For yours alone there is clear.',
          );
        const { administration } = await context.dependencies.broker();
        return reportCleared(context, await administration.resetServer(context.principal, serverName));
      }),
    );
};
