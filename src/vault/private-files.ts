/**
 * Files that only their owner may read: made whole or not at all, never through a link, never in a folder
 * where others could put something in their place. (On Windows the profile's ACL protects them.)
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, link, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskProblem } from '../core/disk-problem.js';
import { BrokerError } from '../core/errors.js';
import { makeFolder } from '../core/make-folder.js';

const PRIVATE_DIRECTORY_MODE = 0o700;
const PRIVATE_FILE_MODE = 0o600;
const WRITABLE_BY_OTHERS = 0o002;
const OPEN_TO_OTHERS = 0o077;
/** 0 on Windows, where opening a link needs a privilege to have made it. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;

interface FileStatus {
  readonly uid: number;
  readonly mode: number;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * Makes the folder of `path` with mode 0700 where there is none, and checks the one there is.
 * @throws {BrokerError} `vault_unreadable` when it belongs to another user or anybody may write to it.
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  const directory = dirname(path);
  await onDisk(directory, makeFolder(directory, PRIVATE_DIRECTORY_MODE));
  const status = await onDisk(directory, stat(directory));
  if (isForeign(status)) throw refused(directory, 'belongs to another user');
  if (process.platform !== 'win32' && (status.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw refused(directory, 'can be written to by every user');
  }
}

/**
 * Checks a file that SQLite is about to open, by its name only: opening and closing it here would drop
 * the locks that this process already holds on it (POSIX). Rights that a copy has widened are narrowed again.
 * @returns whether there is such a file.
 * @throws {BrokerError} `vault_unreadable` for a symbolic link, anything but a file, or another user's.
 */
export async function checkPrivateFile(path: string): Promise<boolean> {
  const status = await onDisk(path, absentAsUndefined(lstat(path)));
  if (status === undefined) return false;
  assertOwnFile(path, status);
  if (isOpenToOthers(status)) await onDisk(path, chmod(path, PRIVATE_FILE_MODE));
  return true;
}

/**
 * Reads a small text file.
 * @returns undefined when there is none.
 * @throws {BrokerError} `vault_unreadable` for a symbolic link, anything but a file, a foreign or an oversized one,
 *   or one of our own that others may read (`sharedByRoot` allows a file of root's, as container secrets are).
 */
export async function readPrivateFile(
  path: string,
  limits: { readonly maxBytes: number; readonly sharedByRoot?: boolean },
): Promise<string | undefined> {
  const before = await onDisk(path, absentAsUndefined(lstat(path)));
  if (before === undefined) return undefined;
  // Looked at first, since opening a pipe that somebody put there would wait for ever.
  if (before.isSymbolicLink()) throw refused(path, 'is a symbolic link');
  if (!before.isFile()) throw refused(path, 'is not a file');
  const file = await onDisk(path, open(path, constants.O_RDONLY | NOFOLLOW));
  try {
    const status = await onDisk(path, file.stat());
    const isRoots = limits.sharedByRoot === true && status.uid === 0 && (status.mode & 0o022) === 0;
    if (!isRoots) assertOwnFile(path, status);
    if (!isRoots && isOpenToOthers(status)) throw refused(path, 'can be read by other users (chmod 600)');
    if (status.size > limits.maxBytes) throw refused(path, 'is too large');
    return await onDisk(path, file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

/**
 * Makes a file of mode 0600 that is complete as soon as it has its name.
 * `fill` gets the path of an empty file, made with O_EXCL | O_NOFOLLOW, and writes all of it.
 * @returns false when another process was first; its file is left alone.
 * @throws {BrokerError} `vault_unreadable` when it cannot be made here.
 */
export async function createPrivateFile(
  path: string,
  fill: (temporaryPath: string) => void | Promise<void>,
): Promise<boolean> {
  return withTemporaryFile(path, fill, (temporaryPath) => linkUnlessThere(temporaryPath, path));
}

/**
 * The same for a file that may be there already: it is replaced as a whole, and another's is not.
 * @throws {BrokerError} `vault_unreadable` for a symbolic link, another user's file, or where it cannot be made.
 */
export async function replacePrivateFile(
  path: string,
  fill: (temporaryPath: string) => void | Promise<void>,
): Promise<void> {
  await checkPrivateFile(path);
  await withTemporaryFile(path, fill, (temporaryPath) => onDisk(path, rename(temporaryPath, path)));
}

async function withTemporaryFile<T>(
  path: string,
  fill: (temporaryPath: string) => void | Promise<void>,
  name: (temporaryPath: string) => Promise<T>,
): Promise<T> {
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | NOFOLLOW;
  const file = await onDisk(path, open(temporaryPath, flags, PRIVATE_FILE_MODE));
  try {
    await file.close();
    await fill(temporaryPath);
    return await name(temporaryPath);
  } finally {
    await rm(temporaryPath, { force: true });
  }
}

/** A link, unlike a rename, never replaces what another process has put there in the meantime. */
async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false;
    throw diskError(to, cause);
  }
}

function assertOwnFile(path: string, status: FileStatus): void {
  if (status.isSymbolicLink()) throw refused(path, 'is a symbolic link');
  if (!status.isFile()) throw refused(path, 'is not a file');
  if (isForeign(status)) throw refused(path, 'belongs to another user');
}

function isForeign(status: { readonly uid: number }): boolean {
  return process.getuid !== undefined && status.uid !== process.getuid();
}

function isOpenToOthers(status: { readonly mode: number }): boolean {
  return process.platform !== 'win32' && (status.mode & OPEN_TO_OTHERS) !== 0;
}

async function absentAsUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw cause;
  });
}

async function onDisk<T>(path: string, operation: Promise<T>): Promise<T> {
  return operation.catch((cause: unknown) => {
    throw diskError(path, cause);
  });
}

function diskError(path: string, cause: unknown): BrokerError {
  const errno = errnoOf(cause);
  const retryable = errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EIO';
  return new BrokerError('vault_unreadable', `${path} cannot be used: ${diskProblem(errno)}.`, {
    cause,
    retryable,
    nextStep: 'Tell the user to check that file and its folder, or to name another folder with MCP_OAUTH_HOME.',
  });
}

function refused(path: string, why: string): BrokerError {
  return new BrokerError('vault_unreadable', `${path} ${why}, so no secret is kept there.`, {
    nextStep:
      'Tell the user to put the vault into a folder that only they can write to (MCP_OAUTH_HOME, MCP_OAUTH_STORE).',
  });
}

function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
