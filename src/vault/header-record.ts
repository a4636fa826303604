/**
 * The vault's header as it is stored: the one row that is readable without the key. It says which vault this is, where
 * its key comes from and which key it is, and carries the root secret, wrapped by the vault key: names of rows and
 * signatures stay the same when the key is changed. While that is being done it knows both keys, each wrapped by the other.
 */
import * as z from 'zod';
import { BrokerError } from '../core/errors.js';
import { open, seal } from './cipher.js';
import { KEY_SOURCES, type KeySource } from './key-source.js';
import { lengthPrefixed } from './length-prefixed.js';
import { newerStore } from './remote-store-errors.js';
import type { RowToWrite, Store } from './store.js';
import { type VaultKey, vaultKeyOf } from './vault-key.js';

/** No hashed key looks like this: those are 43 characters. */
export const HEADER_KEY = 'vault-header';
const FORMAT_VERSION = 1;

const keyedSchema = z.object({
  keySource: z.enum(KEY_SOURCES),
  /** Hexadecimal; the key-check value, too. */
  kid: z.string(),
  /** Base64. */
  wrappedRoot: z.base64(),
});

const headerSchema = keyedSchema.extend({
  formatVersion: z.literal(FORMAT_VERSION),
  vaultId: z.uuid(),
  /** While the key is being changed: the next one, itself under this one, and this one under it. */
  next: keyedSchema.extend({ wrappedKey: z.base64(), wrappedPrevious: z.base64() }).optional(),
});

export type Header = z.infer<typeof headerSchema>;

export interface StoredHeader {
  readonly header: Header;
  readonly version: number;
  readonly value: Uint8Array;
}

/** The keys that open records, and the root secret that names them. */
export interface OpenedHeader {
  /** What is written is sealed with this one. */
  readonly writing: VaultKey;
  readonly known: readonly VaultKey[];
  readonly root: Uint8Array;
}

/** @throws {BrokerError} `vault_unreadable` when it is damaged, or of a newer version. */
export async function readHeader(store: Store): Promise<StoredHeader | undefined> {
  const row = await store.read(HEADER_KEY);
  if (row === undefined) return undefined;
  const json = parseJson(Buffer.from(row.value).toString('utf8'));
  const header = headerSchema.safeParse(json);
  if (header.success) return { header: header.data, version: row.version, value: row.value };
  throw z.object({ formatVersion: z.number().gt(FORMAT_VERSION) }).safeParse(json).success
    ? newerStore()
    : headerLost();
}

export function headerRow(header: Header): RowToWrite {
  return { key: HEADER_KEY, partition: HEADER_KEY, value: Buffer.from(JSON.stringify(header), 'utf8') };
}

export function newHeader(vaultId: string, key: VaultKey, keySource: KeySource, root: Uint8Array): Header {
  return { formatVersion: FORMAT_VERSION, vaultId, ...keyed(vaultId, key, keySource, root) };
}

/** The header from which on both keys open the vault, and `to` is written with. */
export function withNextKey(
  header: Header,
  from: VaultKey,
  to: VaultKey,
  keySource: KeySource,
  root: Uint8Array,
): Header {
  const next = {
    ...keyed(header.vaultId, to, keySource, root),
    wrappedKey: seal(from, to.secret.export(), keyBinding(header.vaultId)).toString('base64'),
    wrappedPrevious: seal(to, from.secret.export(), keyBinding(header.vaultId)).toString('base64'),
  };
  return { ...header, next };
}

/** The header once every record is under the next key: the previous one opens nothing any more. */
export function withoutPreviousKey({ formatVersion, vaultId, next }: Header): Header | undefined {
  if (next === undefined) return undefined;
  const { keySource, kid, wrappedRoot } = next;
  return { formatVersion, vaultId, keySource, kid, wrappedRoot };
}

/** What `key` opens; undefined when it is not this vault's. @throws {BrokerError} `vault_unreadable` when it is damaged. */
export function openHeader({ next, ...header }: Header, key: VaultKey): OpenedHeader | undefined {
  const kid = key.kid.toString('hex');
  if (kid === header.kid) {
    const root = rootOf(header.vaultId, header, key);
    if (next === undefined) return { writing: key, known: [key], root };
    const writing = otherKey(header.vaultId, key, next.wrappedKey);
    return { writing, known: [writing, key], root };
  }
  if (kid !== next?.kid) return undefined;
  const previous = otherKey(header.vaultId, key, next.wrappedPrevious);
  return { writing: key, known: [key, previous], root: rootOf(header.vaultId, next, key) };
}

export function headerLost(): BrokerError {
  return new BrokerError('vault_unreadable', "The vault's header is damaged or gone. The vault was left as it is.", {
    nextStep: 'Tell the user to put a copy of the vault in its place, or to move it away and sign in again.',
  });
}

type Keyed = z.infer<typeof keyedSchema>;

function keyed(vaultId: string, key: VaultKey, keySource: KeySource, root: Uint8Array): Keyed {
  const wrappedRoot = seal(key, root, headerBinding(vaultId, keySource)).toString('base64');
  return { keySource, kid: key.kid.toString('hex'), wrappedRoot };
}

function rootOf(vaultId: string, { wrappedRoot, keySource }: Keyed, key: VaultKey): Uint8Array {
  return openedOrLost(key, wrappedRoot, headerBinding(vaultId, keySource));
}

function otherKey(vaultId: string, key: VaultKey, wrapped: string): VaultKey {
  return vaultKeyOf(openedOrLost(key, wrapped, keyBinding(vaultId)));
}

function openedOrLost(key: VaultKey, wrapped: string, binding: Buffer): Buffer {
  const opened = open(key, Buffer.from(wrapped, 'base64'), binding);
  if (opened === undefined) throw headerLost();
  return opened;
}

function headerBinding(vaultId: string, keySource: KeySource): Buffer {
  return lengthPrefixed(['vault-header', String(FORMAT_VERSION), vaultId, keySource]);
}

function keyBinding(vaultId: string): Buffer {
  return lengthPrefixed(['vault-key', String(FORMAT_VERSION), vaultId]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
