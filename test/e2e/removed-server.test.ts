/** A form that is still open in a browser when its server is removed. */
import { afterAll, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { composedBroker } from '../support/composed-broker.js';
import { incidentManager } from '../support/incident-manager.js';
import { createStage, writeServersFile } from '../support/stage.js';

const stage = createStage();
afterAll(() => stage.close());

it('is not found any more, whether it is opened or sent', async () => {
  const { server } = await incidentManager(stage);
  const home = await stage.home({ mcpServers: { incidents: { url: server.url } } });
  const { broker, principal } = stage.keep(await composedBroker({ home }));
  const asked = await broker.connect(principal, { serverName: 'incidents' });
  const configUrl = asked.status === 'requires_oauth_config' ? String(asked.configUrl) : '';
  const token = new URL(configUrl).pathname.split('/').at(-1) ?? '';
  const opened = await broker.openForm(token, {});
  if (opened.kind !== 'show' || opened.cookie === undefined) throw new Error(`The form was ${opened.kind}.`);
  const cookies = { [opened.cookie.name]: opened.cookie.value };

  await writeServersFile(home, { mcpServers: {} });

  const notFound = { kind: 'refused', status: 404 };
  expect(await broker.openForm(token, cookies)).toEqual(notFound);
  expect(await broker.submitForm(token, cookies, { csrf: opened.view.csrfToken, clientId: 'x' })).toEqual(notFound);
});

it('that an agent added takes nothing of the entry of the user’s file that stands before it', async () => {
  const server = await stage.server({ authorizationServer: await stage.authorizationServer() });
  const home = await stage.home();
  const { broker, principal } = stage.keep(await composedBroker({ home }));
  await broker.connect(principal, { serverName: 'wiki', url: server.url });
  await writeServersFile(home, { mcpServers: { wiki: { url: server.url } } });
  const asked = await broker.connect(principal, { serverName: 'wiki' });
  await visit('authUrl' in asked ? String(asked.authUrl) : '');

  expect(await broker.removeAddedServer(principal, 'wiki')).toBe(true);

  expect(await broker.callTool(principal, { serverName: 'wiki', toolName: 'whoami' })).toMatchObject({
    kind: 'upstream',
  });
});
