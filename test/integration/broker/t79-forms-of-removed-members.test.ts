/** T79: a form that a member had open when an administrator removed them. */
import { afterEach, expect, it } from 'vitest';
import { submitForm, visit } from '../../support/browser.js';
import { composedBroker } from '../../support/composed-broker.js';
import { createStage } from '../../support/stage.js';

const KEY = 'a-key-of-the-one-who-left';
const stage = createStage();
afterEach(() => stage.close());

it('T79 takes nothing any more, above all no key for what the team shares', async () => {
  const server = await stage.server();
  const home = await stage.home({
    mcpServers: { wiki: { url: server.url, auth: 'bearer', credentialMode: 'shared' } },
  });
  const member = async (user: string) =>
    stage.keep(await composedBroker({ home, env: { MCP_OAUTH_USER: user, MCP_OAUTH_TEAM: 'blue' } }));
  const [ada, grace] = [await member('ada'), await member('grace')];
  const asked = await ada.broker.connect(ada.principal, { serverName: 'wiki' });
  const form = await visit('authUrl' in asked ? String(asked.authUrl) : '', { submitForms: false });
  expect(form.status).toBe(200);

  await grace.broker.administration.removeMember(grace.principal, { user: 'ada' });
  const sent = await submitForm(form, { key: KEY });

  expect(sent.status).toBe(404);
  expect(server.authorizationsSeen()).toEqual([]);
  expect(await (await grace.vault()).secrets.list(['blue'])).toEqual([]);
  expect(await grace.broker.connect(grace.principal, { serverName: 'wiki' })).toMatchObject({
    status: 'requires_auth',
  });
});
