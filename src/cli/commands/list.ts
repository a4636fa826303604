/** `list`: every server with the state of its accounts, without any network request. */
import type { ServerStatus } from '../../broker/server-status.js';
import { displayText } from '../../core/display-text.js';
import type { Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { reportOutcome } from '../outcome-report.js';
import { table } from '../table.js';
import type { Terminal } from '../terminal.js';

export const registerList: Register = (program, run) => {
  program
    .command('list')
    .description('list the servers and whether you are signed in')
    .action(() =>
      run(async (context) => {
        const { dependencies, terminal, principal } = context;
        const listed = await (await dependencies.broker()).listServers(principal);
        if ('status' in listed) return reportOutcome(context, listed);
        terminal.payload(listed);
        for (const line of table(unusedLast(listed.servers).flatMap((server) => rowsOf(terminal, server))))
          terminal.line(line);
        if (listed.servers.length === 0) terminal.line(`No servers yet. Add one: ${dependencies.command} add NAME URL`);
        return EXIT_SUCCESS;
      }),
    );
};

/** The built-in servers that nobody has used are many: the user's own would be lost among them. */
function unusedLast(servers: readonly ServerStatus[]): readonly ServerStatus[] {
  const isUnused = ({ source, accounts }: ServerStatus): boolean =>
    source === 'catalog' && accounts.every(({ state }) => state === 'not_connected');
  return [...servers.filter((server) => !isUnused(server)), ...servers.filter(isUnused)];
}

function rowsOf({ style }: Terminal, server: ServerStatus): readonly (readonly string[])[] {
  return server.accounts.map(({ account, state, reason }) => {
    const name = account === 'default' ? server.serverName : `${server.serverName} (${account})`;
    const words = reason === undefined ? STATE_WORDS[state] : `${STATE_WORDS[state]}: ${reason}`;
    const shown = displayText(words);
    return [
      displayText(name),
      state === 'connected' ? style.good(shown) : shown,
      displayText(server.authType),
      displayText(server.target),
    ];
  });
}

const STATE_WORDS = {
  connected: 'connected',
  auth_required: 'sign-in needed',
  config_required: 'client needed',
  not_connected: 'not connected',
  error: 'error',
} as const;
