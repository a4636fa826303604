/** `secret set | list | remove`: secrets that entries name (`{ "source": "user_secret", "name": "SECRET" }`). */
import type { ListedSecret } from '../../broker/broker.js';
import { displayText } from '../../core/display-text.js';
import { BrokerError } from '../../core/errors.js';
import { shellWord } from '../../core/shell-word.js';
import type { CommandContext, Register } from '../command.js';
import { EXIT_SUCCESS, EXIT_USAGE, UsageError } from '../exit-code.js';
import { failureOf, reportOutcome } from '../outcome-report.js';
import { readSecret } from '../secret-input.js';
import { table } from '../table.js';

interface Whose {
  readonly user?: boolean;
  readonly team?: boolean;
  readonly org?: boolean;
}

export const registerSecret: Register = (program, run) => {
  const secret = program.command('secret').description('secrets that entries of servers.json take by name');
  secret
    .command('set')
    .description('store a secret; it is asked for, or read from standard input')
    .argument('<secret>', 'its name')
    .option('--user', 'yours alone (the default)')
    .option('--team', "your team's")
    .option('--org', 'for everybody who shares this vault')
    .action((name: string, options: Whose) => run((context) => set(context, name, scopeOf(options))));
  secret
    .command('list')
    .description('list the secrets that your entries may name, without their values')
    .action(() => run(list));
  secret
    .command('remove')
    .description('delete a secret')
    .argument('<secret>', 'its name')
    .option('--user', 'yours alone (the default)')
    .option('--team', "your team's")
    .option('--org', 'of everybody who shares this vault')
    .action((name: string, options: Whose) => run((context) => remove(context, name, scopeOf(options))));
};

async function set(context: CommandContext, name: string, scope: ListedSecret['scope']): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const value = await readSecret(dependencies, `Secret ${displayText(name)} (not shown): `);
  const stored = await (await dependencies.broker()).storeSecret(principal, { scope, name, value });
  if (stored.status === 'error') {
    const exitCode = reportOutcome(context, stored);
    return stored.code === 'invalid_input' ? EXIT_USAGE : exitCode;
  }
  terminal.payload(stored);
  terminal.line(`${terminal.style.good('✓')} Stored ${terminal.style.bold(displayText(name))}.`);
  return EXIT_SUCCESS;
}

async function list(context: CommandContext): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const listed = await (await dependencies.broker()).listSecrets(principal);
  if ('status' in listed) return reportOutcome(context, listed);
  terminal.payload(listed);
  for (const line of table(listed.secrets.map(rowOf))) terminal.line(line);
  if (listed.secrets.length === 0)
    terminal.line(`No secrets yet. Store one: ${dependencies.command} secret set SECRET [--user | --team | --org]`);
  return EXIT_SUCCESS;
}

function rowOf({ secret, scope, storedAt }: ListedSecret): readonly string[] {
  return [displayText(secret), scope, `stored ${storedAt}`];
}

async function remove(context: CommandContext, name: string, scope: ListedSecret['scope']): Promise<number> {
  const { dependencies, principal, terminal } = context;
  const removed = await (await dependencies.broker()).removeSecret(principal, { scope, name });
  if (removed.status === 'error') return reportOutcome(context, removed);
  if (!removed.wasStored) {
    const nextStep = `See the names and whose they are with "${dependencies.command} secret list".`;
    return reportOutcome(context, failureOf(new BrokerError('invalid_input', NONE_OF_SCOPE[scope], { nextStep }), ''));
  }
  terminal.payload({ status: 'success', secret: name, scope });
  terminal.line(
    `${terminal.style.good('✓')} Removed ${terminal.style.bold(displayText(name))}. Entries that name it ask for it when they next need it; "${dependencies.command} secret set ${shellWord(displayText(name))}${scope === 'user' ? '' : ` --${scope}`}" stores another.`,
  );
  return EXIT_SUCCESS;
}

const NONE_OF_SCOPE: Readonly<Record<ListedSecret['scope'], string>> = {
  user: 'You have no secret of that name.',
  team: 'The team has no secret of that name.',
  org: 'There is no secret of that name for everybody.',
};

function scopeOf({ user, team, org }: Whose): ListedSecret['scope'] {
  if ([user, team, org].filter((given) => given === true).length > 1)
    throw new UsageError('Give one of --user, --team and --org.');
  if (team === true) return 'team';
  return org === true ? 'org' : 'user';
}
