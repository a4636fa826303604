/**
 * The operating system's keyring, reached only where it answers: Keychain, Credential Manager, Secret Service.
 * Its native module is loaded when a keyring is wanted, never before.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { KEYRING_TIMEOUT_MS } from '../core/limits.js';
import { Secret } from '../core/secret.js';

/** Each method rejects when the keyring is locked, gone or silent. */
export interface OsKeyring {
  read(account: string): Promise<Secret | undefined>;
  write(account: string, value: Secret): Promise<void>;
  remove(account: string): Promise<void>;
}

const SERVICE = 'mcp-oauth-broker';
/** Without this Linux falls back to the kernel's keyring, which forgets everything at the next boot. */
const SECRET_SERVICE = { linux: { store: 'secret-service' } } as const;

/** The keyring, or undefined where its module is not installed or, on Linux, no session bus could lead to one. */
export async function openOsKeyring(): Promise<OsKeyring | undefined> {
  if (process.platform === 'linux' && !hasSessionBus()) return undefined;
  const keyring = await import('@napi-rs/keyring').catch(() => undefined);
  if (keyring === undefined) return undefined;
  const entry = (account: string) => new keyring.AsyncEntry(SERVICE, account, SECRET_SERVICE);
  return {
    read: async (account) => {
      const value = await inTime((signal) => entry(account).getPassword(signal));
      return typeof value === 'string' ? Secret.of(value) : undefined;
    },
    write: async (account, value) => inTime((signal) => entry(account).setPassword(value.reveal(), signal)),
    remove: async (account) => {
      await inTime((signal) => entry(account).deleteCredential(signal));
    },
  };
}

/** Whether the keyring keeps what it is given: some accept a write and lose it. Leaves nothing behind. */
export async function keepsSecrets(keyring: OsKeyring): Promise<boolean> {
  const account = `probe-${randomUUID()}`;
  const value = Secret.of(randomUUID());
  try {
    await keyring.write(account, value);
    const found = await keyring.read(account);
    await keyring.remove(account);
    return found?.reveal() === value.reveal();
  } catch {
    return false;
  }
}

/** A keyring may ask its user to unlock it, on a screen where nobody sits. */
async function inTime<T>(operation: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(KEYRING_TIMEOUT_MS);
  const timeout = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([operation(signal), timeout]);
}

function hasSessionBus(): boolean {
  const { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtimeDirectory } = process.env;
  if (address !== undefined && address !== '') return true;
  return runtimeDirectory !== undefined && existsSync(`${runtimeDirectory}/bus`);
}
