/**
 * Where the vault key comes from: chosen once, when a vault is made, and recorded with it.
 * Later it is fetched from there and nowhere else; a key that cannot be had is an error, never a new key.
 */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BrokerError } from '../core/errors.js';
import { VAULT_KEY_FILE_MAX_BYTES } from '../core/limits.js';
import { Secret } from '../core/secret.js';
import type { KeyOptions } from './key-options.js';
import { keepsSecrets, type OsKeyring } from './os-keyring.js';
import { createPrivateFile, ensurePrivateDirectory, readPrivateFile, replacePrivateFile } from './private-files.js';
import { mintVaultKey, parseVaultKey, type VaultKey } from './vault-key.js';

export const KEY_SOURCES = ['environment', 'key_file', 'keyring', 'home_file'] as const;
export type KeySource = (typeof KEY_SOURCES)[number];

export interface KeySurroundings {
  readonly options: KeyOptions;
  /** Holds `vault.key` where the key is a file of ours. */
  readonly homeDirectory: string;
  readonly openKeyring: () => Promise<OsKeyring | undefined>;
  /** The store is one that other machines open as well: a key that only this one has would lock them out. */
  readonly storeIsShared?: boolean;
}

export interface ChosenKey {
  readonly source: KeySource;
  readonly key: VaultKey;
  /** Undoes the choice for a vault that was not made after all. */
  discard(): Promise<void>;
}

type GivenKey = Pick<ChosenKey, 'source' | 'key'>;

const KEY_FILE_NAME = 'vault.key';

/**
 * The key for a vault that is being made: the given one, else one in the keyring where that works, else the home's key file.
 * @param vaultId names the key in the keyring, so that two processes that make a vault at once do not share an entry.
 * @throws {BrokerError} `vault_key_wrong` for a key that is malformed or guessable, `vault_unreadable` for a file that cannot be used.
 */
export async function chooseKey(surroundings: KeySurroundings, vaultId: string): Promise<ChosenKey> {
  const given = await keyGivenForNewVault(surroundings);
  if (given !== undefined) return { ...given, discard: async () => {} };
  return (
    (await newKeyringKey(surroundings, vaultId)) ?? {
      source: 'home_file',
      key: await homeFileKey(surroundings.homeDirectory),
      discard: async () => {},
    }
  );
}

/**
 * The key that the environment gives for a vault that is being made; undefined where one may be made with it.
 * Looks only.
 * @throws {BrokerError} as `chooseKey`
 */
export async function keyGivenForNewVault({
  options,
  storeIsShared,
}: Pick<KeySurroundings, 'options' | 'storeIsShared'>): Promise<GivenKey | undefined> {
  const given = await givenKey(options);
  if (given !== undefined || storeIsShared !== true) return given;
  throw new BrokerError(
    'vault_unreadable',
    'A vault that several machines share needs a key that all of them are given.',
    {
      nextStep:
        'Tell the user to set MCP_OAUTH_KEY or MCP_OAUTH_KEY_FILE to the same key for every broker of that store.',
    },
  );
}

/**
 * The key of an existing vault. A key that the environment gives is taken whatever was recorded: the vault knows its own.
 * @throws {BrokerError} `vault_unreadable` when it cannot be had from where it was, `vault_key_wrong` when it is malformed.
 */
export async function recordedKey(
  surroundings: KeySurroundings,
  source: KeySource,
  vaultId: string,
): Promise<VaultKey> {
  const given = await givenKey(surroundings.options);
  if (given !== undefined) return given.key;
  if (source === 'keyring') return keyringKey(surroundings, vaultId);
  if (source === 'home_file') return existingHomeFileKey(surroundings.homeDirectory);
  const variable = source === 'environment' ? 'MCP_OAUTH_KEY' : 'MCP_OAUTH_KEY_FILE';
  throw new BrokerError('vault_unreadable', `The vault's key came from ${variable}, which is not set now.`, {
    nextStep: `Tell the user to set ${variable} for this process as it was when the vault was made.`,
  });
}

/** Which variable gives a key, if one does. */
export function givenSource(options: KeyOptions): KeySource | undefined {
  if (options.environmentKey !== undefined) return 'environment';
  return options.keyFile === undefined ? undefined : 'key_file';
}

/** Where a key that replaces another is put. */
export type KeyPlace =
  | { readonly source: 'key_file'; readonly path: string }
  | { readonly source: 'keyring'; readonly vaultId: string }
  | { readonly source: 'home_file' };

/**
 * Keeps `key` where it is looked for from now on, and reads it back.
 * @throws {BrokerError} `invalid_input` for a `key_file` that holds something else, `vault_unreadable` where it cannot be kept.
 */
