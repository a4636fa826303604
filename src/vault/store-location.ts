/**
 * Where the vault lies: what `MCP_OAUTH_STORE` says, by default a SQLite file in the home folder.
 * The address of a server may hold a password, so it is a `Secret`, and what is shown of it leaves out user and query.
 */
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BrokerError } from '../core/errors.js';
import { Secret } from '../core/secret.js';

export interface SqliteLocation {
  readonly kind: 'sqlite';
  /** Absolute. */
  readonly path: string;
}

/** Holds a password, perhaps, and shows nothing of it. */
type Address = Pick<Secret, 'reveal'>;

export interface RedisLocation {
  readonly kind: 'redis';
  readonly url: Address;
  /** The address without user, password and query. */
  readonly shown: string;
  /** Stands before every key (`?prefix=`), so that several vaults can share a database. */
  readonly prefix: string;
}

export interface PostgresLocation {
  readonly kind: 'postgres';
  readonly url: Address;
  /** The address without user, password and query. */
  readonly shown: string;
  /** The schema of our tables (`?schema=`). */
  readonly schema: string;
}

export type StoreLocation = SqliteLocation | RedisLocation | PostgresLocation;

const VAULT_FILE_NAME = 'vault.sqlite';
const DEFAULT_PREFIX = 'mcp-oauth-broker';
const DEFAULT_SCHEMA = 'mcp_oauth_broker';
const PREFIX = /^[A-Za-z0-9._-]{1,64}$/u;
/** What needs no quotes in SQL; 63 bytes is PostgreSQL's limit for names. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/u;
/** Encrypted, but with whoever answers: the driver's names for not checking the certificate. */
const UNCHECKED_TLS: readonly (string | null)[] = ['no-verify', 'allow', 'prefer'];

/**
 * @param text `sqlite:PATH`, `redis[s]://…[?prefix=NAME]` or `postgres[ql]://…[?schema=NAME]` (as of `MCP_OAUTH_STORE`);
 *   undefined or empty: `vault.sqlite` in the home folder.
 * @param homeDirectory absolute path of the folder for the broker's own files.
 * @param setting where the text comes from, as a person knows it
 * @throws {BrokerError} `invalid_input` for anything else. The text is not repeated: a mistyped URL may hold a password.
 */
export function parseStoreLocation(
  text: string | undefined,
  homeDirectory: string,
  setting = 'MCP_OAUTH_STORE',
): StoreLocation {
  try {
    return locationOf(text, homeDirectory);
  } catch (error) {
    if (!(error instanceof UnusableAddressError)) throw error;
    throw new BrokerError('invalid_input', `${setting} ${error.message}.`, {
      nextStep: `Tell the user to correct ${setting}; what it holds was not repeated, since it may have a password.`,
    });
  }
}

function locationOf(text: string | undefined, homeDirectory: string): StoreLocation {
  if (text === undefined || text === '') return { kind: 'sqlite', path: join(homeDirectory, VAULT_FILE_NAME) };
  const [scheme = '', rest = ''] = splitAtColon(text);
  if (scheme === 'sqlite' && rest !== '') return { kind: 'sqlite', path: resolve(rest) };
  if (['redis', 'rediss'].includes(scheme)) return redisLocation(serverUrl(text));
  if (['postgres', 'postgresql'].includes(scheme)) return postgresLocation(serverUrl(text));
  throw refused('is not of the form sqlite:PATH, redis://… or postgres://…');
}

/** What a person is told of the place: a path, or an address without its secrets. */
export function describeStore(store: StoreLocation): string {
  return store.kind === 'sqlite' ? store.path : store.shown;
}

/** What `MCP_OAUTH_STORE` has to be for it, but for user, password and the driver's own parameters. */
export function storeSetting(store: StoreLocation): string {
  switch (store.kind) {
    case 'sqlite':
      return `sqlite:${store.path}`;
    case 'redis':
      return `${store.shown}${store.prefix === DEFAULT_PREFIX ? '' : `?prefix=${store.prefix}`}`;
    case 'postgres':
      return `${store.shown}${store.schema === DEFAULT_SCHEMA ? '' : `?schema=${store.schema}`}`;
  }
}

/** Whether there is a vault file already; looks, and makes nothing. */
export async function sqliteFileExists({ path }: SqliteLocation): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined;
}

function redisLocation(url: URL): RedisLocation {
  const prefix = taken(url, 'prefix') ?? DEFAULT_PREFIX;
  if (!PREFIX.test(prefix)) throw refused('has a prefix that is not 1 to 64 of A-Z a-z 0-9 . _ -');
  if (url.search !== '') throw refused('has a parameter other than prefix');
  return { kind: 'redis', url: hidden(url), shown: shownAddress(url), prefix };
}

function postgresLocation(url: URL): PostgresLocation {
  const schema = taken(url, 'schema') ?? DEFAULT_SCHEMA;
  if (!SCHEMA.test(schema)) throw refused('has a schema that is not 1 to 63 of a-z 0-9 _');
  const sslMode = url.searchParams.get('sslmode');
  if (UNCHECKED_TLS.includes(sslMode) || url.searchParams.has('uselibpqcompat')) {
    throw refused(
      'asks for TLS without a check of the certificate: use sslmode=verify-full, with sslrootcert if needed',
    );
  }
  // The driver treats these alike, and warns on stderr that a later version may not.
  if (sslMode === 'require' || sslMode === 'verify-ca') url.searchParams.set('sslmode', 'verify-full');
  return { kind: 'postgres', url: hidden(url), shown: shownAddress(url), schema };
}

function serverUrl(text: string): URL {
  if (!URL.canParse(text)) throw refused('is not a URL that can be read');
  const url = new URL(text);
  const password = decoded(url.password);
  // Known to the redaction filter from here on.
  if (password !== '') Secret.of(password);
  return url;
}

/** An address without a password is no secret: it may be shown, and stays out of the redaction filter. */
function hidden({ href, password }: URL): Address {
  return password === '' ? { reveal: () => href } : Secret.of(href);
}

/** Parameters of ours are not the driver's. */
function taken(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name);
  url.searchParams.delete(name);
  return value ?? undefined;
}

function shownAddress({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('has a password with a "%" that encodes nothing');
  }
}

/** Its message goes on after the name of the setting. */
class UnusableAddressError extends Error {
  override readonly name = 'UnusableAddressError';
}

function refused(why: string): UnusableAddressError {
  return new UnusableAddressError(why);
}

function splitAtColon(text: string): readonly [string, string] | readonly [] {
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon).toLowerCase(), text.slice(colon + 1)];
}
