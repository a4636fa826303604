/**
 * The names under which tools and prompts of other servers are listed as ours: `<server>__<name>`, short and
 * plain enough for every host, which puts a prefix of its own before it.
 */
import { createHash } from 'node:crypto';
import { MIRRORED_NAME_HASH_LENGTH, MIRRORED_NAME_MAX_LENGTH, MIRRORED_NAMES_KEPT_MAX } from '../core/limits.js';

const SEPARATOR = '__';
const HASH_AT_END = new RegExp(`_[0-9a-f]{${MIRRORED_NAME_HASH_LENGTH}}$`, 'u');
const UNUSABLE_CHARACTER = /[^A-Za-z0-9_-]/gu;

/** A tool or prompt of a server, by the name that it has there. */
export interface Owned {
  readonly serverName: string;
  readonly name: string;
}

/** Names of one kind. A name once given is never another's while the process lives, whatever is listed later. */
export interface MirroredNames {
  /** The same name each time. */
  nameOf(owned: Owned): string;
  /** What a name was given to. */
  find(mirroredName: string): Owned | undefined;
}

/** @param reserved names that are never given. */
export function createMirroredNames(reserved: Iterable<string> = []): MirroredNames {
  const reservedNames = new Set(reserved);
  const ownerOf = new Map<string, Owned>();
  const nameOfKey = new Map<string, string>();

  const isFree = (name: string): boolean => !reservedNames.has(name) && !ownerOf.has(name);

  const give = (owned: Owned): string => {
    let attempt = 0;
    while (!isFree(mirroredName(owned, attempt))) attempt += 1;
    return mirroredName(owned, attempt);
  };

  const forgetOldest = (): void => {
    const [key, name] = nameOfKey.entries().next().value ?? ['', ''];
    nameOfKey.delete(key);
    ownerOf.delete(name);
  };

  return {
    nameOf({ serverName, name }) {
      const owned = { serverName, name };
      const key = keyOf(owned);
      const given = nameOfKey.get(key) ?? give(owned);
      // Put at the end: what is listed again is not forgotten.
      nameOfKey.delete(key);
      nameOfKey.set(key, given);
      ownerOf.set(given, owned);
      if (nameOfKey.size > MIRRORED_NAMES_KEPT_MAX) forgetOldest();
      return given;
    },
    find: (mirrored) => ownerOf.get(mirrored),
  };
}

/**
 * At most MIRRORED_NAME_MAX_LENGTH characters of `A-Z a-z 0-9 _ -`: `<server>__<name>` where that is such a name, else
 * as much of it as there is room for, and a hash of the whole.
 * @param attempt above 0 where every name of fewer attempts is another's; such a name has a hash as well.
 */
export function mirroredName(owned: Owned, attempt = 0): string {
  const original = `${owned.serverName}${SEPARATOR}${owned.name}`;
  const usable = original.replace(UNUSABLE_CHARACTER, '_');
  if (attempt === 0 && usable === original && original.length <= MIRRORED_NAME_MAX_LENGTH) return original;
  const hash = createHash('sha256')
    .update(attempt === 0 ? original : `${attempt} ${keyOf(owned)}`)
    .digest('hex')
    .slice(0, MIRRORED_NAME_HASH_LENGTH);
  return `${usable.slice(0, MIRRORED_NAME_MAX_LENGTH - MIRRORED_NAME_HASH_LENGTH - 1)}_${hash}`;
}

/** All that an uncut name could stand for, of these servers, whether or not there is such a tool or prompt. */
export function ownersByName(name: string, serverNames: readonly string[]): readonly Owned[] {
  return serverNames
    .filter((serverName) => name.startsWith(`${serverName}${SEPARATOR}`))
    .map((serverName) => ({ serverName, name: name.slice(serverName.length + SEPARATOR.length) }))
    .filter((owned) => owned.name !== '' && mirroredName(owned) === name);
}

/** Whether a name may be one that was cut or changed. */
export function hasHash(name: string): boolean {
  return HASH_AT_END.test(name);
}

function keyOf({ serverName, name }: Owned): string {
  return JSON.stringify([serverName, name]);
}
