/** Replaces a file in one step: nobody ever reads half of it. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskProblem } from '../core/disk-problem.js';
import { BrokerError } from '../core/errors.js';
import { makeFolder } from '../core/make-folder.js';

const PRIVATE_MODE = 0o600;

/**
 * Writes `text` in place of what is at `path`; folders that are missing are made.
 *
 * @param mode of the new file; default readable by its owner only
 * @throws {BrokerError} `invalid_input` where it cannot be written
 */
export async function replaceFile(path: string, text: string, mode: number = PRIVATE_MODE): Promise<void> {
  try {
    await replace(path, text, mode);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    throw new BrokerError('invalid_input', `${path} cannot be written: ${diskProblem(code)}.`, {
      cause: error,
      nextStep: `Ask the user to see to it that they may write ${path}, or to name another folder with MCP_OAUTH_HOME where it is the broker's own.`,
    });
  }
}

async function replace(path: string, text: string, mode: number): Promise<void> {
  await makeFolder(dirname(path), 0o700);
  // A link to the file (a folder of dotfiles) stays a link: what it points to is replaced.
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
