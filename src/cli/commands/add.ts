/** `add NAME URL` and `add NAME -- CMD ARGS…`: writes one entry of the user's file. */
import type { Register } from '../command.js';
import type { NewServerEntry } from '../dependencies.js';
import { EXIT_SUCCESS, UsageError } from '../exit-code.js';

/** @param afterSeparator the words after `--`, or undefined where there is no `--` */
export function registerAdd(afterSeparator: readonly string[] | undefined): Register {
  return (program, run) => {
    program
      .command('add')
      .description('add a server by its URL, or a command that is started: add NAME -- CMD ARGS…')
      .argument('<name>', 'what the server is called')
      .argument('[url...]', 'its URL, or a command after --')
      .usage('NAME URL | NAME -- CMD ARGS…')
      .action((serverName: string, words: readonly string[]) =>
        run(async ({ dependencies, terminal }) => {
          const entry = newEntry(words, afterSeparator);
          await dependencies.addEntry(serverName, entry);
          terminal.payload({ status: 'success', serverName });
          terminal.line(`${terminal.style.good('✓')} Added ${terminal.style.bold(serverName)}.`);
          if ('url' in entry) terminal.line(`  Sign in with: ${dependencies.command} connect ${serverName}`);
          return EXIT_SUCCESS;
        }),
      );
  };
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
