/** `member remove | add | list`: who may use the team's broker. */
import type { ListedMember } from '../../broker/administration.js';
import { displayText } from '../../core/display-text.js';
import { shellWord } from '../../core/shell-word.js';
import type { CommandContext, Register } from '../command.js';
import { confirm } from '../confirm.js';
import { EXIT_SUCCESS } from '../exit-code.js';
import { reportCleared, reportOutcome } from '../outcome-report.js';
import { table } from '../table.js';

interface MemberOptions {
  readonly team?: string;
}

interface RemoveOptions extends MemberOptions {
  readonly yes?: true;
}

export const registerMember: Register = (program, run) => {
  const member = program.command('member').description('members of a team');
  member
    .command('remove')
    .description("refuse a user's calls, and revoke and delete what is theirs alone")
    .argument('<user>')
    .option('--team <name>', 'of this team (default: yours)')
    .option('--yes', 'you mean it, also where it is yourself')
    .action((user: string, options: RemoveOptions) => run((context) => remove(context, user, options)));
  member
    .command('add')
    .description('let a removed user in again; what was deleted stays so')
    .argument('<user>')
    .option('--team <name>', 'of this team (default: yours)')
    .action((user: string, options: MemberOptions) => run((context) => add(context, user, options)));
  member
    .command('list')
    .description('list the users who have stored anything, and those who were removed')
    .option('--team <name>', 'of this team (default: yours)')
    .action((options: MemberOptions) => run((context) => list(context, options)));
};

async function remove(context: CommandContext, user: string, { team, yes }: RemoveOptions): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const isOneself = user === principal.user && (team ?? principal.team) === principal.team;
  if (isOneself && yes !== true)
    await confirm(
      context,
      `This is yourself: it deletes all that you have in the team "${displayText(principal.team)}", and refuses your calls.`,
    );
  const { administration } = await dependencies.broker();
  const removed = await administration.removeMember(principal, { user, team });
  if (removed.status === 'error') return reportOutcome(context, removed);
  const shown = displayText(user);
  if (!removed.wasKnown) {
    terminal.payload(removed);
    const listMembers = `${dependencies.command} member list${team === undefined ? '' : ` --team ${shellWord(displayText(team))}`}`;
    terminal.line(
      `${shown} is no member of ${displayText(removed.team)} any more, but nothing was ever stored for that name: check the spelling with "${listMembers}".`,
    );
    return EXIT_SUCCESS;
  }
  terminal.line(`${terminal.style.good('✓')} Removed ${terminal.style.bold(shown)} from ${displayText(removed.team)}.`);
  return reportCleared(context, removed, shown);
}

async function add(context: CommandContext, user: string, { team }: MemberOptions): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const wasRemoved = await (await dependencies.broker()).administration.addMember(principal, { user, team });
  terminal.payload({ status: 'success', user, team: team ?? principal.team, wasRemoved });
  const shown = terminal.style.bold(displayText(user));
  terminal.line(wasRemoved ? `${terminal.style.good('✓')} Added ${shown} again.` : `${shown} had not been removed.`);
  return EXIT_SUCCESS;
}

async function list(context: CommandContext, { team }: MemberOptions): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const listed = await (await dependencies.broker()).administration.listMembers(principal, team);
  if ('status' in listed) return reportOutcome(context, listed);
  terminal.payload(listed);
  for (const line of table(listed.members.map(rowOf))) terminal.line(line);
  if (listed.members.length === 0)
    terminal.line(
      `Nobody has stored anything in ${displayText(listed.team)} yet. Whoever has the vault's key may use it.`,
    );
  return EXIT_SUCCESS;
}

function rowOf({ user, isRemoved, removedAt }: ListedMember): readonly string[] {
  return [displayText(user), isRemoved ? `removed ${removedAt ?? ''}`.trim() : 'member'];
}
