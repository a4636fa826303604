/**
 * Changes one entry of the user's file and nothing else: comments, order and unknown keys stay.
 * The new text replaces the old one in a single step, readable by its owner only.
 */
import { basename } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { BrokerError } from '../core/errors.js';
import { formattingOf } from './json-formatting.js';
import { parseServersFile } from './parse-servers-file.js';
import { replaceFile } from './replace-file.js';
import { isServerName } from './server-name.js';
import { readServersText } from './servers-file.js';

/** What `add` and `import` write: an entry as the file's schema has it. */
export type NewEntry = Readonly<Record<string, unknown>>;

/**
 * Adds one entry. The caller holds the lease.
 * @throws {BrokerError} `invalid_input` when the name is no name or is taken, the entry is not valid, or the file is broken.
 */
export async function addEntry(path: string, serverName: string, entry: NewEntry): Promise<void> {
  if (!isServerName(serverName)) {
    throw new BrokerError(
      'invalid_input',
      'A name is 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit.',
    );
  }
  const { text, names } = await currentFile(path);
  if (names.has(serverName)) {
    throw new BrokerError('invalid_input', `${basename(path)} has an entry "${serverName}" already.`, {
      nextStep: `Choose another name, or remove "${serverName}" first.`,
    });
  }
  await replaceFile(path, withEntry(text, serverName, entry));
}

/** Removes one entry; false when there is none. The caller holds the lease. @throws as `addEntry`. */
export async function removeEntry(path: string, serverName: string): Promise<boolean> {
  const { text, names } = await currentFile(path);
  if (!names.has(serverName)) return false;
  await replaceFile(path, withEntry(text, serverName, undefined));
  return true;
}

/** A broken file is never written over: what it says would be lost. */
async function currentFile(path: string): Promise<{ readonly text: string; readonly names: ReadonlySet<string> }> {
  const text = (await readServersText(path))?.text ?? '';
  const { servers, brokenServers } = parseServersFile(text, path);
  return { text, names: new Set([...servers.keys(), ...brokenServers.keys()]) };
}

function withEntry(text: string, serverName: string, entry: NewEntry | undefined): string {
  const edits = modify(text, ['mcpServers', serverName], entry, { formattingOptions: formattingOf(text) });
  const changed = applyEdits(text, edits);
  const problem = parseServersFile(changed, 'The new file').brokenServers.get(serverName);
  if (problem !== undefined) throw problem;
  return changed.endsWith('\n') ? changed : `${changed}\n`;
}
