/** Runs one command and turns whatever happens into an exit code and a message. */
import { CommanderError } from 'commander';
import { BrokerError } from '../core/errors.js';
import type { CommandContext, Run } from './command.js';
import type { CliDependencies } from './dependencies.js';
import { EXIT_FAILED, EXIT_SUCCESS, EXIT_USAGE, UsageError } from './exit-code.js';
import { failureOf, reportOutcome } from './outcome-report.js';
import { createProgram } from './program.js';
import { refuseSecretArguments } from './secret-arguments.js';
import { createTerminal, type Terminal } from './terminal.js';
import { commandPath, usageMessage } from './usage-message.js';

/**
 * Runs the command that `argv` names (without node and script); nothing given prints help.
 * @returns the exit code: 0, 1 (failed), 2 (usage), 3 (authorization needed). The caller closes the broker and ends the process.
 */
export async function runCommand(argv: readonly string[], dependencies: CliDependencies): Promise<number> {
  const separatorAt = argv.indexOf('--');
  const own = separatorAt < 0 ? argv : argv.slice(0, separatorAt);
  const terminal = createTerminal(dependencies, own.includes('--json'));
  let exitCode = EXIT_SUCCESS;
  const run: Run = async (work, { inAnyEnvironment = false } = {}) => {
    if (!inAnyEnvironment && dependencies.problems.length > 0)
      throw new UsageError(dependencies.problems.map(({ message }) => message).join(' '), 'doctor');
    exitCode = await work(contextOf(dependencies, terminal, program.opts<{ readonly agent?: string }>().agent));
  };
  const afterSeparator = separatorAt < 0 ? undefined : argv.slice(separatorAt + 1);
  const program = createProgram({ version: dependencies.version, terminal, afterSeparator, run });
  try {
    refuseSecretArguments(own);
    await program.parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_SUCCESS;
    if (!(error instanceof CommanderError || error instanceof UsageError))
      return reportFailure(dependencies, terminal, error);
    const path = commandPath(program, own);
    return error instanceof UsageError
      ? reportUsage(dependencies, terminal, error.message, error.see ?? `${path} --help`)
      : reportUsage(dependencies, terminal, usageMessage(error, program, path), `${path} --help`);
  }
}

function reportFailure(dependencies: CliDependencies, terminal: Terminal, error: unknown): number {
  const failure =
    error instanceof BrokerError
      ? error
      : new BrokerError('internal_error', 'Something went wrong inside the broker.', { cause: error });
  reportOutcome(contextOf(dependencies, terminal, undefined), failureOf(failure, ''));
  if (failure !== error) terminal.problem(`  ${error instanceof Error ? error.message : String(error)}`);
  return EXIT_FAILED;
}

function contextOf(dependencies: CliDependencies, terminal: Terminal, agent: string | undefined): CommandContext {
  return { dependencies, terminal, principal: dependencies.principal(agent), agent };
}

/** @param see the words of the command that says more */
function reportUsage({ command }: CliDependencies, terminal: Terminal, message: string, see: string): number {
  const help = `${command} ${see.trim()}`;
  terminal.payload(failureOf(new BrokerError('invalid_input', message, { nextStep: `Run: ${help}` }), ''));
  if (!terminal.json) terminal.problem(`${message}\nSee: ${help}`);
  return EXIT_USAGE;
}
