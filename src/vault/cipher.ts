/**
 * How one record is encrypted: a fresh data key for every write, AES-256-GCM, the data key wrapped by the vault key.
 * Nothing here knows what a record is; the caller says what it is bound to.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { lengthPrefixed } from './length-prefixed.js';
import { KID_BYTES, type VaultKey } from './vault-key.js';

/** The first byte of every sealed value; another one is a format that this version does not know. */
export const SEALED_FORMAT = 1;

const ALGORITHM = 'aes-256-gcm';
const DATA_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BOX_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;
const WRAPPED_KEY_BYTES = BOX_OVERHEAD_BYTES + DATA_KEY_BYTES;
const HEADER_BYTES = 1 + KID_BYTES + WRAPPED_KEY_BYTES;

/**
 * Encrypts `plaintext`, bound to `additionalData`: it opens only with the same.
 * Layout: format, kid, wrapped data key, text; a box is nonce, tag, ciphertext.
 */
export function seal(key: VaultKey, plaintext: Uint8Array, additionalData: Uint8Array): Buffer {
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const wrapped = encrypt(key.secret, dataKey, wrapBinding(key.kid));
  const text = encrypt(createSecretKey(dataKey), plaintext, additionalData);
  dataKey.fill(0);
  return Buffer.concat([Buffer.of(SEALED_FORMAT), key.kid, wrapped, text]);
}

/** What was sealed, or undefined when `sealed` was made with another key, for another place, or was altered. */
export function open(key: VaultKey, sealed: Uint8Array, additionalData: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const dataKey = unwrapDataKey(key, bytes);
  if (dataKey === undefined) return undefined;
  const plaintext = decrypt(createSecretKey(dataKey), bytes.subarray(HEADER_BYTES), additionalData);
  dataKey.fill(0);
  return plaintext;
}

/** The `kid` of the key that a sealed value was made with. */
export function kidOf(sealed: Uint8Array): Buffer {
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).subarray(1, 1 + KID_BYTES);
}

/** The same sealed value under another vault key: only its data key is wrapped anew. Undefined where `from` does not open that. */
export function rewrap(from: VaultKey, to: VaultKey, sealed: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const dataKey = unwrapDataKey(from, bytes);
  if (dataKey === undefined) return undefined;
  const wrapped = encrypt(to.secret, dataKey, wrapBinding(to.kid));
  dataKey.fill(0);
  return Buffer.concat([Buffer.of(SEALED_FORMAT), to.kid, wrapped, bytes.subarray(HEADER_BYTES)]);
}

function unwrapDataKey(key: VaultKey, bytes: Buffer): Buffer | undefined {
  if (bytes.length < HEADER_BYTES + BOX_OVERHEAD_BYTES || bytes[0] !== SEALED_FORMAT) return undefined;
  if (!kidOf(bytes).equals(key.kid)) return undefined;
  return decrypt(key.secret, bytes.subarray(1 + KID_BYTES, HEADER_BYTES), wrapBinding(key.kid));
}

function wrapBinding(kid: Uint8Array): Buffer {
  return lengthPrefixed(['data-key', Buffer.of(SEALED_FORMAT), kid]);
}

function encrypt(key: KeyObject, plaintext: Uint8Array, additionalData: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

function decrypt(key: KeyObject, box: Buffer, additionalData: Uint8Array): Buffer | undefined {
  const nonce = box.subarray(0, NONCE_BYTES);
  // Without authTagLength Node accepts a tag cut to four bytes, which can be guessed.
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(box.subarray(NONCE_BYTES, BOX_OVERHEAD_BYTES));
  const plaintext = decipher.update(box.subarray(BOX_OVERHEAD_BYTES));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    return undefined;
  }
}
