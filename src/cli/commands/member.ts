/** `member remove | add USER`: who may use the team's broker. */
import { displayText } from '../../core/display-text.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { reportCleared, reportOutcome } from '../outcome-report.js';

interface MemberOptions {
  readonly team?: string;
}

export const registerMember: Register = (program, run) => {
  const member = program.command('member').description('members of a team');
  member
    .command('remove')
    .description("refuse a user's calls, and revoke and delete what is theirs alone")
    .argument('<user>')
    .option('--team <name>', 'of this team (default: yours)')
    .action((user: string, options: MemberOptions) => run((context) => remove(context, user, options)));
  member
    .command('add')
    .description('let a removed user in again; what was deleted stays so')
    .argument('<user>')
    .option('--team <name>', 'of this team (default: yours)')
    .action((user: string, options: MemberOptions) => run((context) => add(context, user, options)));
};

async function remove(context: CommandContext, user: string, { team }: MemberOptions): Promise<number> {
  const { administration } = await context.dependencies.broker();
  const removed = await administration.removeMember(context.principal, { user, team });
  if (removed.status === 'error') return reportOutcome(context, removed);
  const { terminal } = context;
  terminal.line(`${terminal.style.good('✓')} Removed ${terminal.style.bold(displayText(user))} from ${removed.team}.`);
  return reportCleared(context, removed, displayText(user));
}

async function add(context: CommandContext, user: string, { team }: MemberOptions): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const wasRemoved = await (await dependencies.broker()).administration.addMember(principal, { user, team });
  terminal.payload({ status: 'success', user, team: team ?? principal.team, wasRemoved });
  const shown = terminal.style.bold(displayText(user));
  terminal.line(wasRemoved ? `${terminal.style.good('✓')} Added ${shown} again.` : `${shown} had not been removed.`);
  return EXIT_SUCCESS;
}
