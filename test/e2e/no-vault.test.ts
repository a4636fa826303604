/** What only looks makes no vault: a user who tries a command leaves no key and no file behind. */
import { readdir } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { composedBroker } from '../support/composed-broker.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterAll(() => stage.close());

it('diagnosing a server, and removing one that is not there, leave the home as it was', async () => {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const home = await stage.home({ mcpServers: { mailbox: { url: server.url } } });
  const composed = stage.keep(await composedBroker({ home }));

  const findings = await composed.broker.diagnose(composed.principal, 'mailbox');
  expect(findings.find(({ step }) => step === 'discovery')?.message).toContain(authorizationServer.issuer);
  expect(await composed.catalog.removeUserEntry('nosuch')).toBe(false);
  expect(await composed.broker.removeAddedServer(composed.principal, 'nosuch')).toBe(false);

  expect(await readdir(home.path)).toEqual(['servers.json']);
});
