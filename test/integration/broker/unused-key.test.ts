/** A key that is stored is used from then on; one that never would be is refused before it leaves for the server. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

async function brokerOf(mcpServers: Readonly<Record<string, unknown>>): Promise<ComposedBroker> {
  return stage.keep(await composedBroker({ home: await stage.home({ mcpServers }) }));
}

const grantType = 'client_credentials';
describe.each([
  ['whose key is a variable', { auth: 'api_key', value: { source: 'env', name: 'THE_KEY' } }, 'variable THE_KEY'],
  ['whose key is a file', { auth: 'bearer', value: { source: 'file', path: '/the/key' } }, 'file /the/key'],
  [
    'whose key is a secret of the team',
    { auth: 'bearer', value: { source: 'team_secret', name: 'crm' } },
    'mcp-oauth-broker secret set crm --team',
  ],
  ['that needs a sign-in', { auth: 'oauth2' }, '"auth" is "oauth2"'],
  ['that needs nothing', { auth: 'none' }, '"auth" is "none"'],
  ['that needs no user', { oauth: { grantType, clientId: 'robot' } }, 'oauth.grantType'],
])('an entry %s', (_what, entry, words) => {
  it('refuses a key, and says why', async () => {
    const server = await stage.server();
    const { broker, principal, vault } = await brokerOf({ fixed: { ...entry, url: server.url } });

    expect(await broker.storeKey(principal, { serverName: 'fixed', value: 'a-good-key' })).toMatchObject({
      status: 'error',
      code: 'invalid_input',
      error: expect.stringContaining(words),
    });
    expect(await (await vault()).secrets.list(['personal', principal.user])).toEqual([]);
    expect(server.requests('mcp')).toEqual([]);
  });
});

it('is used where a call had said that the server needs a sign-in', async () => {
  const server = await stage.server();
  const { broker, principal } = await brokerOf({ found: { url: server.url } });
  server.bend({ endpoint: 'mcp', respond: { status: 401 } });
  expect(await broker.connect(principal, { serverName: 'found', authType: 'oauth2' })).toMatchObject({
    status: 'requires_auth',
    authType: 'oauth2',
  });
  server.straighten();

  await broker.storeKey(principal, { serverName: 'found', value: 'a-good-key' });

  expect(await broker.connect(principal, { serverName: 'found' })).toMatchObject({
    status: 'success',
    authType: 'bearer',
  });
});

it('names the command for a secret that a header beside the key needs', async () => {
  const server = await stage.server();
  const headers = { 'X-Workspace': { source: 'org_secret', name: 'workspace' } };
  const { broker, principal } = await brokerOf({ keyed: { url: server.url, auth: 'bearer', headers } });

  expect(await broker.storeKey(principal, { serverName: 'keyed', value: 'a-good-key' })).toMatchObject({
    status: 'error',
    code: 'invalid_input',
    nextStep: 'Ask the user to run: mcp-oauth-broker secret set workspace --org',
  });
});
