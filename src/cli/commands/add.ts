/** `add NAME URL` and `add NAME -- CMD ARGS…`: writes one entry of the user's file; with `--team` a server of the team's. */
import type { CommandContext, Register } from '../command.js';
import type { NewServerEntry } from '../dependencies.js';
import { EXIT_SUCCESS, UsageError } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { reportOutcome } from '../outcome-report.js';

/** @param afterSeparator the words after `--`, or undefined where there is no `--` */
export function registerAdd(afterSeparator: readonly string[] | undefined): Register {
  return (program, run) => {
    program
      .command('add')
      .description('add a server by its URL, or a command that is started: add NAME -- CMD ARGS…')
      .argument('<name>', 'what the server is called', serverNameArgument)
      .argument('[url...]', 'its URL, or a command after --')
      .option('--team', 'for everybody of your team: a URL only')
      .usage('NAME URL [--team] | NAME -- CMD ARGS…')
      .action((serverName: string, words: readonly string[], { team }: { readonly team?: true }) =>
        run((context) => add(context, serverName, newEntry(words, afterSeparator), team === true)),
      );
  };
}

async function add(
  context: CommandContext,
  serverName: string,
  entry: NewServerEntry,
  isForTeam: boolean,
): Promise<number> {
  const { dependencies, terminal, principal } = context;
  const { url } = entry;
  if (!isForTeam) await dependencies.addEntry(serverName, entry);
  else {
    if (typeof url !== 'string') throw new UsageError('A server of the team has a URL: a command is for one machine.');
    const { administration } = await dependencies.broker();
    const added = await administration.addTeamServer(principal, { serverName, url });
    if (added.status === 'error') return reportOutcome(context, added);
  }
  terminal.payload({ status: 'success', serverName });
  terminal.line(
    `${terminal.style.good('✓')} Added ${terminal.style.bold(serverName)}${isForTeam ? ` for the team ${principal.team}` : ''}.`,
  );
  if (url !== undefined) terminal.line(`  Sign in with: ${dependencies.command} connect ${serverName}`);
  return EXIT_SUCCESS;
}

function newEntry(words: readonly string[], command: readonly string[] | undefined): NewServerEntry {
  if (command !== undefined) {
    const [program, ...args] = command;
    if (words.length !== command.length || program === undefined)
      throw new UsageError('Give either a URL, or a command after --.');
    return { command: program, args };
  }
  const [url, ...more] = words;
  if (url === undefined || more.length > 0) throw new UsageError('Give one URL, or a command after --.');
  return { url: serverUrl(url) };
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError('The URL must begin with https:// (or http:// on this machine). A command goes after --.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      'A user or password in a URL is a secret, and a secret is never an argument. Use "key set NAME".',
    );
  }
  return text;
}
