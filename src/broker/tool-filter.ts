/** Which of a server's tools its entry lets be seen and called (`tools: {allow, deny}`, globs with `*` and `?`). */
import type { ServerEntry } from '../catalog/index.js';

/** Denied wins; without `allow` everything else is allowed. */
export function isToolAllowed(entry: ServerEntry, toolName: string): boolean {
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
