/** Replaces a file in one step: nobody ever reads half of it. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const PRIVATE_MODE = 0o600;

/**
 * Writes `text` in place of what is at `path`; folders that are missing are made.
 *
 * @param mode of the new file; default readable by its owner only
 */
export async function replaceFile(path: string, text: string, mode: number = PRIVATE_MODE): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
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
