/**
 * What a server that is a program sees of our environment: what programs need to run at all, and what its entry names.
 * Nothing else, since ours holds the secrets of every other program that the host was given.
 */

const INHERITED_POSIX = ['HOME', 'LANG', 'LANGUAGE', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'];

const INHERITED_WINDOWS = [
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'NUMBER_OF_PROCESSORS',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
];

const LOCALE = /^LC_[A-Z]+$/u;

type Environment = Readonly<Record<string, string>>;

/** The whole environment of a child: `own` over the few variables that are passed on from `inherited`. */
export function subprocessEnvironment(
  own: Environment,
  inherited: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): Environment {
  const isWindows = platform === 'win32';
  const nameOf = (name: string): string => (isWindows ? name.toUpperCase() : name);
  const passedOn = new Set(isWindows ? INHERITED_WINDOWS : INHERITED_POSIX);
  const replaced = new Set(Object.keys(own).map(nameOf));
  const kept = Object.entries(inherited).filter((variable): variable is [string, string] => {
    const [name, value] = variable;
    const isPassedOn = passedOn.has(nameOf(name)) || (!isWindows && LOCALE.test(name));
    // A shell would read such a value as a function, and run what follows it (CVE-2014-6271).
    return isPassedOn && !replaced.has(nameOf(name)) && value !== undefined && !value.startsWith('()');
  });
  return { ...Object.fromEntries(kept), ...own };
}
