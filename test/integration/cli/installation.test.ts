/** What `doctor` says of an installation, and what `client-metadata` takes from it: by the parts of a real process. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { composeBroker } from '../../../src/compose.js';
import { silentLog } from '../../../src/core/log.js';
import { defaultCallbackPort, diagnoseInstallation } from '../../../src/installation.js';
import { readSettings } from '../../../src/settings.js';
import { brokerEnvironment } from '../../support/broker-process.js';
import { freePort } from '../../support/loopback-port.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

async function installation(options: { readonly file?: string; readonly env?: NodeJS.ProcessEnv } = {}) {
  const home = await stage.home();
  if (options.file !== undefined) await writeFile(join(home.path, 'servers.json'), options.file);
  const environment = brokerEnvironment(home, options.env);
  const settings = readSettings(environment);
  const parts = stage.keep(composeBroker({ settings, environment, log: silentLog, version: '0.0.0' }));
  return {
    home,
    parts,
    findings: () => diagnoseInstallation(parts, settings),
    port: () => defaultCallbackPort(parts, settings),
  };
}

const NO_SERVERS = (home: string) => ({
  step: 'catalog',
  ok: null,
  message: `There is no ${join(home, 'servers.json')} yet: the first "add" makes it.`,
  advice: expect.stringContaining('mcp-oauth-broker add NAME URL'),
});

describe('the findings of an installation', () => {
  it('name the file, the vault, where its key comes from and the port, once there is a vault', async () => {
    const port = await freePort();
    const { home, parts, findings } = await installation({ env: { MCP_OAUTH_CALLBACK_PORT: String(port) } });
    const { audit } = await parts.vault();
    await audit.append({ team: 'personal', user: 'ada', agent: 'cli', event: 'used' });

    expect(await findings()).toEqual([
      NO_SERVERS(home.path),
      { step: 'store', ok: true, message: `The vault opens: ${join(home.path, 'vault.sqlite')}.` },
      { step: 'key', ok: true, message: 'The key belongs to this vault. It comes from MCP_OAUTH_KEY.' },
      { step: 'store', ok: true, message: 'Entries in the audit log: 1; its end is unbroken.' },
      { step: 'listener', ok: true, message: `Port ${port} is free, or served by a broker of this vault.` },
    ]);
  });

  it('make no vault, and draw no port', async () => {
    const { home, parts, findings, port } = await installation();

    expect(await findings()).toEqual([
      NO_SERVERS(home.path),
      {
        step: 'store',
        ok: null,
        message: `There is no vault yet; the first sign-in makes ${join(home.path, 'vault.sqlite')}.`,
      },
      { step: 'key', ok: null, message: 'It comes from MCP_OAUTH_KEY.' },
    ]);
    expect(await parts.vaultExists()).toBe(false);
    expect(await port()).toBeUndefined();
  });

  it('tell before there is a vault that it could not have the key that is named for it', async () => {
    const missing = await installation({ env: { MCP_OAUTH_KEY: '', MCP_OAUTH_KEY_FILE: '/nonexistent/mcp-key' } });
    expect((await missing.findings()).at(-1)).toMatchObject({
      step: 'key',
      ok: false,
      code: 'vault_unreadable',
      message: 'The file that MCP_OAUTH_KEY_FILE names does not exist.',
    });
    expect(await missing.parts.vaultExists()).toBe(false);
  });

  it('tell of a port that was drawn, of one that is used instead, and of none yet', async () => {
    const { parts, findings, port } = await installation();
    const { callbackPorts } = await parts.vault();
    expect((await findings()).at(-1)).toMatchObject({ ok: null, message: expect.stringContaining('first sign-in') });

    const [drawn, other] = [await freePort(), await freePort()];
    await callbackPorts.update(['callback', 'drawn'], () => ({ port: drawn }));
    await callbackPorts.update(['callback', 'other', '0'], () => ({ port: other }));

    expect((await findings()).at(-1)?.message).toMatch(
      new RegExp(`Port ${drawn} is free.* port ${other} is used instead`),
    );
    expect(await port()).toBe(drawn);
  });

  it('tell of each entry that is lost, and of what nobody reads, and go on', async () => {
    const { findings } = await installation({
      file: `{ "mcpServers": { "bad": { "url": 7 }, "good": { "url": "https://a.example", "oauth": { "clientid": "c" } } } }`,
    });

    expect(await findings()).toMatchObject([
      { step: 'catalog', ok: true, message: expect.stringContaining('1 server.') },
      { step: 'catalog', ok: false, message: expect.stringContaining('the entry "bad" cannot be used') },
      { step: 'catalog', ok: null, message: expect.stringContaining('mcpServers.good.oauth.clientid') },
      { step: 'store', ok: null },
      { step: 'key', ok: null },
    ]);
  });

  it('tell of a file that is no JSON, once', async () => {
    const { findings } = await installation({ file: '{' });

    expect((await findings()).filter(({ step }) => step === 'catalog')).toMatchObject([
      { ok: false, code: 'invalid_input', message: expect.stringContaining('line 1, column') },
    ]);
  });
});
