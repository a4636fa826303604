import { describe, expect, it } from 'vitest';
import { INPUT_STATE_MAX_LENGTH, INPUT_STATE_TTL_MS } from '../../../src/core/limits.js';
import { createStateSeal } from '../../../src/server/sealed-state.js';

function sealAt(start = 1_000) {
  let now = start;
  const seal = createStateSeal({ now: () => now });
  return { seal, advance: (milliseconds: number) => (now += milliseconds) };
}

describe('the state of a server behind us, on its way through the host', () => {
  it('comes back as it was, to the same request', () => {
    const { seal } = sealAt();
    const sealed = seal.seal('request', 'the state ✓') ?? '';
    expect(seal.open('request', sealed)).toEqual({ state: 'the state ✓' });
    expect(seal.open('request', sealed)).toEqual({ state: 'the state ✓' });
  });

  it('may be none at all', () => {
    const { seal } = sealAt();
    expect(seal.open('request', seal.seal('request', undefined) ?? '')).toEqual({ state: undefined });
  });

  it('cannot be read by the host', () => {
    const sealed = sealAt().seal.seal('request', 'a-token-of-ours') ?? '';
    expect(Buffer.from(sealed.slice(2), 'base64url').toString('latin1')).not.toContain('token');
  });

  it.each([
    ['another request', (sealed: string) => ['other', sealed] as const],
    ['an altered state', (sealed: string) => ['request', `${sealed.slice(0, -2)}AA`] as const],
    ['a cut state', (sealed: string) => ['request', sealed.slice(0, 20)] as const],
    ['another prefix', (sealed: string) => ['request', `x.${sealed.slice(2)}`] as const],
    ['a foreign state', () => ['request', 'u.made-up'] as const],
  ])('is refused with %s', (_title, change) => {
    const { seal } = sealAt();
    const [request, sealed] = change(seal.seal('request', 'state') ?? '');
    expect(seal.open(request, sealed)).toBeUndefined();
  });

  it('is refused when it is too old, and by another process', () => {
    const { seal, advance } = sealAt();
    const sealed = seal.seal('request', 'state') ?? '';
    expect(sealAt().seal.open('request', sealed)).toBeUndefined();
    advance(INPUT_STATE_TTL_MS - 1);
    expect(seal.open('request', sealed)).toEqual({ state: 'state' });
    advance(1);
    expect(seal.open('request', sealed)).toBeUndefined();
  });

  it('is not taken beyond a length', () => {
    const { seal } = sealAt();
    expect(seal.seal('request', 'x'.repeat(INPUT_STATE_MAX_LENGTH))).toBeDefined();
    expect(seal.seal('request', 'x'.repeat(INPUT_STATE_MAX_LENGTH + 1))).toBeUndefined();
  });
});
