/** Whether a command can be started: an absolute path, or a name on the PATH. */
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The absolute path of what `command` would start; undefined where there is none, and for a relative path. */
export async function findProgram(command: string, env: Environment): Promise<string | undefined> {
  for (const path of candidates(command, env)) if (await isProgram(path)) return path;
  return undefined;
}

function candidates(command: string, env: Environment): readonly string[] {
  const names =
    process.platform === 'win32' ? ['', ...windowsExtensions(env)].map((end) => `${command}${end}`) : [command];
  if (isAbsolute(command)) return names;
  if (/[/\\]/u.test(command)) return [];
  const folders = (pathOf(env) ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => join(folder, name)));
}

/** Windows does not care how PATH is written. */
function pathOf(env: Environment): string | undefined {
  return env['PATH'] ?? Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')?.[1];
}

function windowsExtensions(env: Environment): readonly string[] {
  return (env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').split(';').filter((end) => end !== '');
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