export async function keepKey(surroundings: KeySurroundings, key: VaultKey, place: KeyPlace): Promise<void> {
  const text = Secret.of(key.secret.export().toString('base64'));
  if (place.source === 'keyring') {
    const keyring = await surroundings.openKeyring();
    await onKeyring(keyring?.write(keyringAccount(place.vaultId), text) ?? Promise.reject(new Error('no keyring')));
    return;
  }
  const fill = (temporaryPath: string) => writeFile(temporaryPath, `${text.reveal()}\n`, { flush: true });
  if (place.source === 'home_file') return replacePrivateFile(join(surroundings.homeDirectory, KEY_FILE_NAME), fill);
  await ensurePrivateDirectory(place.path);
  await createPrivateFile(place.path, fill);
  const kept = await readPrivateFile(place.path, { maxBytes: VAULT_KEY_FILE_MAX_BYTES });
  if (kept?.trim() !== text.reveal()) {
    throw new BrokerError(
      'invalid_input',
      'The file for the new key exists already and holds something else. It was left as it is.',
      {
        nextStep: 'Run the same command with the name of a file that does not exist yet.',
      },
    );
  }
}

async function givenKey(options: KeyOptions): Promise<GivenKey | undefined> {
  if (options.environmentKey !== undefined)
    return { source: 'environment', key: parseVaultKey(options.environmentKey, 'MCP_OAUTH_KEY') };
  if (options.keyFile === undefined) return undefined;
  const text = await readPrivateFile(resolve(options.keyFile), {
    maxBytes: VAULT_KEY_FILE_MAX_BYTES,
    sharedByRoot: true,
  });
  if (text === undefined)
    throw new BrokerError('vault_unreadable', 'The file that MCP_OAUTH_KEY_FILE names does not exist.', {
      nextStep:
        'Tell the user to put the vault\'s key there, in a file that nobody else can read. For a new vault "openssl rand -base64 32" makes one.',
    });
  return { source: 'key_file', key: parseVaultKey(Secret.of(text.trim()), 'MCP_OAUTH_KEY_FILE') };
}

async function newKeyringKey(
  { options, openKeyring }: KeySurroundings,
  vaultId: string,
): Promise<ChosenKey | undefined> {
  if (options.keyring === 'never') return undefined;
  const keyring = await openKeyring();
  if (keyring === undefined || !(await keepsSecrets(keyring))) return undefined;
  const { key, text } = mintVaultKey();
  const account = keyringAccount(vaultId);
  await onKeyring(keyring.write(account, text));
  return {
    source: 'keyring',
    key,
    // An entry that stays behind opens nothing.
    discard: () => keyring.remove(account).catch(() => undefined),
  };
}

async function keyringKey({ options, openKeyring }: KeySurroundings, vaultId: string): Promise<VaultKey> {
  if (options.keyring === 'never') {
    throw new BrokerError(
      'vault_unreadable',
      "The vault's key is in the system keyring, which is not used over SSH or with MCP_OAUTH_HOME.",
      {
        nextStep:
          'Tell the user to give the key by MCP_OAUTH_KEY_FILE here, or to run the broker in their desktop session.',
      },
    );
  }
  const keyring = await openKeyring();
  const text = keyring === undefined ? undefined : await onKeyring(keyring.read(keyringAccount(vaultId)));
  if (text !== undefined) return parseVaultKey(text, 'the system keyring');
  throw new BrokerError(
    'vault_unreadable',
    'The system keyring does not hold the key of this vault, or is not there.',
    {
      nextStep:
        'Tell the user to unlock the system keyring they used before, or to give the key by MCP_OAUTH_KEY_FILE.',
    },
  );
}

async function existingHomeFileKey(homeDirectory: string): Promise<VaultKey> {
  const key = await readHomeFile(homeDirectory);
  if (key !== undefined) return key;
  throw new BrokerError('vault_unreadable', `The vault's key file ${join(homeDirectory, KEY_FILE_NAME)} is gone.`, {
    nextStep: 'Tell the user to put the key file back, or to move the vault away and sign in again.',
  });
}

/** The key file, made if there is none. Of two processes that make it at once, both get the first one's. */
async function homeFileKey(homeDirectory: string): Promise<VaultKey> {
  const path = join(homeDirectory, KEY_FILE_NAME);
  await ensurePrivateDirectory(path);
  const existing = await readHomeFile(homeDirectory);
  if (existing !== undefined) return existing;
  const { text } = mintVaultKey();
  await createPrivateFile(path, (temporaryPath) => writeFile(temporaryPath, `${text.reveal()}\n`, { flush: true }));
  return existingHomeFileKey(homeDirectory);
}

async function readHomeFile(homeDirectory: string): Promise<VaultKey | undefined> {
  const path = join(homeDirectory, KEY_FILE_NAME);
  const text = await readPrivateFile(path, { maxBytes: VAULT_KEY_FILE_MAX_BYTES });
  return text === undefined ? undefined : parseVaultKey(Secret.of(text.trim()), path);
}

async function onKeyring<T>(operation: Promise<T>): Promise<T> {
  return operation.catch((cause: unknown) => {
    throw new BrokerError('vault_unreadable', 'The system keyring is locked or does not answer.', {
      cause,
      retryable: true,
      nextStep: 'Tell the user to unlock the system keyring and try again.',
    });
  });
}

function keyringAccount(vaultId: string): string {
  return `vault-${vaultId}`;
}
