import { describe, expect, it } from 'vitest';
import { builtInServers, isServerName } from '../../../src/catalog/index.js';

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
