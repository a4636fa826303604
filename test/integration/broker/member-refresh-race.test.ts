/** A member is removed while their token is being refreshed: what the refresh brings is ended with the rest. */
import { afterEach, describe, expect, it } from 'vitest';
import { MEMBERSHIP_RECHECK_MS } from '../../../src/core/limits.js';
import { brokerEnvironment } from '../../support/broker-process.js';
import { visit } from '../../support/browser.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import { startSourceBroker } from '../../support/source-broker.js';
import { createStage } from '../../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const PATIENCE = { timeout: 30_000 };
const DAY_MS = 24 * 3_600_000;
const GRACE = { team: 'blue', user: 'grace', agent: 'host' };
const ADAS_GRANT = ['blue', 'ada', 'wiki', 'default'];

/** Ada’s call is refreshing her token, as long as `release` is not called: the authorization server answers only then. */
async function refreshing(hold: 'holdBefore' | 'holdAfter') {
  const authorizationServer = await stage.authorizationServer();
  const { url } = await stage.server({ authorizationServer });
  const home = await stage.home({ mcpServers: { wiki: { url } } });
  const env = { MCP_OAUTH_USER: 'ada', MCP_OAUTH_TEAM: 'blue' };
  const ada = stage.keep(await composedBroker({ home, env }));
  const asked = await ada.broker.connect(ada.principal, { serverName: 'wiki' });
  await visit('authUrl' in asked ? String(asked.authUrl) : '');
  expect(await ada.broker.connect(ada.principal, { serverName: 'wiki' })).toMatchObject({ status: 'success' });

  const vault = await ada.vault();
  const before = (await vault.grants.get(ADAS_GRANT))?.value;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const parameters = { grant_type: 'refresh_token' };
  authorizationServer.bend({ endpoint: 'token', parameters, times: 1, [hold]: released });
  ada.advance(DAY_MS);
  const called = ada.broker.callTool(ada.principal, { serverName: 'wiki', toolName: 'whoami' });
  await expect.poll(() => authorizationServer.requests('token').length, PATIENCE).toBe(2);
  const revoked = () => authorizationServer.requests('revocation').map((request) => request.parameters['token']);
  return { ada, home, vault, before, release, called, revoked };
}

async function expectNothingLeft(ada: ComposedBroker): Promise<void> {
  const vault = await ada.vault();
  expect(await vault.grants.list(['blue', 'ada'])).toEqual([]);
  ada.advance(MEMBERSHIP_RECHECK_MS);
  expect(await ada.broker.callTool(ada.principal, { serverName: 'wiki', toolName: 'whoami' })).toMatchObject({
    outcome: { code: 'not_a_member' },
  });
  expect(await vault.grants.list(['blue', 'ada'])).toEqual([]);
}

describe('T79 a member who is removed while their token is refreshed', () => {
  it.each(['holdBefore', 'holdAfter'] as const)(
    'keeps nothing: the removal waits, and revokes the new tokens (%s)',
    async (hold) => {
      const { ada, home, vault, before, release, called, revoked } = await refreshing(hold);
      const grace = stage.keep(
        await composedBroker({ home, env: { MCP_OAUTH_USER: 'grace', MCP_OAUTH_TEAM: 'blue' } }),
      );

      const removing = grace.broker.administration.removeMember(grace.principal, { user: 'ada' });
      await expect.poll(() => vault.removedMembers.get(['blue', 'ada']), PATIENCE).toBeDefined();
      release();

      expect(await removing).toMatchObject({ cleared: { grants: 1 }, revocation: 'revoked' });
      await called;
      expect(revoked().length).toBeGreaterThan(0);
      for (const token of [before?.accessToken, before?.refreshToken]) expect(revoked()).not.toContain(token);
      await expectNothingLeft(ada);
    },
  );

  it('keeps nothing where the removal could wait no longer: the new tokens are revoked as they come', async () => {
    const { ada, home, before, release, called, revoked } = await refreshing('holdAfter');
    const environment = brokerEnvironment(home, {});
    const impatient = stage.keep(
      await startSourceBroker({ environment, change: (vault) => ({ ...vault, acquireLease: async () => undefined }) }),
    );

    expect(await impatient.broker.administration.removeMember(GRACE, { user: 'ada' })).toMatchObject({
      cleared: { grants: 1 },
    });
    const old = revoked();
    expect(old).toContain(before?.refreshToken);
    release();
    await called;

    expect(revoked().filter((token) => !old.includes(token)).length).toBeGreaterThan(0);
    await expectNothingLeft(ada);
  });
});
