/** `add NAME URL` and `add NAME -- CMD ARGS…`: writes one entry of the user's file; with `--team` a server of the team's. */
import type { Failure } from '../../broker/outcomes.js';
import { displayText } from '../../core/display-text.js';
import { BrokerError, type ErrorCode } from '../../core/errors.js';
import { findProgram } from '../../core/find-program.js';
import type { CommandContext, Register } from '../command.js';
import type { NewServerEntry } from '../dependencies.js';
import { EXIT_SUCCESS, EXIT_USAGE, UsageError } from '../exit-code.js';
import { serverNameArgument } from '../name-arguments.js';
import { failureOf, reportOutcome } from '../outcome-report.js';

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
  const refused = typeof url === 'string' ? await refusalOf(context, serverName, url) : undefined;
  if (refused !== undefined) {
    reportOutcome(context, refused);
    return EXIT_USAGE;
  }
  if (!isForTeam) await dependencies.addEntry(serverName, entry);
  else {
    if (typeof url !== 'string') throw new UsageError('A server of the team has a URL: a command is for one machine.');
    const { administration } = await dependencies.broker();
    const added = await administration.addTeamServer(principal, { serverName, url });
    if (added.status === 'error') return reportOutcome(context, added);
  }
  const notes = await notesOn(context, serverName, entry, isForTeam);
  terminal.payload({ status: 'success', serverName, ...(notes.length > 0 && { notes }) });
  terminal.line(
    `${terminal.style.good('✓')} Added ${terminal.style.bold(serverName)}${isForTeam ? ` for the team ${displayText(principal.team)}` : ''}.`,
  );
  for (const note of notes) terminal.line(`  ${note}`);
  if (url !== undefined) terminal.line(`  Sign in with: ${dependencies.command} connect ${serverName}`);
  return EXIT_SUCCESS;
}

/** Codes that are about the URL itself. */
const REFUSALS: readonly ErrorCode[] = ['url_not_allowed', 'insecure_url'];

/** Why a URL can never be asked; undefined where it can. */
async function refusalOf(
  { dependencies }: CommandContext,
  serverName: string,
  url: string,
): Promise<Failure | undefined> {
  try {
    await dependencies.checkServerUrl(url);
    return undefined;
  } catch (error) {
    if (!(error instanceof BrokerError) || !REFUSALS.includes(error.code)) throw error;
    return failureOf(error, serverName);
  }
}

/** What works otherwise than one may think, or not yet. */
async function notesOn(
  { dependencies }: CommandContext,
  serverName: string,
  { command }: NewServerEntry,
  isForTeam: boolean,
): Promise<readonly string[]> {
  const notes: string[] = [];
  const builtIn = dependencies.builtInTarget(serverName);
  if (builtIn !== undefined)
    notes.push(
      `"${serverName}" is also a built-in server (${builtIn}): ${isForTeam ? "the team's" : 'yours'} now stands in its place.`,
    );
  if (typeof command === 'string' && (await findProgram(command, dependencies.env)) === undefined)
    notes.push(
      `There is no program ${displayText(command)} on the PATH here: install it, or give its absolute path, before the server is used.`,
    );
  return notes;
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
