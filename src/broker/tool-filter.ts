/** Which of a server's tools may be seen and called: those that its entry allows and the user chose for the agent. */
import type { ServerEntry } from '../catalog/index.js';
import type { AnyServer } from './server-of-caller.js';

export function isToolAllowed(
  { entry, chosenTools }: Pick<AnyServer, 'entry' | 'chosenTools'>,
  toolName: string,
): boolean {
  return (chosenTools === undefined || chosenTools.has(toolName)) && isAllowedByEntry(entry, toolName);
}

/** How many of `tools` the entry allows, whatever the user chose for an agent. */
export function allowedCount(entry: ServerEntry, tools: readonly { readonly name: string }[]): number {
  return tools.filter(({ name }) => isAllowedByEntry(entry, name)).length;
}

/** By `tools: {allow, deny}`, globs with `*` and `?`. Denied wins; without `allow` everything else is allowed. */
export function isAllowedByEntry(entry: ServerEntry, toolName: string): boolean {
  const { allow, deny } = entry.tools ?? {};
  if (deny?.some((glob) => matchesGlob(glob, toolName)) === true) return false;
  return allow === undefined || allow.some((glob) => matchesGlob(glob, toolName));
}

function matchesGlob(glob: string, name: string): boolean {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/gu, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su').test(name);
}
