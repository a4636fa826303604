/** Which scope is sent. */
import { describe, expect, it } from 'vitest';
import { addedScope, scopeUnion, selectScope } from '../../../src/oauth/index.js';
import vectors from '../../vectors/scopes.json' with { type: 'json' };

interface ScopeVector {
  readonly title: string;
  readonly requested?: string;
  readonly challengeScope?: string;
  readonly resourceScopes?: readonly string[];
  readonly serverScopes?: readonly string[];
  readonly sent: string | null;
}

describe('selectScope', () => {
  it.each(vectors as readonly ScopeVector[])(
    '$title',
    ({ requested, challengeScope, resourceScopes, serverScopes, sent }) => {
      const scope = selectScope({
        requested,
        challengeScope,
        ...(resourceScopes && {
          protectedResource: {
            resource: 'https://mcp.example',
            authorizationServers: [],
            scopesSupported: resourceScopes,
          },
        }),
        authorizationServer: serverScopes ? { scopesSupported: serverScopes } : {},
      });
      expect(scope ?? null).toBe(sent);
    },
  );
});

describe('offline_access', () => {
  const asked = (offlineAccess: boolean | undefined, scopesSupported: readonly string[], requested?: string) =>
    selectScope({
      challengeScope: 'read',
      ...(requested !== undefined && { requested }),
      authorizationServer: { scopesSupported },
      offlineAccess,
    });

  it('is asked for where it is listed, or known to be understood, and not where it is known not to be', () => {
    expect(asked(undefined, ['read'])).toBe('read');
    expect(asked(undefined, ['read', 'offline_access'])).toBe('read offline_access');
    expect(asked(true, ['read'])).toBe('read offline_access');
    expect(asked(false, ['read', 'offline_access'])).toBe('read');
  });

  it("is never added to the caller's own words", () => {
    expect(asked(true, [], 'write')).toBe('write');
    expect(asked(true, [], '')).toBeUndefined();
  });
});

describe('step-up', () => {
  it('asks for what is in hand and what is challenged', () => {
    expect(scopeUnion('read offline_access', 'write read')).toBe('read offline_access write');
  });

  it('a union of nothing is nothing', () => {
    expect(scopeUnion(undefined, undefined)).toBeUndefined();
    expect(scopeUnion('', undefined)).toBeUndefined();
  });

  it('says what is new', () => {
    expect(addedScope('read', 'read write admin')).toBe('write admin');
    expect(addedScope('read write', 'write read')).toBeUndefined();
    expect(addedScope(undefined, 'read')).toBe('read');
  });
});
