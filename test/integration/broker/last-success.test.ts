/** When a server last answered well, as listings tell it. */
import { afterEach, expect, it } from 'vitest';
import { composedBroker } from '../../support/composed-broker.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

it('is the instant of the last call, however soon it came after the one before', async () => {
  const { broker, principal, advance } = stage.keep(await composedBroker({ home: await stage.home() }));
  const server = await stage.server();
  const echo = () => broker.callTool(principal, { serverName: 'one', toolName: 'echo', arguments: { text: 'x' } });
  const lastVerifiedAt = async () => {
    const listed = await broker.listServers(principal, 'one');
    return 'servers' in listed ? Date.parse(listed.servers[0]?.accounts[0]?.lastVerifiedAt ?? '') : Number.NaN;
  };

  await broker.connect(principal, { serverName: 'one', url: server.url });
  const connectedAt = await lastVerifiedAt();
  advance(20_000);
  await echo();
  expect(await lastVerifiedAt()).toBe(connectedAt + 20_000);
  advance(15_000);
  expect(await lastVerifiedAt()).toBe(connectedAt + 20_000);
});
