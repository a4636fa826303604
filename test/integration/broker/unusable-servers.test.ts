/** Servers that cannot be used as they are: their calls say why, and so does the list. */
import { describe, expect, it } from 'vitest';
import { childServer } from '../../support/child-servers.js';
import { composedStage } from '../../support/composed-stage.js';
import { writeServersFile } from '../../support/stage.js';

const at = composedStage();

const connect = () => at.composed.broker.connect(at.composed.principal, { serverName: 'local' });

async function listedState(): Promise<unknown> {
  const listed = await at.composed.broker.listServers(at.composed.principal, 'local');
  return 'servers' in listed ? listed.servers[0]?.accounts[0] : listed;
}

describe('a program whose file names what is not there', () => {
  it.each([
    ['an environment variable', { source: 'env', name: 'NO_SUCH_VARIABLE' }],
    ['a file', { source: 'file', path: '/nowhere/key' }],
  ])('is listed with its error for %s, until it starts', async (_what, KEY) => {
    await writeServersFile(at.home, { mcpServers: { local: { ...childServer(), env: { KEY } } } });
    expect(await listedState()).toMatchObject({ state: 'not_connected' });

    expect(await connect()).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(await listedState()).toMatchObject({ state: 'error', reason: 'invalid_input' });

    await writeServersFile(at.home, { mcpServers: { local: { ...childServer(), env: { KEY: 'here' } } } });
    expect(await connect()).toMatchObject({ status: 'success' });
    expect(await listedState()).toMatchObject({ state: 'connected' });
  });
});

it('a server whose key is in a variable that is not set is listed with its error', async () => {
  const { url } = await at.stage.server();
  const value = { source: 'env', name: 'NO_SUCH_VARIABLE' };
  await writeServersFile(at.home, { mcpServers: { local: { url, auth: 'bearer', value } } });

  expect(await connect()).toMatchObject({ status: 'error', code: 'invalid_input' });
  expect(await listedState()).toMatchObject({ state: 'error', reason: 'invalid_input' });
});

it('a server whose header takes a secret that nobody has stored is not known to want a key', async () => {
  const { url } = await at.stage.server();
  const headers = { 'X-Workspace': { source: 'user_secret', name: 'workspace' } };
  await writeServersFile(at.home, { mcpServers: { local: { url, headers } } });

  expect(await connect()).toMatchObject({ status: 'requires_auth', authType: 'api_key', reason: 'secret_missing' });
  const listed = await at.composed.broker.listServers(at.composed.principal, 'local');
  expect(listed).toMatchObject({
    servers: [
      { authType: 'unknown', requiresOAuth: null, accounts: [{ state: 'auth_required', reason: 'secret_missing' }] },
    ],
  });
});
