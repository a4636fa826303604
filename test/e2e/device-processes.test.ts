/**
 * A device code that one process asked for and others finish: each may ask for the tokens, together they ask no more
 * often than one would, and the code itself is seen nowhere.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { brokerEnvironment } from '../support/broker-process.js';
import { visit } from '../support/browser.js';
import { builtBroker } from '../support/built-broker.js';
import { createStage, writeServersFile } from '../support/stage.js';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const WAIT_SECONDS = 40;
const stage = createStage();
afterEach(() => stage.close());

async function scene() {
  const authorizationServer = await stage.authorizationServer({ deviceFlow: true });
  authorizationServer.bend({ endpoint: 'device_authorization', patch: { interval: 1 } });
  const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
  return { authorizationServer, url: server.url, home: await stage.home() };
}

const pollsOf = (authorizationServer: AuthorizationServerFixture) =>
  authorizationServer.requests('token', { grant_type: DEVICE_GRANT });

describe('a device code of another process', () => {
  it('is finished by the one that waits, when the one that began it has been killed', async () => {
    const { authorizationServer, url, home } = await scene();
    const first = await stage.agent({ home });
    const asked = await first.connect('mailbox', { url, flow: 'device' });
    await first.broker.kill();
    const second = await stage.agent({ home });

    expect(await second.connect('mailbox')).toEqual(asked);
    await visit(String(asked.authUrl));
    const connected = await second.connect('mailbox', { waitSeconds: WAIT_SECONDS });

    expect(connected).toMatchObject({ status: 'success', authType: 'oauth2', scope: 'mcp:tools' });
    expect((await second.callTool('mailbox', 'whoami')).payload).toMatchObject({ subject: 'alice' });
    expect(authorizationServer.requests('device_authorization')).toHaveLength(1);
  });

  it('is asked for by two that wait no more often than its interval, and by neither after the end', async () => {
    const { authorizationServer, url, home } = await scene();
    const [first, second] = [await stage.agent({ home }), await stage.agent({ home })];
    const asked = await first.connect('mailbox', { url, flow: 'device' });
    const waiting = [first, second].map((agent) => agent.connect('mailbox', { waitSeconds: WAIT_SECONDS }));
    await visit(String(asked.authUrl));

    expect(await Promise.all(waiting)).toMatchObject([{ status: 'success' }, { status: 'success' }]);

    const times = pollsOf(authorizationServer).map(({ receivedAt }) => receivedAt);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.filter((gap) => gap < 900)).toEqual([]);
    const [tokens] = authorizationServer.requests('token').slice(-1);
    expect(tokens?.parameters.grant_type).toBe(DEVICE_GRANT);
  });

  it('of a terminal is shown with its page, and waited for', async () => {
    const { authorizationServer, url, home } = await scene();
    await writeServersFile(home, { mcpServers: { mailbox: { url } } });
    const terminal = spawn(process.execPath, [await builtBroker(), 'connect', 'mailbox', '--device'], {
      env: brokerEnvironment(home),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    stage.keep({ close: async () => terminal.kill() });
    let shown = '';
    let page: string | undefined;
    for await (const chunk of terminal.stdout) {
      shown += String(chunk);
      page ??= /^ {2}(http\S+)$/mu.exec(shown)?.[1];
      if (page !== undefined && authorizationServer.requests('interaction').length === 0) await visit(page);
    }

    expect(shown).toMatch(/Code to compare or enter there: [A-Z]{4}-[A-Z]{4}/);
    expect(shown).toContain('mailbox is connected');
    expect(terminal.exitCode ?? (await once(terminal, 'exit'))[0]).toBe(0);
  });

  it('lies encrypted in the vault, and is never shown', async () => {
    const { authorizationServer, url, home } = await scene();
    const agent = await stage.agent({ home, env: { MCP_OAUTH_LOG: 'debug' } });
    const asked = await agent.connect('mailbox', { url, flow: 'device' });
    await visit(String(asked.authUrl));
    await agent.connect('mailbox', { waitSeconds: WAIT_SECONDS });
    const deviceCode = String(pollsOf(authorizationServer)[0]?.parameters.device_code);
    expect(deviceCode.length).toBeGreaterThan(20);

    expect(agent.everythingSaid()).not.toContain(deviceCode);
    expect((await readFile(join(home.path, 'vault.sqlite'))).includes(deviceCode)).toBe(false);
  });
});
