/** Makes a folder and those above it. Node's own recursive way never comes back where a file system takes no folders. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @throws what `mkdir` throws where one of them can neither be made nor is there */
export async function makeFolder(path: string, mode: number): Promise<void> {
  if (await madeOrThere(path, mode)) return;
  await makeFolder(dirname(path), mode);
  await mkdir(path, { mode }).catch((error: unknown) => {
    if (!isCode(error, 'EEXIST')) throw error;
  });
}

/** False where what it would be in is missing. */
async function madeOrThere(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return true;
    if (isCode(error, 'ENOENT') && dirname(path) !== path) return false;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
