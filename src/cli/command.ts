/** What each command gets: its surroundings, its terminal and its principal. */
import type { Command } from 'commander';
import type { Principal } from '../core/principal.js';
import type { CliDependencies } from './dependencies.js';
import type { Terminal } from './terminal.js';

export interface CommandContext {
  readonly dependencies: CliDependencies;
  readonly terminal: Terminal;
  readonly principal: Principal;
  /** `--agent`, where given. */
  readonly agent: string | undefined;
}

export interface RunOptions {
  /** Also where something is wrong with the environment. */
  readonly inAnyEnvironment?: boolean;
}

/** Runs the work of one command; what it resolves to is the exit code. */
export type Run = (work: (context: CommandContext) => Promise<number>, options?: RunOptions) => Promise<void>;

/** Adds one command to the program. */
export type Register = (program: Command, run: Run) => void;
