/** What `doctor NAME` says of servers that take a key, or name no authorization server. */
import { afterAll, expect, it } from 'vitest';
import { composedBroker } from '../support/composed-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterAll(() => stage.close());

it('speaks of the key where a key is taken, and of a guess as a guess', async () => {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer, metadataAt: 'none', challenge: 'bare' });
  const mcpServers = { keyed: { url: server.url, auth: 'bearer' }, guessed: { url: server.url } };
  const home = await stage.home({ mcpServers });
  const { broker, principal, vault } = stage.keep(await composedBroker({ home }));
  const grantOf = async (name: string) => (await broker.diagnose(principal, name)).find(({ step }) => step === 'grant');

  expect(await grantOf('keyed')).toMatchObject({ ok: null, advice: 'mcp-oauth-broker key set keyed' });
  const guessed = await broker.diagnose(principal, 'guessed');
  expect(guessed.find(({ step }) => step === 'discovery')).toMatchObject({ ok: null });

  const owner = { team: principal.team, user: principal.user };
  await (await vault()).secrets.update([principal.team, principal.user, 'keyed', 'default'], () => ({
    owner,
    serverName: 'keyed',
    account: 'default',
    serverUrl: server.url,
    kind: 'bearer',
    value: 'a-key-of-the-user',
    storedAt: 0,
    state: 'active',
  }));
  expect(await grantOf('keyed')).toMatchObject({ ok: true });
});
