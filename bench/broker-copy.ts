/**
 * A copy of the built product, so that a build in the middle of a run changes nothing under the processes that are measured.
 */
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { builtBroker, PROJECT } from '../test/support/built-broker.js';

let copied: Promise<string> | undefined;

/** The path of its `main.js`; the same throughout a run, removed when the process ends. */
export function brokerCopy(): Promise<string> {
  copied ??= copyOf();
  return copied;
}

async function copyOf(): Promise<string> {
  const built = await builtBroker();
  // Within the project, where the native modules are found.
  const cache = join(PROJECT, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await cp(dirname(built), join(folder, 'dist'), { recursive: true });
  await symlink(join(PROJECT, 'skills'), join(folder, 'skills'));
  return join(folder, 'dist/main.js');
}
