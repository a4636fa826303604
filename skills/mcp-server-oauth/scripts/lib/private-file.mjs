// @ts-check
/** Files that hold secrets: readable by their owner alone, written whole or not at all, never through a link. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { Failure } from './failure.mjs';

/**
 * Writes `content` as JSON, mode 0600, in place of what was there.
 *
 * @param {string} path
 * @param {object} content
 * @throws {Failure} `file_unusable`
 */
export function writePrivateJson(path, content) {
  refuseLink(path);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch {
    rmSync(temporary, { force: true });
    throw unusable('could not be written', 'Name a file in a folder that you may write to.');
  }
}

/**
 * Reads an object that one of the scripts wrote.
 *
 * @param {string} path
 * @returns {Record<string, unknown>}
 * @throws {Failure} `file_unusable`
 */
export function readPrivateJson(path) {
  const hint = 'Name the file that --save or --out of these scripts wrote.';
  let content;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw unusable('could not be read as JSON', hint);
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  throw unusable('does not hold a JSON object', hint);
}

/** Another user could have laid a link there, to have the secret written elsewhere. @param {string} path */
function refuseLink(path) {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) throw unusable('is not a plain file', 'Name another file.');
}

/** @param {string} what @param {string} hint */
function unusable(what, hint) {
  return new Failure('file_unusable', `The file ${what}.`, hint);
}
