/**
 * A server that comes to name another authorization server: the user's client stays with the issuer it was given for,
 * until it is given again.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const SERVER_NAME = 'incident-manager';
const CLIENT = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };

/** Signed in with the user's own client, then the server names another issuer and the old sign-in is over. */
async function moved() {
  const { authorizationServer, server } = await incidentManager(stage);
  const { authorizationServer: next } = await incidentManager(stage);
  const agent = await stage.agent();
  const first = await agent.connect(SERVER_NAME, { url: server.url, ...CLIENT });
  expect(await agent.connect(SERVER_NAME, CLIENT)).toEqual(first);
  await visit(String(first.authUrl));
  expect(await agent.connect(SERVER_NAME, CLIENT)).toMatchObject({ status: 'success' });

  server.bend({ endpoint: 'resource_metadata', patch: { authorization_servers: [next.issuer] } });
  authorizationServer.dropAccessTokens();
  authorizationServer.dropRefreshTokens();
  return { agent, next };
}

describe('a client of the user at a server that has moved to another issuer', () => {
  it('is not used there of itself, nor its secret because of its client id alone', async () => {
    const { agent, next } = await moved();

    expect(await agent.connect(SERVER_NAME)).toMatchObject({
      reason: 'registration_unavailable',
      oauthDiscovery: { issuer: next.issuer },
    });
    expect(await agent.connect(SERVER_NAME, { clientId: CLIENT_ID })).toMatchObject({
      reason: 'registration_unavailable',
    });
  });

  it('is used there once it is given again, though it is the same', async () => {
    const { agent, next } = await moved();

    const asked = await agent.connect(SERVER_NAME, CLIENT);

    expect(asked).toMatchObject({ status: 'requires_auth', reason: 'issuer_changed' });
    expect(new URL(String(asked.authUrl)).origin).toBe(next.issuer);
    expect(new URL(String(asked.authUrl)).searchParams.get('client_id')).toBe(CLIENT_ID);
    expect(await agent.connect(SERVER_NAME, CLIENT)).toEqual(asked);
    expect(await agent.connect(SERVER_NAME)).toEqual(asked);
  });
});
