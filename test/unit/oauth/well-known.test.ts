/** Where metadata is looked for, and which metadata may speak for which server. */
import { describe, expect, it } from 'vitest';
import { canonicalResource } from '../../../src/oauth/index.js';
import { isResourceOf } from '../../../src/oauth/resource.js';
import {
  authorizationServerMetadataUrls,
  protectedResourceMetadataUrls,
  withFinalSlash,
} from '../../../src/oauth/well-known.js';
import vectors from '../../vectors/discovery-urls.json' with { type: 'json' };

describe('protected resource metadata', () => {
  it.each(vectors.protectedResource)('$title', ({ serverUrl, challengeUrl, urls }) => {
    expect(protectedResourceMetadataUrls(new URL(serverUrl), challengeUrl)).toEqual(urls);
  });
});

describe('protected resource metadata of a server whose path ends in a slash', () => {
  const place = 'https://mcp.example/.well-known/oauth-protected-resource';

  it.each([
    ['https://mcp.example/mcp/', [`${place}/mcp`, `${place}/mcp/`, place]],
    ['https://mcp.example/mcp', [`${place}/mcp`, place]],
    ['https://mcp.example/', [place]],
  ])('may keep it: %s', (serverUrl, urls) => {
    const url = new URL(serverUrl);
    expect(withFinalSlash(protectedResourceMetadataUrls(url), url)).toEqual(urls);
  });

  it('is asked for once where the challenge names it', () => {
    const url = new URL('https://mcp.example/mcp/');
    const urls = withFinalSlash(protectedResourceMetadataUrls(url, `${place}/mcp/`), url);
    expect(urls).toEqual([`${place}/mcp/`, `${place}/mcp`, place]);
  });
});

describe('authorization server metadata', () => {
  it.each(vectors.authorizationServer)('$title', ({ issuer, urls }) => {
    expect(authorizationServerMetadataUrls(new URL(issuer))).toEqual(urls);
  });
});

describe('the resource', () => {
  it.each(vectors.resource)('of $serverUrl is $canonical', ({ serverUrl, canonical }) => {
    expect(canonicalResource(new URL(serverUrl))).toBe(canonical);
  });

  it.each(vectors.resourceMatch)('T09 $resource for $serverUrl: $matches', ({ resource, serverUrl, matches }) => {
    expect(isResourceOf(resource, new URL(serverUrl))).toBe(matches);
  });
});
