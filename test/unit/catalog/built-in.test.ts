import { describe, expect, it } from 'vitest';
import { builtInServers, isServerName, profileFor } from '../../../src/catalog/index.js';

describe('the built-in catalog', () => {
  it('knows every provider that people ask for by name', () => {
    expect(builtInServers.map((entry) => entry.serverName)).toEqual([
      'amplitude',
      'atlassian',
      'bigquery',
      'box',
      'canva',
      'deepwiki',
      'github',
      'google-drive',
      'granola',
      'hubspot',
      'intercom',
      'linear',
      'nango',
      'notion',
      'render',
      'sentry',
      'slack',
      'stripe',
      'supabase',
    ]);
  });

  it('has https URLs only, unique names, and no credential', () => {
    expect(new Set(builtInServers.map((entry) => entry.url)).size).toBe(builtInServers.length);
    for (const entry of builtInServers) {
      expect(isServerName(entry.serverName)).toBe(true);
      expect(new URL(entry.url).protocol).toBe('https:');
      expect(entry).toMatchObject({ source: 'catalog', headers: {}, oauth: {} });
      expect(entry.value).toBeUndefined();
    }
  });

  it('links the console and the skill of each provider that registers nobody', () => {
    for (const entry of builtInServers.filter((server) => server.registersClients === false)) {
      expect(entry.consoleUrl).toMatch(/^https:/u);
      expect(entry.skillId).toMatch(/^connect-[a-z]+-mcp$/u);
    }
    expect(
      builtInServers.filter((server) => server.registersClients === false).map((entry) => entry.serverName),
    ).toEqual(['bigquery', 'box', 'github', 'google-drive', 'hubspot', 'slack']);
  });
});

describe('provider profiles', () => {
  it('are found by issuer, by the host of an issuer or endpoint, and by name', () => {
    expect(profileFor({ issuer: 'https://accounts.google.com' })).toMatchObject({
      authorizationParams: { access_type: 'offline', prompt: 'consent' },
    });
    expect(profileFor({ issuer: 'https://login.microsoftonline.com/3f1c/v2.0' })).toMatchObject({
      id: 'entra',
      omitResource: true,
      scopeOnRefresh: true,
    });
    expect(profileFor({ host: 'slack.com' })?.id).toBe('slack');
    expect(profileFor({ issuer: 'https://as.example', name: 'entra' })?.id).toBe('entra');
  });

  it('T10 apply to nobody else: not to a look-alike host, nor by the host of a server with another issuer', () => {
    for (const issuer of [
      'https://login.microsoftonline.com.evil.example',
      'https://evil.example/login.microsoftonline.com',
      'not a URL',
    ]) {
      expect(profileFor({ issuer })).toBeUndefined();
    }
    expect(profileFor({ issuer: 'https://evil.example', host: 'github.com' })).toBeUndefined();
    expect(profileFor({ name: 'constructor' })).toBeUndefined();
    expect(profileFor({})).toBeUndefined();
  });
});
