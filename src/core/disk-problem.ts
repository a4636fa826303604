/** What the operating system's refusals mean, in words. */

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'this user has no permission',
  EPERM: 'this user has no permission',
  EROFS: 'the disk is read-only',
  ENOENT: 'there is no such folder, and none can be made there',
  ENOTDIR: 'what should be a folder is a file',
  EEXIST: 'something else is in its place',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full for this user',
  EIO: 'the disk answered with an error',
};

/** @param code as Node gives it (`EACCES`); undefined where there is none */
export function diskProblem(code: string | undefined): string {
  const words = code === undefined ? undefined : WORDS[code];
  return words === undefined ? `the operating system answered ${code ?? 'an error'}` : `${words} (${code})`;
}
