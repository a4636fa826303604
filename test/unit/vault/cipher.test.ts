import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { open, seal } from '../../../src/vault/cipher.js';
import { lengthPrefixed } from '../../../src/vault/length-prefixed.js';
import { mintVaultKey } from '../../../src/vault/vault-key.js';

const { key } = mintVaultKey();
const place = lengthPrefixed(['grant', 'team', 'user']);
const text = Buffer.from('{"accessToken":"canary-4711"}');

describe('a sealed value', () => {
  it('opens with the same key in the same place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.uint8Array({ maxLength: 200 }), (plaintext, binding) => {
        expect(open(key, seal(key, plaintext, binding), binding)).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 50 },
    );
  });

  it('opens from a view into a larger buffer', () => {
    const sealed = seal(key, text, place);
    const larger = new Uint8Array(sealed.length + 20);
    larger.set(sealed, 10);
    expect(open(key, larger.subarray(10, 10 + sealed.length), place)).toEqual(text);
  });

  it('is another one at every write, so that no nonce or data key is used twice', () => {
    const [first, second] = [seal(key, text, place), seal(key, text, place)];
    const kidEnd = 9;
    expect(first.subarray(0, kidEnd)).toEqual(second.subarray(0, kidEnd));
    for (const at of [kidEnd, kidEnd + 12, kidEnd + 28, first.length - text.length]) {
      expect(first.subarray(at, at + 12)).not.toEqual(second.subarray(at, at + 12));
    }
  });

  it('does not show what is in it', () => {
    expect(seal(key, text, place).toString('latin1')).not.toContain('canary');
  });

  it('does not open with another key', () => {
    expect(open(mintVaultKey().key, seal(key, text, place), place)).toBeUndefined();
  });

  it('T74 does not open in another place', () => {
    expect(open(key, seal(key, text, place), lengthPrefixed(['grant', 'team', 'other']))).toBeUndefined();
  });

  it('T62 does not open where the parts are divided otherwise', () => {
    expect(open(key, seal(key, text, lengthPrefixed(['a:b', 'c'])), lengthPrefixed(['a', 'b:c']))).toBeUndefined();
    expect(open(key, seal(key, text, lengthPrefixed(['ab'])), lengthPrefixed(['a', 'b']))).toBeUndefined();
  });

  it('R22 does not open when any one bit of it was flipped', () => {
    const sealed = seal(key, text, place);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const damaged = Buffer.from(sealed);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(key, damaged, place), `bit ${bit}`).toBeUndefined();
    }
  });

  it('T75 does not open when it, or a tag in it, was cut at any length', () => {
    const sealed = seal(key, text, place);
    for (let length = 0; length < sealed.length; length += 1)
      expect(open(key, sealed.subarray(0, length), place)).toBeUndefined();
    // The tag of the text lies before the ciphertext: cut to 4 bytes, with everything else in its place.
    const tagAt = sealed.length - text.length - 16;
    expect(
      open(key, Buffer.concat([sealed.subarray(0, tagAt + 4), sealed.subarray(tagAt + 16)]), place),
    ).toBeUndefined();
  });
});

describe('length-prefixed tuples', () => {
  it('T62 are the same only for the same tuple', () => {
    const tuple = fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 4 });
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        const sameTuple = a.length === b.length && a.every((part, index) => part === b[index]);
        expect(lengthPrefixed(a).equals(lengthPrefixed(b))).toBe(sameTuple);
      }),
    );
  });
});
