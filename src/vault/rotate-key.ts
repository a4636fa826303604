/**
 * `keys rotate`: another vault key. Both keys open the vault until every record is under the new one, so it may be
 * stopped at any point and goes on when it is called again; brokers that are at work learn the new key from the header.
 */
import { resolve } from 'node:path';
import { BrokerError } from '../core/errors.js';
import { allRows } from './all-rows.js';
import { kidOf, rewrap } from './cipher.js';
import {
  headerLost,
  headerRow,
  openHeader,
  readHeader,
  type StoredHeader,
  withNextKey,
  withoutPreviousKey,
} from './header-record.js';
import { givenSource, type KeySource, type KeySurroundings, keepKey, recordedKey } from './key-source.js';
import type { Store } from './store.js';
import { mintVaultKey, type VaultKey } from './vault-key.js';

export interface RotationReport {
  readonly records: number;
  /** Records that no key of this vault opens; they were left as they are. */
  readonly unreadable: number;
  /** Where brokers find the new key from now on. */
  readonly keySource: KeySource;
  /** The file that it was written to, where one was named. */
  readonly keyFile?: string;
}

/**
 * @param keyOut path of a file to make for the new key: needed where the environment gives the key, since only the user can
 *   change that.
 * @param writeDown called when nothing stands in the way of it any more, and either key opens the vault.
 * @throws {BrokerError} `invalid_input` where `keyOut` is missing or cannot be used, and those of `unlockVault`.
 */
export async function rotateKey(
  store: Store,
  surroundings: KeySurroundings,
  keyOut?: string,
  writeDown?: () => Promise<unknown>,
): Promise<RotationReport> {
  const found = await readHeader(store);
  if (found === undefined) throw new BrokerError('invalid_input', 'There is no vault whose key could be changed.');
  const recorded = givenSource(surroundings.options) ?? found.header.keySource;
  const isUsers = recorded === 'environment' || recorded === 'key_file';
  if (isUsers && keyOut === undefined) throw keyOutMissing();
  const keySource = keyOut === undefined ? recorded : 'key_file';

  const begun = await begin(store, surroundings, found, keySource);
  await writeDown?.();
  const keyFile = keyOut === undefined ? undefined : resolve(keyOut);
  if (keyFile !== undefined) await keepKey(surroundings, begun.to, { source: 'key_file', path: keyFile });
  const report = await rewrapAll(store, begun.from, begun.to);
  if (keyFile === undefined) {
    const { vaultId } = found.header;
    await keepKey(
      surroundings,
      begun.to,
      keySource === 'keyring' ? { source: 'keyring', vaultId } : { source: 'home_file' },
    );
  }
  await end(store);
  return { ...report, keySource, ...(keyFile === undefined ? {} : { keyFile }) };
}

interface Begun {
  readonly from: VaultKey;
  readonly to: VaultKey;
}

/** The header names both keys from here on, or did so already. */
async function begin(
  store: Store,
  surroundings: KeySurroundings,
  stored: StoredHeader,
  keySource: KeySource,
): Promise<Begun> {
  const { header } = stored;
  const key = await recordedKey(surroundings, header.keySource, header.vaultId);
  const opened = openHeader(header, key);
  if (opened === undefined) {
    throw new BrokerError('vault_key_wrong', 'This is not the key of the vault, so it cannot be changed.');
  }
  const [first, second] = opened.known;
  if (first !== undefined && second !== undefined && header.next?.keySource === keySource) {
    return { from: second, to: first };
  }
  if (header.next !== undefined) throw differsFromBegun(header.next.keySource);
  const to = mintVaultKey().key;
  const next = withNextKey(header, key, to, keySource, opened.root);
  if ((await store.compareAndSwap(headerRow(next), stored.version)) !== undefined) return { from: key, to };
  const now = await readHeader(store);
  if (now === undefined) throw headerLost();
  return begin(store, surroundings, now, keySource);
}

/** Nobody writes with the old key any more, so a pass that finds none of it is the last. */
async function rewrapAll(store: Store, from: VaultKey, to: VaultKey) {
  for (;;) {
    const { records, unreadable, left } = await rewrapOnce(store, from, to);
    if (left === 0) return { records, unreadable };
  }
}

async function rewrapOnce(store: Store, from: VaultKey, to: VaultKey) {
  const counts = { records: 0, unreadable: 0, left: 0 };
  for await (const row of allRows(store)) {
    const kid = kidOf(row.value);
    const value = kid.equals(from.kid) ? rewrap(from, to, row.value) : undefined;
    if (value !== undefined) {
      counts.left += 1;
      await store.exchange({ ...row, value }, row);
    }
    counts[value !== undefined || kid.equals(to.kid) ? 'records' : 'unreadable'] += 1;
  }
  return counts;
}

/** The old key opens nothing any more. */
async function end(store: Store): Promise<void> {
  for (;;) {
    const stored = await readHeader(store);
    if (stored === undefined) throw headerLost();
    const header = withoutPreviousKey(stored.header);
    // Another process that changed the key together with this one came to the end first.
    if (header === undefined) return;
    if ((await store.compareAndSwap(headerRow(header), stored.version)) !== undefined) return;
  }
}

function keyOutMissing(): BrokerError {
  return new BrokerError(
    'invalid_input',
    'The environment gives this vault its key, and only the user can change that.',
    {
      nextStep:
        'Run it with --key-out FILE: the new key is written there (0600), never shown. Then set MCP_OAUTH_KEY_FILE to that file for every broker of this vault.',
    },
  );
}

function differsFromBegun(keySource: KeySource): BrokerError {
  const how =
    keySource === 'key_file' ? 'with --key-out FILE' : 'without --key-out, and with the key from where it was';
  return new BrokerError('invalid_input', `The key is being changed already, by a command that was called ${how}.`, {
    nextStep: 'Run the same command once more, so that it comes to its end. Nothing was changed.',
  });
}
