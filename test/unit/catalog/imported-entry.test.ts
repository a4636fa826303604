/** Servers of other hosts, as they would stand in `servers.json`: nothing secret stays in plain text. */
import { describe, expect, it } from 'vitest';
import { importEntry } from '../../../src/catalog/index.js';

const KEY = 'ghp_0123456789abcdef';
const OWN = { command: '/usr/bin/node', args: ['/clone/dist/main.js'] };
const secretOf = (name: string) => ({ source: 'user_secret', name });

describe('an entry of another host', () => {
  it.each<[string, unknown, unknown]>([
    ['a URL', { type: 'http', url: 'https://mcp.example/mcp' }, { url: 'https://mcp.example/mcp' }],
    [
      'a legacy URL',
      { type: 'sse', url: 'https://mcp.example/sse' },
      { url: 'https://mcp.example/sse', transport: 'sse' },
    ],
    [
      'a bearer token from the environment',
      { url: 'https://mcp.example/mcp', headers: { Authorization: 'Bearer ${MY_TOKEN}', 'X-Workspace': '42' } },
      {
        url: 'https://mcp.example/mcp',
        auth: 'bearer',
        value: { source: 'env', name: 'MY_TOKEN' },
        headers: { 'X-Workspace': '42' },
      },
    ],
    [
      'a key in a header of its own',
      { url: 'https://mcp.example/mcp', headers: { 'X-Acme-Key': '${env:ACME}' } },
      { url: 'https://mcp.example/mcp', auth: 'api_key', header: 'X-Acme-Key', value: { source: 'env', name: 'ACME' } },
    ],
    [
      'a program',
      { command: 'npx', args: ['-y', 'some-server'], env: { LEVEL: 'debug', REGION: '${REGION:-eu}' } },
      {
        command: 'npx',
        args: ['-y', 'some-server'],
        env: { LEVEL: 'debug', REGION: { source: 'env', name: 'REGION' } },
      },
    ],
    [
      'mcp-remote',
      {
        command: 'npx',
        args: ['-y', 'mcp-remote@latest', 'https://mcp.example/sse', '3334', '--transport', 'sse-only'],
      },
      { url: 'https://mcp.example/sse', transport: 'sse' },
    ],
    [
      'mcp-remote with a header from the environment',
      { command: 'npx', args: ['mcp-remote', 'https://mcp.example/mcp', '--header', 'Authorization: Bearer ${TOKEN}'] },
      { url: 'https://mcp.example/mcp', auth: 'bearer', value: { source: 'env', name: 'TOKEN' } },
    ],
    [
      'a client of the user (Claude Code)',
      { type: 'http', url: 'https://mcp.example/mcp', oauth: { clientId: 'mine', callbackPort: 8080 } },
      { url: 'https://mcp.example/mcp', oauth: { clientId: 'mine', redirectUri: 'http://localhost:8080/callback' } },
    ],
  ])('%s becomes one of ours', (_, raw, entry) => {
    expect(importEntry('acme', raw, OWN)).toEqual({ kind: 'entry', entry, secrets: [], notes: expect.any(Array) });
  });

  it.each<[string, unknown, unknown, string]>([
    [
      'a variable that is named like one',
      { command: 'server', env: { API_TOKEN: 'plain words' } },
      { command: 'server', env: { API_TOKEN: secretOf('acme/API_TOKEN') } },
      'plain words',
    ],
    [
      'a variable whose name runs together',
      { command: 'server', env: { ACCESSTOKEN: 'plain words' } },
      { command: 'server', env: { ACCESSTOKEN: secretOf('acme/ACCESSTOKEN') } },
      'plain words',
    ],
    [
      'a value that begins like a key',
      { command: 'server', env: { GH: KEY } },
      { command: 'server', env: { GH: secretOf('acme/GH') } },
      KEY,
    ],
    [
      'a URL with a password',
      { command: 'server', env: { DATABASE_URL: 'postgres://me:hush@db.example/x' } },
      { command: 'server', env: { DATABASE_URL: secretOf('acme/DATABASE_URL') } },
      'postgres://me:hush@db.example/x',
    ],
    [
      'headers in a variable',
      { command: 'server', env: { MCP_HEADERS: `{"Authorization":"Bearer ${KEY}"}` } },
      { command: 'server', env: { MCP_HEADERS: secretOf('acme/MCP_HEADERS') } },
      `{"Authorization":"Bearer ${KEY}"}`,
    ],
    [
      'a bearer token',
      { url: 'https://mcp.example/mcp', headers: { authorization: `bearer ${KEY}` } },
      { url: 'https://mcp.example/mcp', auth: 'bearer', value: secretOf('acme/authorization') },
      KEY,
    ],
    [
      'the environment of mcp-remote',
      {
        command: 'npx',
        args: ['mcp-remote', 'https://mcp.example/mcp', '--header', 'Authorization:${AUTH_HEADER}'],
        env: { AUTH_HEADER: `Bearer ${KEY}` },
      },
      { url: 'https://mcp.example/mcp', auth: 'bearer', value: secretOf('acme/Authorization') },
      KEY,
    ],
    [
      'the secret of a client (Cursor)',
      { url: 'https://mcp.example/mcp', auth: { CLIENT_ID: 'mine', CLIENT_SECRET: 'hush hush', scopes: ['a', 'b'] } },
      {
        url: 'https://mcp.example/mcp',
        oauth: { clientId: 'mine', clientSecret: secretOf('acme/client_secret'), scope: 'a b' },
      },
      'hush hush',
    ],
  ])('has its secret taken out: %s', (_, raw, entry, secret) => {
    const imported = importEntry('acme', raw, OWN);
    expect(imported).toMatchObject({ kind: 'entry', entry, secrets: [{ value: secret }] });
    expect(JSON.stringify('entry' in imported && imported.entry)).not.toContain(secret);
  });

  it('that asks its user (VS Code) asks ours, when it is first needed', () => {
    const raw = { url: 'https://mcp.example/mcp', headers: { Authorization: 'Bearer ${input:token}' } };
    expect(importEntry('acme', raw, OWN)).toMatchObject({
      entry: { auth: 'bearer', value: secretOf('acme/Authorization') },
      secrets: [],
      notes: [expect.stringContaining('Authorization')],
    });
  });

  it.each<[string, unknown, string]>([
    ['the default of a variable', { command: 'server', env: { REGION: '${REGION:-eu}' } }, 'REGION'],
    ['a secret in a URL', { url: 'https://mcp.example/mcp?api_key=hush' }, 'url'],
  ])('notes what cannot be said as it was: %s', (_, raw, word) => {
    const imported = importEntry('acme', raw, OWN);
    expect(imported).toMatchObject({ kind: 'entry', notes: [expect.stringContaining(word)] });
    expect(JSON.stringify('notes' in imported && imported.notes)).not.toContain('hush');
  });

  it.each<[string, unknown, RegExp]>([
    ['this broker', { command: 'npx', args: ['-y', 'mcp-oauth-broker@1.0.0'] }, /broker/u],
    ['this broker from a folder', { command: 'node', args: ['/x/mcp-oauth-broker/dist/main.js'] }, /broker/u],
    ['a disabled one', { url: 'https://mcp.example/mcp', disabled: true }, /disabled/u],
    ['a URL that is not known', { url: 'https://${HOST}/mcp' }, /variable/u],
    [
      'T07 a URL with a password, which would stand in servers.json',
      { url: 'https://me:pw@mcp.example/mcp' },
      /password/u,
    ],
    ['a command that is not known', { command: '${workspaceFolder}/server' }, /variable/u],
    ['neither', { type: 'http' }, /neither/u],
    ['no object', 'https://mcp.example', /object/u],
    ['T70 a secret for a variable that loads code', { command: 'x', env: { NODE_OPTIONS: '${OPTIONS}' } }, /code/u],
  ])('is left where it is: %s', (_, raw, reason) => {
    expect(importEntry('acme', raw, OWN)).toEqual({ kind: 'skipped', reason: expect.stringMatching(reason) });
  });
});
