/** `remove NAME`: from the user's file, what an agent added, or the team's. */
import { displayText } from '../../core/display-text.js';
import { BrokerError } from '../../core/errors.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { failureOf, reportOutcome } from '../outcome-report.js';

export const registerRemove: Register = (program, run) => {
  program
    .command('remove')
    .description('remove a server, also one that an agent added, or one of your team')
    .argument('<name>', 'the server', serverNameArgument)
    .action((serverName: string) =>
      run(async (context) => {
        const { dependencies, terminal, principal } = context;
        const hasCredentials = await isAnythingStored(context, serverName);
        const isFromFile = await dependencies.removeEntry(serverName);
        const broker = await dependencies.broker();
        const isRemoved =
          isFromFile ||
          (await broker.removeAddedServer(principal, serverName)) ||
          (await broker.administration.removeTeamServer(principal, serverName));
        if (!isRemoved) {
          const unknown = new BrokerError('unknown_server', 'There is no entry of this name to remove.');
          return reportOutcome(context, failureOf(unknown, displayText(serverName)));
        }
        if (isFromFile) await broker.forgetToolChoices(principal, serverName);
        terminal.payload({ status: 'success', serverName });
        terminal.line(`${terminal.style.good('✓')} Removed ${terminal.style.bold(serverName)}.`);
        if (isFromFile && hasCredentials)
          terminal.line(`  What is still stored for it goes with: ${dependencies.command} clear ${serverName}`);
        return EXIT_SUCCESS;
      }),
    );
};

/** What an agent added goes with its credentials; of the user's own entry they stay. */
async function isAnythingStored({ dependencies, principal }: CommandContext, serverName: string): Promise<boolean> {
  const listed = await (await dependencies.broker()).listServers(principal, serverName);
  return (
    'servers' in listed &&
    listed.servers.some(({ accounts }) => accounts.some(({ state }) => state !== 'not_connected'))
  );
}
