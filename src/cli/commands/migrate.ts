/** `migrate --to STORE`: copies the vault into another store, and says what to set then. */
import { displayText } from '../../core/display-text.js';
import type { Principal } from '../../core/principal.js';
import type { Register } from '../command.js';
import type { MigratedVault } from '../dependencies.js';
import { EXIT_SUCCESS, UsageError } from '../exit-code.js';
import { readHiddenLine } from '../secret-input.js';

/** For a store on another machine; one on this machine finds its key where it is. */
const KEY_SETTING: Readonly<Record<MigratedVault['keySource'], string>> = {
  environment: 'MCP_OAUTH_KEY        the same as here',
  key_file: 'MCP_OAUTH_KEY_FILE   the file that it names here, or a copy of that',
  home_file: 'MCP_OAUTH_KEY_FILE   vault.key of the home folder, or a copy of it',
  keyring: 'MCP_OAUTH_KEY_FILE   the file that "keys rotate --key-out FILE" makes: the keyring is on this machine only',
};

export const registerMigrate: Register = (program, run) => {
  program
    .command('migrate')
    .description('copy the vault into another store; run it again where it was stopped')
    .requiredOption('--to <store>', 'sqlite:PATH, redis://… or postgres://…; - reads it from standard input')
    .action(({ to }: { readonly to: string }) =>
      run(async ({ dependencies, terminal, principal }) => {
        refusePassword(to);
        const address = to === '-' ? await readHiddenLine(dependencies, 'Address of the store (not shown): ') : to;
        const migrated = await dependencies.migrateVault(address);
        const { store, setting, from, rows, wasThere, keySource } = migrated;
        terminal.payload({ migrated: { store, from, rows, wasThere, keySource, set: { MCP_OAUTH_STORE: setting } } });
        terminal.line(
          wasThere
            ? `The vault is in ${store} already (${rows} rows), and nothing was copied: it may have been written to since.`
            : `All ${rows} rows are now in ${store}.`,
        );
        for (const line of whatToDo(migrated, principal)) terminal.note(line);
        return EXIT_SUCCESS;
      }),
    );
};

function whatToDo({ setting, from, isShared, keySource }: MigratedVault, principal: Principal): readonly string[] {
  return [
    'End the hosts that still use the old store: what they write there stays there. Then set for each of them:',
    `  MCP_OAUTH_STORE      ${setting}${isShared ? ' (with its user and password, where it has them)' : ''}`,
    ...(isShared
      ? [
          `  MCP_OAUTH_TEAM       ${displayText(principal.team)}`,
          `  MCP_OAUTH_USER       ${displayText(principal.user)} (for you)`,
          `  ${KEY_SETTING[keySource]}`,
        ]
      : ['The key is the same, and is found where it is now.']),
    `The old vault was left as it is: ${from}. Delete it when the new one works, but keep the key: both open with it alone.`,
  ];
}

/** Arguments are in the shell's history and in every process list. The text is not repeated. */
function refusePassword(to: string): void {
  if (!URL.canParse(to) || new URL(to).password === '') return;
  throw new UsageError('A password is never an argument: use --to -, and give the address on standard input.');
}
