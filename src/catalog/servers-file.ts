/**
 * Reads the user's file: again when it has changed, at most SERVERS_FILE_MAX_BYTES,
 * and going on with the last good one while it is broken, of each entry while only that one is.
 */
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { diskProblem } from '../core/disk-problem.js';
import { BrokerError } from '../core/errors.js';
import { FILE_TIMESTAMP_GRANULARITY_MS, SERVERS_FILE_MAX_BYTES } from '../core/limits.js';
import type { Log } from '../core/log.js';
import { EMPTY_SERVERS_FILE, type ParsedServersFile, parseServersFile } from './parse-servers-file.js';
import type { FileNote } from './server-entry.js';

/** The file as it is now, or as it was when it was last good. */
export interface ServersFileReader {
  /** @throws {BrokerError} `invalid_input` when the file is broken or unreadable and none was read before. */
  read(): Promise<ParsedServersFile>;
}

interface Reading {
  /** Absent where a change might not show in it. */
  readonly signature?: string;
  readonly outcome: ParsedServersFile | BrokerError;
}

/** A reader of the file at `path`. */
export function createServersFileReader(path: string, log: Log): ServersFileReader {
  let last: Reading | undefined;
  let lastGood: ParsedServersFile | undefined;
  let notesTold = '';

  /** Once for each: a file is read again at every change of it. */
  function tell(notes: readonly FileNote[]): void {
    const told = notes.map(({ message }) => message).join('\n');
    if (told === notesTold) return;
    notesTold = told;
    for (const { message } of notes)
      log.warn({ note: message }, 'something in the file of servers is not as it should be');
  }

  return {
    async read() {
      if (last?.signature === undefined || last.signature !== signatureAt(path)) {
        const before = last;
        last = await readOnce(path);
        if (!(last.outcome instanceof BrokerError)) {
          tell(last.outcome.notes);
          lastGood = withLastGoodEntries(last.outcome, lastGood);
          last = { ...last, outcome: lastGood };
        } else if (lastGood !== undefined && before?.outcome !== last.outcome && !isSameProblem(before, last.outcome)) {
          log.warn({ problem: last.outcome.message }, 'going on with the last good version of the file of servers');
        }
      }
      if (!(last.outcome instanceof BrokerError)) return last.outcome;
      if (lastGood === undefined) throw last.outcome;
      return lastGood;
    },
  };
}

/** An entry that was good before and is broken now goes on as it was. */
function withLastGoodEntries(read: ParsedServersFile, before: ParsedServersFile | undefined): ParsedServersFile {
  if (before === undefined || read.brokenServers.size + read.brokenProviders.size === 0) return read;
  return {
    ...read,
    servers: withKept(read.servers, read.brokenServers, before.servers),
    oauthProviders: withKept(read.oauthProviders, read.brokenProviders, before.oauthProviders),
  };
}

function withKept<T>(
  entries: ReadonlyMap<string, T>,
  broken: ReadonlyMap<string, unknown>,
  before: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  return new Map([...entries, ...[...before].filter(([name]) => broken.has(name))]);
}

function isSameProblem(before: Reading | undefined, problem: BrokerError): boolean {
  return before?.outcome instanceof BrokerError && before.outcome.message === problem.message;
}

/** @throws {BrokerError} `invalid_input` when it is too large, not a file, or cannot be read. Undefined: there is none. */
export async function readServersText(
  path: string,
): Promise<{ readonly text: string; readonly signature?: string } | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => noFile(path, error));
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw unreadable(path, 'it is not a file');
    if (stats.size > SERVERS_FILE_MAX_BYTES)
      throw unreadable(path, `it is larger than ${SERVERS_FILE_MAX_BYTES} bytes`);
    const text = (await file.readFile('utf8')).replace(/^\uFEFF/u, '');
    const isSettled = Date.now() - Number(stats.mtimeMs) > FILE_TIMESTAMP_GRANULARITY_MS;
    return isSettled ? { text, signature: signatureOf(stats) } : { text };
  } finally {
    await file.close();
  }
}

async function readOnce(path: string): Promise<Reading> {
  let found: Awaited<ReturnType<typeof readServersText>>;
  try {
    found = await readServersText(path);
  } catch (error) {
    return { outcome: asProblem(path, error) };
  }
  if (found === undefined) return { signature: MISSING, outcome: EMPTY_SERVERS_FILE };
  const { text, ...reading } = found;
  try {
    return { ...reading, outcome: parseServersFile(text, path) };
  } catch (error) {
    return { ...reading, outcome: asProblem(path, error) };
  }
}

const MISSING = 'missing';

/** At once: a call asks for it several times, and by the thread pool that costs more than all the rest of the lookup. */
function signatureAt(path: string): string {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? MISSING : signatureOf(stats);
  } catch {
    return 'unreadable';
  }
}

function signatureOf(stats: { readonly mtimeNs: bigint; readonly size: bigint; readonly ino: bigint }): string {
  return [stats.mtimeNs, stats.size, stats.ino].join(':');
}

function noFile(path: string, error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw asProblem(path, error);
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

function asProblem(path: string, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const code = errorCode(error);
  if (code === undefined) throw error;
  return unreadable(path, diskProblem(code), error);
}

function unreadable(path: string, why: string, cause?: unknown): BrokerError {
  return new BrokerError('invalid_input', `${path} cannot be read: ${why}.`, {
    cause,
    nextStep: `Ask the user to make ${path} readable, or to name another folder with MCP_OAUTH_HOME, then try again.`,
  });
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
