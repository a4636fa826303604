/** `migrate --to STORE`: copies the vault into another store, and says what to set then. */
import type { Register } from '../command.js';
import type { MigratedVault } from '../dependencies.js';
import { EXIT_SUCCESS, UsageError } from '../exit-code.js';
import { readSecret } from '../secret-input.js';

const KEY_ADVICE: Readonly<Record<MigratedVault['keySource'], string>> = {
  environment: 'MCP_OAUTH_KEY as it is here',
  key_file: 'MCP_OAUTH_KEY_FILE: a file with the key that is in the one named here',
  home_file: 'MCP_OAUTH_KEY_FILE: a file with the key that is in vault.key of the home folder',
  keyring:
    'MCP_OAUTH_KEY_FILE: the file that "keys rotate --key-out FILE" makes, since the keyring is on this machine only',
};

export const registerMigrate: Register = (program, run) => {
  program
    .command('migrate')
    .description('copy the vault into another store; run it again where it was stopped')
    .requiredOption('--to <store>', 'sqlite:PATH, redis://… or postgres://…; - reads it from standard input')
    .action(({ to }: { readonly to: string }) =>
      run(async ({ dependencies, terminal, principal }) => {
        refusePassword(to);
        const address = to === '-' ? await readSecret(dependencies, 'Address of the store (not shown): ') : to;
        const { rows, wasThere, store, keySource, isShared } = await dependencies.migrateVault(address);
        terminal.payload({ migrated: { store, rows, wasThere, keySource } });
        terminal.line(
          wasThere
            ? `The vault is in ${store} already (${rows} rows), and nothing was copied: it may have been written to since.`
            : `All ${rows} rows are now in ${store}. The vault that they were copied from was left as it is.`,
        );
        terminal.note(
          'End the hosts that still use the old store: what they write there stays there. Then set for each of them:',
        );
        terminal.note(`  MCP_OAUTH_STORE: that address${isShared ? ', with its password' : ''}`);
        if (isShared) terminal.note(`  MCP_OAUTH_TEAM: ${principal.team}, MCP_OAUTH_USER: ${principal.user} (for you)`);
        terminal.note(`  ${KEY_ADVICE[keySource]}`);
        return EXIT_SUCCESS;
      }),
    );
};

/** Arguments are in the shell's history and in every process list. The text is not repeated. */
function refusePassword(to: string): void {
  if (!URL.canParse(to) || new URL(to).password === '') return;
  throw new UsageError('A password is never an argument: use --to -, and give the address on standard input.');
}
