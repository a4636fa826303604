/** What a person types to start this program again as it was started: by its name, with npx, or with node from a clone. */
import { basename, extname, isAbsolute, relative } from 'node:path';
import { PRODUCT_NAME } from '../core/names.js';

export interface OwnCommandOptions {
  /** `process.argv[1]`. */
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default the current folder. */
  readonly cwd?: string;
}

/** For the hints of the command line; a path with a space in it is quoted. */
export function ownCommand({ script, env, cwd = process.cwd() }: OwnCommandOptions): string {
  const path = script.replaceAll('\\', '/');
  if (env['npm_command'] === 'exec' || path.includes('/node_modules/.bin/')) return `npx ${PRODUCT_NAME}`;
  const isInstalled = basename(path, extname(path)) === PRODUCT_NAME || path.includes(`/node_modules/${PRODUCT_NAME}/`);
  if (isInstalled) return isOfProject(path, cwd.replaceAll('\\', '/')) ? `npx ${PRODUCT_NAME}` : PRODUCT_NAME;
  const fromHere = relative(cwd, script);
  const shown = fromHere === '' || fromHere.startsWith('..') || isAbsolute(fromHere) ? script : fromHere;
  return `${extname(shown) === '.ts' ? 'npx tsx' : 'node'} ${/\s/u.test(shown) ? `"${shown}"` : shown}`;
}

/** A dependency of the project that one stands in: its command is on no PATH, but npx finds it. */
function isOfProject(path: string, cwd: string): boolean {
  const [project, inside] = path.split('/node_modules/');
  return inside !== undefined && (cwd === project || cwd.startsWith(`${project}/`));
}
