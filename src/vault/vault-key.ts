/**
 * The vault key: 32 bytes that wrap every record's data key. Parsed, refused when anybody could guess it,
 * and named by a `kid`, so that a wrong key is told from a damaged record.
 */
import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { BrokerError } from '../core/errors.js';
import { VAULT_KEY_BYTES } from '../core/limits.js';
import { Secret } from '../core/secret.js';

export const KID_BYTES = 8;

const NEW_KEY_COMMAND = 'openssl rand -base64 32';
/** A random key has about 30 different bytes of 32; fewer than this is a pattern (chance below 1e-15). */
const MIN_DISTINCT_BYTES = 12;
const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/_-]{43}=?$/u;

export interface VaultKey {
  /** Names the key and gives nothing of it away; a wrong key has another one. */
  readonly kid: Buffer;
  /** Prints as `SecretKeyObject {}`. */
  readonly secret: KeyObject;
}

/** A new random key, and the base64 that is kept of it. */
export function mintVaultKey(): { readonly key: VaultKey; readonly text: Secret } {
  const bytes = randomBytes(VAULT_KEY_BYTES);
  return { key: vaultKeyOf(bytes), text: Secret.of(bytes.toString('base64')) };
}

/**
 * @param text base64 (or base64url) of 32 bytes, blanks around it ignored.
 * @param from where it came from, for the message.
 * @throws {BrokerError} `vault_key_wrong` when it is no such text, or a key that others can guess.
 */
export function parseVaultKey(text: Secret, from: string): VaultKey {
  const encoded = text.reveal().trim();
  const bytes = Buffer.from(encoded, 'base64');
  if (!BASE64_OF_32_BYTES.test(encoded) || bytes.length !== VAULT_KEY_BYTES) {
    throw new BrokerError('vault_key_wrong', `${from} does not hold the base64 of 32 bytes.`, {
      nextStep: newKeyStep(from),
    });
  }
  if (isGuessable(bytes)) {
    throw new BrokerError('vault_key_wrong', `${from} holds an example or a pattern, not a random key.`, {
      nextStep: newKeyStep(from),
    });
  }
  return vaultKeyOf(bytes);
}

/** The key whose 32 bytes these are. */
export function vaultKeyOf(bytes: Uint8Array): VaultKey {
  const secret = createSecretKey(bytes);
  const kid = createHmac('sha256', deriveKey(secret, 'kid')).digest().subarray(0, KID_BYTES);
  return { kid, secret };
}

/** A key for one purpose, derived from `secret` (RFC 5869, SHA-256, 32 bytes). */
export function deriveKey(secret: KeyObject, purpose: string): KeyObject {
  const derived = hkdfSync('sha256', secret, Buffer.alloc(0), `mcp-oauth-broker/vault/${purpose}`, VAULT_KEY_BYTES);
  return createSecretKey(Buffer.from(derived));
}

/** Zeros, one byte or a short pattern repeated, a counting sequence, or readable text such as a pass phrase. */
function isGuessable(bytes: Buffer): boolean {
  const step = ((bytes[1] ?? 0) - (bytes[0] ?? 0) + 256) % 256;
  const counts = bytes.every((byte, index) => index === 0 || byte === ((bytes[index - 1] ?? 0) + step) % 256);
  const readable = bytes.every((byte) => byte >= 0x20 && byte <= 0x7e);
  return counts || readable || new Set(bytes).size < MIN_DISTINCT_BYTES;
}

function newKeyStep(from: string): string {
  return `Put a key made by \`${NEW_KEY_COMMAND}\` into ${from}, or the key that this vault was made with.`;
}
