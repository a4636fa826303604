/** `WWW-Authenticate` as a server may send it, and as an attacker may. */
import { describe, expect, it } from 'vitest';
import { bearerChallenge, parseChallenges } from '../../../src/oauth/index.js';
import vectors from '../../vectors/challenges.json' with { type: 'json' };

describe('parseChallenges', () => {
  it.each(vectors)('$title', ({ header, challenges, ignored = [] }) => {
    const parsed = parseChallenges(header).map((challenge) => ({
      ...challenge,
      parameters: Object.fromEntries(Object.entries(challenge.parameters).filter(([name]) => !ignored.includes(name))),
    }));
    expect(parsed).toEqual(challenges);
  });

  it('is nothing without a header', () => {
    expect(parseChallenges(null)).toEqual([]);
  });

  it('T08 a header of 64 KiB is refused whole', () => {
    const header = `Bearer scope="read", error_description="${'x'.repeat(64 * 1_024)}"`;
    expect(parseChallenges(header)).toEqual([]);
    expect(bearerChallenge(header)).toBeUndefined();
  });

  it('a parameter named __proto__ changes no prototype', () => {
    const [challenge] = parseChallenges('Bearer __proto__="polluted"');
    expect(Object.getPrototypeOf(challenge?.parameters)).toBe(Object.prototype);
  });
});

describe('bearerChallenge', () => {
  it('T08 the metadata URL is the real parameter, not the one in the description', () => {
    const header =
      'Bearer error_description="resource_metadata=http://169.254.169.254/", resource_metadata="https://mcp.example/m"';
    expect(bearerChallenge(header)).toEqual({ scheme: 'Bearer', resourceMetadata: 'https://mcp.example/m' });
  });

  it('Bearer counts among other schemes', () => {
    const header = 'Basic realm="x", DPoP algs="ES256", Bearer error="insufficient_scope", scope="a b", realm="mcp"';
    expect(bearerChallenge(header)).toEqual({
      scheme: 'Bearer',
      error: 'insufficient_scope',
      scope: 'a b',
      realm: 'mcp',
      dpop: { algorithms: ['ES256'] },
    });
  });

  it('DPoP beside Bearer says what Bearer leaves out', () => {
    const header = 'Bearer scope="a", DPoP scope="b", algs="ES256 PS256", resource_metadata="https://mcp.example/m"';
    expect(bearerChallenge(header)).toEqual({
      scheme: 'Bearer',
      scope: 'a',
      resourceMetadata: 'https://mcp.example/m',
      dpop: { algorithms: ['ES256', 'PS256'] },
    });
  });

  it('DPoP counts where there is no Bearer', () => {
    expect(bearerChallenge('DPoP scope="a"')).toEqual({ scheme: 'DPoP', scope: 'a', dpop: {} });
  });

  it('another scheme is no challenge for us', () => {
    expect(bearerChallenge('Basic realm="x"')).toBeUndefined();
  });
});
