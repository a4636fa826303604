/**
 * Tuples as bytes, each part behind its length: (`a:b`, `c`) never meets (`a`, `b:c`).
 * Everything that is hashed or authenticated in the vault is encoded this way.
 */

/** The parts one after the other, each preceded by its length in bytes (32 bits, big-endian). Strings are UTF-8. */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  const chunks = parts.flatMap((part) => {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(chunks);
}
