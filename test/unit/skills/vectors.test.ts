/** The portable scripts read and choose as the broker does: the same vectors, so that the two cannot drift apart. */
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../skills/mcp-server-oauth/scripts/lib/challenge.mjs';
import { selectScope } from '../../../skills/mcp-server-oauth/scripts/lib/scope.mjs';
import {
  authorizationServerMetadataUrls,
  canonicalResource,
  isResourceOf,
  protectedResourceMetadataUrls,
} from '../../../skills/mcp-server-oauth/scripts/lib/well-known.mjs';
import challenges from '../../vectors/challenges.json' with { type: 'json' };
import discoveryUrls from '../../vectors/discovery-urls.json' with { type: 'json' };
import scopes from '../../vectors/scopes.json' with { type: 'json' };

describe('a challenge', () => {
  it.each(challenges)('$title', ({ header, challenges, ignored = [] }) => {
    const parsed = parseChallenges(header).map((challenge) => ({
      ...challenge,
      parameters: Object.fromEntries(Object.entries(challenge.parameters).filter(([name]) => !ignored.includes(name))),
    }));
    expect(parsed).toEqual(challenges);
  });
});

describe('where metadata lies', () => {
  it.each(discoveryUrls.protectedResource)('protected resource: $title', ({ serverUrl, challengeUrl, urls }) => {
    expect(protectedResourceMetadataUrls(new URL(serverUrl), challengeUrl)).toEqual(urls);
  });

  it.each(discoveryUrls.authorizationServer)('authorization server: $title', ({ issuer, urls }) => {
    expect(authorizationServerMetadataUrls(new URL(issuer))).toEqual(urls);
  });

  it.each(discoveryUrls.resource)('the resource of $serverUrl is $canonical', ({ serverUrl, canonical }) => {
    expect(canonicalResource(new URL(serverUrl))).toBe(canonical);
  });

  it.each(discoveryUrls.resourceMatch)('$resource for $serverUrl: $matches', ({ resource, serverUrl, matches }) => {
    expect(isResourceOf(resource, new URL(serverUrl))).toBe(matches);
  });
});

describe('a scope', () => {
  it.each(scopes)('$title', ({ requested, challengeScope, resourceScopes, serverScopes, sent }) => {
    expect(selectScope({ requested, challengeScope, resourceScopes, serverScopes }) ?? null).toBe(sent);
  });
});
