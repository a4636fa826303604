/** `keys rotate`: another key for the vault. The key itself is never shown. */
import type { Register } from '../command.js';
import type { RotatedKey } from '../dependencies.js';
import { EXIT_SUCCESS } from '../exit-code.js';

export const registerKeysRotate: Register = (program, run) => {
  program
    .command('keys')
    .description("the vault's key")
    .command('rotate')
    .description('put every record under a new key; run it again where it was stopped')
    .option('--key-out <file>', 'make this file for the new key; needed where the environment gives the key')
    .action(({ keyOut }: { readonly keyOut?: string }) =>
      run(async ({ dependencies, terminal, principal }) => {
        const rotated = await dependencies.rotateKey(principal, keyOut);
        terminal.payload({ rotated });
        terminal.line(`${rotated.records} records are under a new key. ${placeOf(rotated)}`);
        if (rotated.unreadable > 0) {
          terminal.problem(
            `${rotated.unreadable} records could not be read with the old key either, and were left as they are.`,
          );
        }
        return EXIT_SUCCESS;
      }),
    );
};

function placeOf({ keySource, keyFile }: RotatedKey): string {
  if (keyFile !== undefined) {
    return `It is in ${keyFile}: set MCP_OAUTH_KEY_FILE to that, in place of what gave the old key, for every broker of this vault.`;
  }
  return keySource === 'keyring'
    ? "It is in the system keyring, in the old one's place."
    : "It is in vault.key, in the old one's place.";
}
