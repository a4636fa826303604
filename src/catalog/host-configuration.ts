/** The configuration files of MCP hosts: what servers they have, and how this broker gets into one of them. */
import { copyFile, stat } from 'node:fs/promises';
import { applyEdits, modify } from 'jsonc-parser';
import { BrokerError } from '../core/errors.js';
import { isObject } from '../core/json-object.js';
import { type HostName, PRODUCT_NAME } from '../core/names.js';
import { type HostFile, type HostScope, type HostSurroundings, hostFiles } from './host-files.js';
import { formattingOf } from './json-formatting.js';
import { isOwnEntry, type OwnStarter } from './own-entry.js';
import { findNode, isBlank, type Place, readJson } from './read-json.js';
import { replaceFile } from './replace-file.js';
import { readServersText } from './servers-file.js';

/** One server as a host has it. */
export interface HostServer {
  readonly name: string;
  readonly raw: unknown;
  /** The file that it stands in. */
  readonly path: string;
  /** Of that file. */
  readonly scope: HostScope;
}

export interface InstallOptions {
  readonly scope: Exclude<HostScope, 'local'>;
  /** What starts the broker. */
  readonly entry: OwnStarter & Readonly<Record<string, unknown>>;
  /** For the name of the backup. */
  readonly now: Date;
}

export interface Installation {
  readonly path: string;
  /** What the broker is called there. */
  readonly name: string;
  readonly change: 'added' | 'replaced' | 'none';
  /** What the file was before; absent where there was none, or nothing was changed. */
  readonly backup?: string;
}

/**
 * The servers of a host, of this folder's files as well; the first of a name counts.
 *
 * @returns the files that there are, and the servers in them
 * @throws {BrokerError} `invalid_input` with line and column where a file is broken
 */
export async function readHostServers(
  host: HostName,
  surroundings: HostSurroundings,
): Promise<{ readonly files: readonly string[]; readonly servers: readonly HostServer[] }> {
  const files = new Set<string>();
  const servers = new Map<string, HostServer>();
  for (const { path, keys, scope } of hostFiles(host, surroundings)) {
    const text = (await readServersText(path))?.text;
    if (text === undefined) continue;
    files.add(path);
    for (const [name, raw] of Object.entries(objectAt(text, path, keys)))
      if (!servers.has(name)) servers.set(name, { name, raw, path, scope });
  }
  return { files: [...files], servers: [...servers.values()] };
}

/**
 * Writes the broker into a host's file, and nothing else of it: comments, order and layout stay. Where the file has it
 * under another name, that entry is the user's own and stays as it is.
 *
 * @returns undefined where the host has no file for that scope
 * @throws {BrokerError} `invalid_input` where the file is broken, or cannot be written: then nothing is changed
 */
export async function installInto(
  host: HostName,
  surroundings: HostSurroundings,
  { scope, entry, now }: InstallOptions,
): Promise<Installation | undefined> {
  const file = hostFiles(host, surroundings).find((candidate) => candidate.scope === scope);
  if (file === undefined) return undefined;
  const { path } = file;
  const text = (await readServersText(path))?.text;
  const servers = objectAt(text ?? '', path, file.keys);
  const other = Object.keys(servers).find((name) => name !== PRODUCT_NAME && isOwnEntry(servers[name], entry));
  if (other !== undefined) return { path, name: other, change: 'none' };
  const before = servers[PRODUCT_NAME];
  const name = PRODUCT_NAME;
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(entry)) return { path, name, change: 'none' };
  const backup = text === undefined ? undefined : await backedUp(path, now);
  await replaceFile(path, withEntry(text ?? '', file, entry), await modeOf(path));
  return {
    path,
    name,
    change: before === undefined ? 'added' : 'replaced',
    ...(backup === undefined ? {} : { backup }),
  };
}

function withEntry(text: string, { keys }: HostFile, entry: Readonly<Record<string, unknown>>): string {
  const edits = modify(text, [...keys, PRODUCT_NAME], entry, { formattingOptions: formattingOf(text) });
  const changed = applyEdits(text, edits);
  return changed.endsWith('\n') ? changed : `${changed}\n`;
}

async function backedUp(path: string, now: Date): Promise<string> {
  const backup = `${path}.${now.toISOString().replace(/[:.]/gu, '-')}.bak`;
  await copyFile(path, backup);
  return backup;
}

/** A host's file keeps who may read it. */
async function modeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mode;
}

function objectAt(text: string, path: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (isBlank(text)) return {};
  const { root, value } = readJson(text, (place, problem) => brokenFile(path, place, problem));
  const node = findNode(root, keys);
  if (root.type !== 'object' || (node !== undefined && node.type !== 'object'))
    throw new BrokerError('invalid_input', `${path} has no object at ${keys.join('.') || 'its top'}.`);
  let found: unknown = value;
  for (const key of keys) found = isObject(found) ? found[key] : undefined;
  return isObject(found) ? found : {};
}

function brokenFile(path: string, place: Place, problem: string): BrokerError {
  return new BrokerError('invalid_input', `${path} is broken at ${place}: ${problem}.`, {
    nextStep: `Mend ${path} at ${place}, then try again. Nothing was changed.`,
  });
}
