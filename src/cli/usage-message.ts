/**
 * What is wrong with a command line, in words of ours. The parser's own messages repeat what was typed, which may be a
 * secret: only the kind of mistake, bare option names and names of the grammar are kept.
 */
import type { Command, CommanderError } from 'commander';

/** The words of `argv` that name a command: `key set` of `key set linear`; empty where none does. */
export function commandPath(program: Command, argv: readonly string[]): string {
  const path: string[] = [];
  let current = program;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (word.startsWith('-')) {
      // An option before the command may take the next word.
      const option = program.options.find(({ long, short }) => long === word || short === word);
      if (option?.required === true) index += 1;
      continue;
    }
    const next = current.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    path.push(word);
    current = next;
  }
  return path.join(' ');
}

/** @param path of `commandPath` */
export function usageMessage(error: CommanderError, program: Command, path: string): string {
  const { code, message } = error;
  switch (code) {
    case 'commander.unknownOption':
      return `There is no option ${/'(--?[A-Za-z][A-Za-z-]{0,30})/u.exec(message)?.[1] ?? 'of that name'}${path === '' ? '' : ` for "${path}"`}.`;
    case 'commander.unknownCommand':
    case 'commander.help':
      return whichCommand(program, path);
    case 'commander.missingArgument':
      return `"${path}" needs ${grammarWord(/'([^']+)'/u.exec(message)?.[1])}.`;
    case 'commander.missingMandatoryOptionValue':
      return `"${path}" needs ${optionIn(message)}.`;
    case 'commander.optionMissingArgument':
      return `A value is missing: ${optionIn(message)}.`;
    case 'commander.excessArguments':
      return 'Too many arguments. A secret is never an argument; an argument with spaces needs quotes.';
    case 'commander.invalidArgument':
      return invalidArgument(message);
    default:
      return 'This command line cannot be understood.';
  }
}

function whichCommand(program: Command, path: string): string {
  const words = path === '' ? [] : path.split(' ');
  const command = words.reduce<Command | undefined>(
    (current, word) => current?.commands.find((candidate) => candidate.name() === word),
    program,
  );
  if (command === undefined || command === program) return 'There is no such command.';
  return `Say which: ${command.commands.map((each) => `"${path} ${each.name()}"`).join(', ')}.`;
}

/** What follows the parser's own words, which hold the value. */
function invalidArgument(message: string): string {
  const [, option, argument, why = 'not valid.'] =
    /^error: (?:option '(--[a-z-]+)[^']*' argument|command-argument value) '.*' is invalid(?: for argument '([a-z]+)')?\. (.*)$/su.exec(
      message,
    ) ?? [];
  const choices = /^Allowed choices are (.*)$/su.exec(why)?.[1];
  return `${option ?? grammarWord(argument)}: ${choices === undefined ? why : `one of ${choices}`}`;
}

function optionIn(message: string): string {
  const [, name = '', value] = /'(?:-\w, )?(--[a-z-]+)(?: <([^>]+)>)?'/u.exec(message) ?? [];
  return value === undefined ? name : `${name} ${grammarWord(value)}`;
}

function grammarWord(name = 'argument'): string {
  return name.toUpperCase();
}
