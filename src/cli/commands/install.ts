/** `install HOST`: writes the broker into the configuration of an MCP host, and keeps all the rest of the file. */
import { Argument } from 'commander';
import { displayText } from '../../core/display-text.js';
import { HOST_NAMES, type HostName } from '../../core/names.js';
import type { Register } from '../command.js';
import type { HostInstallation } from '../dependencies.js';
import { EXIT_SUCCESS } from '../exit-code.js';

const RESTART: Readonly<Record<HostName, string>> = {
  'claude-code': 'Start a new session of Claude Code.',
  'claude-desktop': 'Quit Claude Desktop and start it again.',
  cursor: 'Cursor asks whether to enable it: Settings, then MCP.',
  vscode: 'Start it in VS Code with the command "MCP: List Servers".',
};

export const registerInstall: Register = (program, run) => {
  program
    .command('install')
    .description('add this broker to an MCP host; the rest of its file stays as it is')
    .addArgument(new Argument('<host>', 'which host').choices(HOST_NAMES))
    .option('--project', "into the file of this folder's project, where the host has one")
    .action((host: HostName, { project = false }: { readonly project?: boolean }) =>
      run(async ({ dependencies, terminal }) => {
        const installed = await dependencies.installInto(host, project ? 'project' : 'user');
        terminal.payload({ status: 'success', host, ...installed });
        for (const line of report(host, installed, terminal.style.good('✓'))) terminal.line(line);
        return EXIT_SUCCESS;
      }),
    );
};

function report(
  host: HostName,
  { path, name, change, backup, leftOut }: HostInstallation,
  done: string,
): readonly string[] {
  if (change === 'none') return [`${done} ${host} has it already, as "${displayText(name)}": ${path}`];
  return [
    `${done} ${change === 'added' ? 'Added to' : 'Replaced in'} ${path}`,
    ...(backup === undefined ? [] : [`  as it was before: ${backup}`]),
    ...leftOut.map(
      (name) => `  ${name} may hold a secret and was left out: set it in the environment that starts ${host}.`,
    ),
    `  ${RESTART[host]}`,
  ];
}
