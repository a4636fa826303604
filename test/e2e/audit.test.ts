/** The audit log as an administrator gets it from the built program: of real agents, over a change of key and a move. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadSqliteDriver } from '../../src/vault/sqlite-driver.js';
import { brokerEnvironment } from '../support/broker-process.js';
import { builtBroker } from '../support/built-broker.js';
import { findSecrets } from '../support/secret-scan.js';
import { signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';
import type { TemporaryHome } from '../support/temporary-home.js';

const NAME = 'mailbox';
const stage = createStage();
afterEach(() => stage.close());

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function command(home: TemporaryHome, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const program = await builtBroker();
  const environment = { ...brokerEnvironment(home), ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...argv], { env: environment }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

async function entriesOf(home: TemporaryHome, argv: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { code, out, err } = await command(home, ['audit', '--jsonl', ...argv], env);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe('audit', () => {
  it('T68 tells of what an agent did, of a server that sent a token back, and of no value', async () => {
    const { agent, authorizationServer, server, home, grants } = await signIn(stage, NAME);
    const leaked = await agent.callTool(NAME, 'leak_token');
    expect(leaked.result.content).toEqual([{ type: 'text', text: 'Authorization: Bearer [redacted]' }]);
    const tokens = [await grants.find(NAME)];
    await grants.expire(NAME);
    await agent.callTool(NAME, 'whoami');
    tokens.push(await grants.find(NAME));
    await agent.call('clear_mcp_auth', { serverName: NAME });
    await agent.close();

    const entries = await entriesOf(home);
    expect(entries.map(({ event, serverName }) => [event, serverName])).toEqual(
      expect.arrayContaining(
        ['server_added', 'connected', 'used', 'secret_echoed', 'refreshed', 'cleared'].map((event) => [event, NAME]),
      ),
    );
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_entry, index) => index + 1));
    const secrets = {
      bearers: server.authorizationsSeen().map((bearer) => bearer.replace('Bearer ', '')),
      tokens: tokens.flatMap((found) => [found?.value.accessToken ?? '', found?.value.refreshToken ?? '']),
      codes: authorizationServer.requests('token').map(({ parameters }) => parameters['code'] ?? ''),
    };
    const shown = await command(home, ['audit']);
    expect(shown.code).toBe(0);
    expect(findSecrets(secrets, { jsonl: JSON.stringify(entries), table: shown.out })).toEqual([]);
  });

  it('goes on in one chain when the key is changed and the vault is moved', async () => {
    const { agent, home } = await signIn(stage, NAME);
    await agent.close();
    const before = await entriesOf(home);
    const keyFile = join(home.path, 'another.key');
    expect(await command(home, ['keys', 'rotate', '--key-out', keyFile])).toMatchObject({ code: 0 });
    const moved = `sqlite:${join(home.path, 'moved.sqlite')}`;
    const withKey = { MCP_OAUTH_KEY: undefined, MCP_OAUTH_KEY_FILE: keyFile };
    expect(await command(home, ['migrate', '--to', moved], withKey)).toMatchObject({ code: 0 });

    const after = await entriesOf(home, [], { ...withKey, MCP_OAUTH_STORE: moved });
    expect(after.slice(0, -1)).toEqual(before);
    expect(after.at(-1)).toMatchObject({ event: 'keys_rotated', agent: 'cli', previous: before.at(-1)?.['hash'] });
    expect(await entriesOf(home, ['--since', '2000-01-01'], withKey)).toEqual(after);
    expect(await entriesOf(home, ['--since', '2999-01-01'], withKey)).toEqual([]);
  });

  it('fails, and says where, once somebody has taken an entry away', async () => {
    const { agent, home } = await signIn(stage, NAME);
    await agent.callTool(NAME, 'whoami');
    await agent.close();
    const { length } = await entriesOf(home);
    const file = (await loadSqliteDriver())(join(home.path, 'vault.sqlite'));
    // Those that expire last: no sign-in lives as long as an entry of the log.
    const rows = file.prepare('SELECT key FROM rows WHERE expires_at IS NOT NULL ORDER BY expires_at DESC').all();
    file.prepare('DELETE FROM rows WHERE key = ?').run(String(rows[0]?.['key']));
    file.close();

    const { code, out, err } = await command(home, ['audit', '--jsonl']);
    expect(code).toBe(1);
    expect(err).toBe(`The audit log is broken at entry ${length}: it, and perhaps others, has been deleted.\n`);
    expect(out.trim().split('\n')).toHaveLength(length - 1);
  });

  it('of a home without a vault is empty, and makes none', async () => {
    const home = await stage.home();
    expect(await entriesOf(home)).toEqual([]);
    expect((await command(home, ['audit', '--json'])).out).toBe('{"entries":[],"chain":{"state":"unbroken"}}\n');
  });
});
