/**
 * The one row that is readable without the key: which vault this is, where its key comes from, which key it is.
 * It carries the root secret, wrapped by the vault key: names of rows and signatures stay the same when the key is rotated.
 */
import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { BrokerError } from '../core/errors.js';
import { VAULT_KEY_BYTES } from '../core/limits.js';
import { open, seal } from './cipher.js';
import {
  type ChosenKey,
  chooseKey,
  givenSource,
  KEY_SOURCES,
  type KeySource,
  type KeySurroundings,
  recordedKey,
} from './key-source.js';
import { lengthPrefixed } from './length-prefixed.js';
import type { Store, StoredRow } from './store.js';
import type { VaultKey } from './vault-key.js';

/** No hashed key looks like this: those are 43 characters. */
const HEADER_KEY = 'vault-header';
const FORMAT_VERSION = 1;

const headerSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  vaultId: z.uuid(),
  keySource: z.enum(KEY_SOURCES),
  /** Hexadecimal; the key-check value, too. */
  kid: z.string(),
  /** Base64. */
  wrappedRoot: z.base64(),
});

type Header = z.infer<typeof headerSchema>;

export interface UnlockedVault {
  readonly key: VaultKey;
  /** Everything that is not encryption is derived from it. */
  readonly root: KeyObject;
  /** Where the key came from this time: one that the environment gives is taken whatever was recorded. */
  readonly keySource: KeySource;
}

/**
 * Unlocks the vault of `store`, or makes one where the store is empty.
 * @throws {BrokerError} `vault_key_wrong` for another key than the vault's, `vault_unreadable` when the key cannot be had
 *   or the header is damaged, gone, or of a newer version. Nothing is written then.
 */
export async function unlockVault(store: Store, surroundings: KeySurroundings): Promise<UnlockedVault> {
  // In this order: another process may be making the vault, and its header is the first row of all.
  const wasEmpty = await store.isEmpty();
  const row = await store.read(HEADER_KEY);
  if (row !== undefined) return unlock(parseHeader(row), surroundings);
  // A new key would make every row there is unreadable for ever.
  if (!wasEmpty) throw headerLost();
  return makeVault(store, surroundings);
}

async function unlock(header: Header, surroundings: KeySurroundings): Promise<UnlockedVault> {
  const key = await recordedKey(surroundings, header.keySource, header.vaultId);
  if (key.kid.toString('hex') !== header.kid) {
    throw new BrokerError(
      'vault_key_wrong',
      `This is not the key that the vault was made with (its source was: ${header.keySource}).`,
      {
        nextStep: 'Tell the user to give the broker the key that this vault was made with. Nothing was changed.',
      },
    );
  }
  const root = open(key, Buffer.from(header.wrappedRoot, 'base64'), headerBinding(header.vaultId, header.keySource));
  if (root === undefined) throw headerLost();
  return { key, root: createSecretKey(root), keySource: givenSource(surroundings.options) ?? header.keySource };
}

async function makeVault(store: Store, surroundings: KeySurroundings): Promise<UnlockedVault> {
  const vaultId = randomUUID();
  const chosen = await chooseKey(surroundings, vaultId);
  const root = randomBytes(VAULT_KEY_BYTES);
  const value = Buffer.from(JSON.stringify(newHeader(vaultId, chosen, root)), 'utf8');
  const written = await store.compareAndSwap({ key: HEADER_KEY, partition: HEADER_KEY, value }, 0);
  if (written !== undefined) return { key: chosen.key, root: createSecretKey(root), keySource: chosen.source };
  // Another process made the vault in the meantime: its header holds.
  await chosen.discard();
  return unlockVault(store, surroundings);
}

function newHeader(vaultId: string, chosen: ChosenKey, root: Uint8Array): Header {
  const wrappedRoot = seal(chosen.key, root, headerBinding(vaultId, chosen.source)).toString('base64');
  return {
    formatVersion: FORMAT_VERSION,
    vaultId,
    keySource: chosen.source,
    kid: chosen.key.kid.toString('hex'),
    wrappedRoot,
  };
}

function parseHeader(row: StoredRow): Header {
  const json = parseJson(Buffer.from(row.value).toString('utf8'));
  const header = headerSchema.safeParse(json);
  if (header.success) return header.data;
  if (z.object({ formatVersion: z.number().gt(FORMAT_VERSION) }).safeParse(json).success) {
    throw new BrokerError(
      'vault_unreadable',
      'The vault was made by a newer version of the broker. It was left as it is.',
      {
        nextStep: 'Tell the user to update mcp-oauth-broker.',
      },
    );
  }
  throw headerLost();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function headerBinding(vaultId: string, keySource: KeySource): Buffer {
  return lengthPrefixed(['vault-header', String(FORMAT_VERSION), vaultId, keySource]);
}

function headerLost(): BrokerError {
  return new BrokerError('vault_unreadable', "The vault's header is damaged or gone. The vault was left as it is.", {
    nextStep: 'Tell the user to put a copy of the vault in its place, or to move it away and sign in again.',
  });
}
