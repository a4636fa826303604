/**
 * Where the vault lies: what `MCP_OAUTH_STORE` says, by default a SQLite file in the home folder.
 */
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BrokerError } from '../core/errors.js';

export interface StoreLocation {
  readonly kind: 'sqlite';
  /** Absolute. */
  readonly path: string;
}

const VAULT_FILE_NAME = 'vault.sqlite';

/**
 * @param text `sqlite:PATH` (as of `MCP_OAUTH_STORE`); undefined or empty: `vault.sqlite` in the home folder.
 * @param homeDirectory absolute path of the folder for the broker's own files.
 * @throws {BrokerError} `invalid_input` for any other kind of store.
 */
export function parseStoreLocation(text: string | undefined, homeDirectory: string): StoreLocation {
  if (text === undefined || text === '') return { kind: 'sqlite', path: join(homeDirectory, VAULT_FILE_NAME) };
  const [scheme = '', path = ''] = splitAtColon(text);
  if (scheme === 'sqlite' && path !== '') return { kind: 'sqlite', path: resolve(path) };
  if (['redis', 'rediss', 'postgres', 'postgresql'].includes(scheme)) {
    throw new BrokerError(
      'invalid_input',
      `A ${scheme}: store is not supported by this version; MCP_OAUTH_STORE takes sqlite:PATH.`,
    );
  }
  // The text itself is not repeated: a mistyped URL may hold a password.
  throw new BrokerError('invalid_input', 'MCP_OAUTH_STORE is not of the form sqlite:PATH.');
}

/** Whether there is a vault already; looks, and makes nothing. */
export async function vaultExists(store: StoreLocation): Promise<boolean> {
  const found = await lstat(store.path).catch(() => undefined);
  return found !== undefined;
}

function splitAtColon(text: string): readonly [string, string] | readonly [] {
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon).toLowerCase(), text.slice(colon + 1)];
}
