import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { principalOf, readSettings, UsageError } from '../../../src/settings.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

describe('settings', () => {
  it('have the defaults of the contract', () => {
    expect(readSettings({ MCP_OAUTH_HOME: '/h' })).toEqual({
      serversFile: join('/h', 'servers.json'),
      dataFolder: '/h',
      callbackPort: 27_182,
      redirectUri: undefined,
      clientMetadataUrl: undefined,
      tools: 'fixed',
      confirm: 'auto',
      logLevel: 'warn',
      isOverSsh: false,
      team: 'personal',
      user: userInfo().username,
      agent: undefined,
    });
  });

  it('keep file and vault apart, in the folders of the platform, without a home', () => {
    const { serversFile, dataFolder } = readSettings({});
    expect(serversFile.endsWith('servers.json')).toBe(true);
    expect(serversFile).toContain('mcp-oauth-broker');
    expect(dataFolder).toContain('mcp-oauth-broker');
  });

  it('take a key in base64url, as the vault does', () => {
    const key = Buffer.alloc(32, 0xfb).toString('base64url');
    expect(key).toMatch(/[-_]/);
    expect(() => readSettings({ MCP_OAUTH_KEY: key })).not.toThrow();
  });

  it('take every variable, and an empty one for none', () => {
    const settings = readSettings({
      MCP_OAUTH_KEY: KEY,
      MCP_OAUTH_CALLBACK_PORT: '0',
      MCP_OAUTH_REDIRECT_URI: 'https://relay.example/cb',
      MCP_OAUTH_CLIENT_METADATA_URL: 'https://client.example/client.json',
      MCP_OAUTH_TOOLS: 'mirror',
      MCP_OAUTH_CONFIRM: 'always',
      MCP_OAUTH_LOG: 'debug',
      MCP_OAUTH_TEAM: 'core',
      MCP_OAUTH_USER: 'ada',
      MCP_OAUTH_AGENT: '',
    });
    expect(settings).toMatchObject({
      callbackPort: 0,
      redirectUri: 'https://relay.example/cb',
      clientMetadataUrl: 'https://client.example/client.json',
      tools: 'mirror',
      confirm: 'always',
      logLevel: 'debug',
      team: 'core',
      user: 'ada',
      agent: undefined,
    });
    expect(JSON.stringify(settings)).not.toContain(KEY);
  });

  it.each([
    ['MCP_OAUTH_CALLBACK_PORT', 'http'],
    ['MCP_OAUTH_CALLBACK_PORT', '-1'],
    ['MCP_OAUTH_CALLBACK_PORT', '65536'],
    ['MCP_OAUTH_REDIRECT_URI', 'http://relay.example/cb'],
    ['MCP_OAUTH_REDIRECT_URI', 'https://relay.example/cb#x'],
    ['MCP_OAUTH_REDIRECT_URI', 'https://user@relay.example/cb'],
    ['MCP_OAUTH_REDIRECT_URI', 'http://127.0.0.1:0/cb'],
    ['MCP_OAUTH_REDIRECT_URI', 'javascript:alert(1)'],
    ['MCP_OAUTH_CLIENT_METADATA_URL', 'http://client.example/c.json'],
    ['MCP_OAUTH_CLIENT_METADATA_URL', 'https://client.example/'],
    ['MCP_OAUTH_TOOLS', 'all'],
    ['MCP_OAUTH_CONFIRM', 'never'],
    ['MCP_OAUTH_LOG', 'trace'],
    ['MCP_OAUTH_STORE', '/path/only'],
    ['MCP_OAUTH_KEY', 'short'],
    ['MCP_OAUTH_KEY', `${KEY}!`],
    ['MCP_OAUTH_USER', 'a\u202eb'],
    ['MCP_OAUTH_TEAM', 'x'.repeat(129)],
  ])('refuse %s=%s and name the variable', (variable, value) => {
    expect(() => readSettings({ [variable]: value })).toThrow(UsageError);
    expect(() => readSettings({ [variable]: value })).toThrow(variable);
  });

  it('refuse two keys, and a shared store whose users would be one', () => {
    expect(() => readSettings({ MCP_OAUTH_KEY: KEY, MCP_OAUTH_KEY_FILE: '/k' })).toThrow('not both');
    for (const store of ['redis://h', 'rediss://h', 'postgres://h/d', 'postgresql://h/d']) {
      expect(() => readSettings({ MCP_OAUTH_STORE: store, MCP_OAUTH_TEAM: 't' })).toThrow('MCP_OAUTH_USER');
    }
  });
});

describe('the principal', () => {
  const environment = { MCP_OAUTH_TEAM: 't', MCP_OAUTH_USER: 'u' };

  it('has the agent of the command line, else of the environment, else the name that the caller gives itself', () => {
    const fixed = readSettings({ ...environment, MCP_OAUTH_AGENT: 'ci' });
    expect(principalOf(fixed, 'cron', 'Host')).toEqual({ team: 't', user: 'u', agent: 'cron' });
    expect(principalOf(fixed, undefined, 'Host')).toEqual({ team: 't', user: 'u', agent: 'ci' });
    expect(principalOf(readSettings(environment), undefined, 'Host').agent).toBe('Host');
  });

  it.each([
    ['Claude Code', 'Claude-Code'],
    ['../../x\u0000', 'x'],
    ['\u202eevil\u202c', 'evil'],
    ['x'.repeat(10_000), 'x'.repeat(64)],
    ['', 'unknown'],
    ['日本', 'unknown'],
    [undefined, 'unknown'],
  ])('makes of the caller %j the agent %j', (name, agent) => {
    expect(principalOf(readSettings(environment), undefined, name).agent).toBe(agent);
  });
});
