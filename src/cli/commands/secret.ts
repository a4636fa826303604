/** `secret set SECRET`: stores a secret that entries name (`{ "source": "user_secret", "name": "SECRET" }`). */
import { displayText } from '../../core/display-text.js';
import type { Register } from '../command.js';
import { EXIT_SUCCESS, UsageError } from '../exit-code.js';
import { reportOutcome } from '../outcome-report.js';
import { readSecret } from '../secret-input.js';

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
    .action((name: string, options: Whose) =>
      run(async (context) => {
        const { dependencies, principal, terminal } = context;
        const scope = scopeOf(options);
        const value = await readSecret(dependencies, `Secret ${displayText(name)} (not shown): `);
        const stored = await (await dependencies.broker()).storeSecret(principal, { scope, name, value });
        if (stored.status === 'error') return reportOutcome(context, stored);
        terminal.payload(stored);
        terminal.line(`${terminal.style.good('✓')} Stored ${terminal.style.bold(displayText(name))}.`);
        return EXIT_SUCCESS;
      }),
    );
};

function scopeOf({ user, team, org }: Whose): 'user' | 'team' | 'org' {
  if ([user, team, org].filter((given) => given === true).length > 1)
    throw new UsageError('Give one of --user, --team and --org.');
  if (team === true) return 'team';
  return org === true ? 'org' : 'user';
}
