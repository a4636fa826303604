/**
 * A search over every server (contract, section 1): it asks those that can be asked, and bothers nobody.
 */
import { afterEach, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { composedBroker } from '../support/composed-broker.js';
import { isListening, until } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const HOURS_MS = 2 * 3_600_000;

const stage = createStage();
afterEach(() => stage.close());

it('names a server whose sign-in has ended in skipped, and begins none: no request, no pending sign-in, no port', async () => {
  const authorizationServer = await stage.authorizationServer();
  const server = await stage.server({ authorizationServer });
  const open = await stage.server();
  const { advance, broker, principal, vault } = stage.keep(await composedBroker());
  await broker.connect(principal, { serverName: 'open', url: open.url });
  const asked = await broker.connect(principal, { serverName: 'mailbox', url: server.url });
  await visit(String('authUrl' in asked && asked.authUrl));
  expect(await broker.connect(principal, { serverName: 'mailbox' })).toMatchObject({ status: 'success' });
  advance(HOURS_MS);
  const port = Number(new URL(String('redirectUri' in asked && asked.redirectUri)).port);
  await until(async () => !(await isListening(port)));
  authorizationServer.dropRefreshTokens();
  authorizationServer.forgetRequests();

  for (let count = 0; count < 2; count += 1) {
    expect(await broker.searchTools(principal, { query: 'whoami' })).toEqual({
      tools: [expect.objectContaining({ serverName: 'open', name: 'whoami' })],
      total: 1,
      skipped: [{ serverName: 'mailbox', reason: 'requires_auth' }],
    });
  }

  expect(authorizationServer.requests().map(({ endpoint }) => endpoint)).toEqual(['token']);
  expect(await (await vault()).pendings.list([principal.team, principal.user])).toEqual([]);
  expect(await broker.openPorts()).toEqual([]);
  expect(await isListening(port)).toBe(false);
  expect(await broker.searchTools(principal, { serverName: 'mailbox' })).toMatchObject({
    status: 'requires_auth',
    reason: 'grant_rejected',
    completion: 'callback',
  });
});
