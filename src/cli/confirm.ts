/** Asks before something that cannot be undone: at a terminal; elsewhere an option has to say it. */
import { createInterface } from 'node:readline/promises';
import type { CommandContext } from './command.js';
import { UsageError } from './exit-code.js';

/**
 * Resolves when the user means it.
 * @param what happens, one sentence
 * @throws {UsageError} where they do not, or where nobody can be asked
 */
export async function confirm({ dependencies, terminal }: CommandContext, what: string): Promise<void> {
  const { stdin, stderr } = dependencies;
  if (stdin.isTTY !== true || terminal.json) throw new UsageError(`${what} If you mean it, say so with --yes.`);
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    const answer = await lines.question(`${what} Type "yes" if you mean it: `);
    if (answer.trim().toLowerCase() !== 'yes') throw new UsageError('Stopped; nothing was changed.');
  } finally {
    lines.close();
  }
}
