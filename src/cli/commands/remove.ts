/** `remove NAME`: from the user's file, what an agent added, or the team's. */
import { displayText } from '../../core/display-text.js';
import { BrokerError } from '../../core/errors.js';
import { shellWord } from '../../core/shell-word.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { failureOf, reportOutcome } from '../outcome-report.js';

export const registerRemove: Register = (program, run) => {
  program
    .command('remove')
    .description('remove a server, also one that an agent added, or one of your team')
    .argument('<name>', 'the server', serverNameArgument)
    .action((serverName: string) => run((context) => remove(context, serverName)));
};

async function remove(context: CommandContext, serverName: string): Promise<number> {
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
  terminal.payload({ status: 'success', serverName });
  terminal.line(`${terminal.style.good('✓')} Removed ${terminal.style.bold(serverName)}.`);
  if (isFromFile) {
    await broker.forgetToolChoices(principal, serverName);
    await tellWhatStays(context, serverName, hasCredentials);
  }
  return EXIT_SUCCESS;
}

/** What an agent added goes with its credentials; of the user's own entry they stay. */
async function tellWhatStays(context: CommandContext, serverName: string, hasCredentials: boolean): Promise<void> {
  const { dependencies, terminal } = context;
  if (hasCredentials)
    terminal.line(`  What is still stored for it goes with: ${dependencies.command} clear ${serverName}`);
  for (const secret of await importedSecrets(context, serverName))
    terminal.line(
      `  Its secret stays in the vault. To remove it: ${dependencies.command} secret remove ${shellWord(secret)}`,
    );
}

/** The user's secrets that `import` named after the server. */
async function importedSecrets({ dependencies, principal }: CommandContext, serverName: string): Promise<string[]> {
  const listed = await (await dependencies.broker()).listSecrets(principal);
  if ('status' in listed) return [];
  return listed.secrets
    .filter(({ scope, secret }) => scope === 'user' && secret.startsWith(`${serverName}/`))
    .map(({ secret }) => displayText(secret));
}

async function isAnythingStored({ dependencies, principal }: CommandContext, serverName: string): Promise<boolean> {
  const listed = await (await dependencies.broker()).listServers(principal, serverName);
  return (
    'servers' in listed &&
    listed.servers.some(({ accounts }) => accounts.some(({ state }) => state !== 'not_connected'))
  );
}
