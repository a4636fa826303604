/** `remove NAME`: from the user's file, or what an agent added. */
import { displayText } from '../../core/display-text.js';
import { BrokerError } from '../../core/errors.js';
import type { Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { failureOf, reportOutcome } from '../outcome-report.js';

export const registerRemove: Register = (program, run) => {
  program
    .command('remove')
    .description('remove a server, also one that an agent added')
    .argument('<name>')
    .action((serverName: string) =>
      run(async (context) => {
        const { dependencies, terminal, principal } = context;
        const isRemoved =
          (await dependencies.removeEntry(serverName)) ||
          (await (await dependencies.broker()).removeAddedServer(principal, serverName));
        if (!isRemoved) {
          const unknown = new BrokerError('unknown_server', 'There is no entry of this name to remove.');
          return reportOutcome(context, failureOf(unknown, displayText(serverName)));
        }
        terminal.payload({ status: 'success', serverName });
        terminal.line(`${terminal.style.good('✓')} Removed ${terminal.style.bold(serverName)}.`);
        terminal.line(`  What is still stored for it goes with: mcp-oauth-broker clear ${serverName}`);
        return EXIT_SUCCESS;
      }),
    );
};
