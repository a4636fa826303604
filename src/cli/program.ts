/** The grammar of the command line (the public contract, section 7). */
import { Command } from 'commander';
import type { Register, Run } from './command.js';
import { registerAccounts } from './commands/accounts.js';
import { registerAdd } from './commands/add.js';
import { registerAudit } from './commands/audit.js';
import { registerCall } from './commands/call.js';
import { registerClear } from './commands/clear.js';
import { registerClientMetadata } from './commands/client-metadata.js';
import { registerConnect } from './commands/connect.js';
import { registerDoctor } from './commands/doctor.js';
import { registerImport } from './commands/import.js';
import { registerInstall } from './commands/install.js';
import { registerKey } from './commands/key.js';
import { registerKeysRotate } from './commands/keys-rotate.js';
import { registerList } from './commands/list.js';
import { registerMember } from './commands/member.js';
import { registerMigrate } from './commands/migrate.js';
import { registerProvider } from './commands/provider.js';
import { registerRemove } from './commands/remove.js';
import { registerReset } from './commands/reset.js';
import { registerSecret } from './commands/secret.js';
import { registerServe } from './commands/serve.js';
import { registerTools } from './commands/tools.js';
import type { Terminal } from './terminal.js';

export interface ProgramOptions {
  readonly version: string;
  readonly terminal: Terminal;
  /** The words after `--`, where there is one. */
  readonly afterSeparator: readonly string[] | undefined;
  readonly run: Run;
}

/** The program; it never ends the process and prints help and version only. */
export function createProgram({ version, terminal, afterSeparator, run }: ProgramOptions): Command {
  const program = new Command('mcp-oauth-broker')
    .description('One MCP server that signs an agent in to all the others.')
    .option('--agent <name>', 'the agent that you act for (default: cli)')
    .option('--json', 'one line of JSON for each result')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: terminal.raw, writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError(false)
    .exitOverride();
  for (const register of commands(afterSeparator)) register(program, run);
  return program;
}

function commands(afterSeparator: readonly string[] | undefined): readonly Register[] {
  return [
    registerServe,
    registerList,
    registerAdd(afterSeparator),
    registerRemove,
    registerConnect,
    registerClear,
    registerTools,
    registerCall,
    registerKey,
    registerAccounts,
    registerKeysRotate,
    registerMigrate,
    registerSecret,
    registerProvider,
    registerMember,
    registerReset,
    registerAudit,
    registerDoctor,
    registerImport,
    registerInstall,
    registerClientMetadata,
  ];
}
