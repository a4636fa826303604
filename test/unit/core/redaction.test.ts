/** The filter at every exit: what it replaces, what it leaves alone, and that its time does not grow with what it knows. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { redactJson, redactText, rememberSecret } from '../../../src/core/redaction.js';

/** A secret of its own for each test: the filter belongs to the whole process. */
function freshSecret(): string {
  const secret = `s3/${randomBytes(24).toString('base64')}`;
  rememberSecret(secret);
  return secret;
}

describe('T68 a secret that was handled', () => {
  it('is replaced raw, URL-encoded, and in base64 at any alignment', () => {
    const secret = freshSecret();
    const shown = ['', 'x', 'xy'].map((before) => Buffer.from(`${before}${secret}:more`).toString('base64'));
    for (const text of [secret, encodeURIComponent(secret), JSON.stringify({ secret })]) {
      expect(redactText(`<${text}>`)).toContain('[redacted]');
      expect(redactText(`<${text}>`)).not.toContain(secret.slice(3, -1));
    }
    for (const text of shown) expect(redactText(text)).toContain('[redacted]');
  });

  it('is replaced each time, and with what overlaps it, beside text that stays', () => {
    const secret = freshSecret();
    const other = `${secret.slice(-12)}-and-another`;
    rememberSecret(other);
    expect(redactText(`a ${secret} b ${secret}${secret} c`)).toBe('a [redacted] b [redacted][redacted] c');
    expect(redactText(`a ${secret}-and-another b`)).toBe('a [redacted] b');
    expect(redactJson({ [secret]: [secret, 1, { plain: 'text' }] })).toEqual({
      '[redacted]': ['[redacted]', 1, { plain: 'text' }],
    });
  });

  it('may hold half a surrogate pair', () => {
    expect(() => rememberSecret('half-\ud83d-of-a-pair')).not.toThrow();
    expect(redactText('<half-\ud83d-of-a-pair>')).toBe('<[redacted]>');
    expect(redactText('<half-\ufffd-of-a-pair>')).toBe('<[redacted]>');
  });

  it('is looked for together with every other one, in one pass', () => {
    const text = randomBytes(100_000).toString('hex');
    const elapsedMs = (): number => {
      const runs = [1, 2, 3].map(() => {
        const start = performance.now();
        redactText(text);
        return performance.now() - start;
      });
      return Math.min(...runs);
    };
    elapsedMs();
    const withFew = elapsedMs();
    for (let count = 0; count < 500; count += 1) freshSecret();
    expect(elapsedMs()).toBeLessThan(10 * withFew + 20);
  });
});
