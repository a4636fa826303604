/**
 * The seed's pattern A, word for word: a confidential client that was registered by hand, configured by the tool call.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const SERVER_NAME = 'incident-manager';

describe('OAuth with configuration by the tool call (pattern A)', () => {
  it('goes from requires_oauth_config over requires_auth to success', async () => {
    const { authorizationServer, server } = await incidentManager(stage);
    const agent = await stage.agent();

    const asked = await agent.connect(SERVER_NAME, { url: server.url });
    expect(asked).toEqual({
      status: 'requires_oauth_config',
      serverName: SERVER_NAME,
      authType: 'oauth2',
      reason: 'registration_unavailable',
      oauthDiscovery: {
        authorizationEndpoint: `${authorizationServer.issuer}/authorize`,
        tokenEndpoint: `${authorizationServer.issuer}/token`,
        issuer: authorizationServer.issuer,
        suggestedClientId: 'mcp-server',
        suggestedRedirectUri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/),
        suggestedScope: 'mcp:tools openid profile',
        scopes: ['mcp:tools', 'openid', 'profile'],
        needsClientSecret: true,
      },
      configUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/connect\//),
      helpfulSkills: [{ id: 'mcp-server-oauth', name: expect.any(String) }],
      nextStep: expect.stringMatching(/configUrl.*mcp-oauth-broker connect.*clientId/s),
    });
    const { suggestedClientId, suggestedRedirectUri, suggestedScope } = asked.oauthDiscovery as Record<string, string>;

    const confirmed = await agent.connect(SERVER_NAME, {
      clientId: suggestedClientId,
      redirectUri: suggestedRedirectUri,
      scope: suggestedScope,
      clientSecret: CLIENT_SECRET,
    });
    expect(confirmed).toMatchObject({ status: 'requires_auth', authType: 'oauth2', completion: 'callback' });
    const sent = new URL(String(confirmed.authUrl)).searchParams;
    expect(sent.get('client_id')).toBe(suggestedClientId);
    expect(sent.get('redirect_uri')).toBe(suggestedRedirectUri);
    expect(sent.get('scope')).toBe(suggestedScope);

    await visit(String(confirmed.authUrl));
    const connected = await agent.connect(SERVER_NAME);
    expect(connected).toMatchObject({ status: 'success', serverName: SERVER_NAME, authType: 'oauth2' });
    expect((connected.tools as { name: string }[]).map(({ name }) => name)).toContain('whoami');
    const [token] = authorizationServer.requests('token');
    expect(token?.headers.authorization).toMatch(/^Basic /);
    expect(token?.parameters).not.toHaveProperty('client_secret');
    expect(agent.everythingSaid()).not.toContain('battery');
  });

  it('asks for no scope with scope: "", also in the calls after it', async () => {
    const { authorizationServer, server } = await incidentManager(stage);
    const agent = await stage.agent();

    const asked = await agent.connect(SERVER_NAME, {
      url: server.url,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      scope: '',
    });

    expect(asked).toMatchObject({ status: 'requires_auth', authType: 'oauth2' });
    expect(asked).not.toHaveProperty('scope');
    expect(new URL(String(asked.authUrl)).searchParams.has('scope')).toBe(false);
    expect((await agent.connect(SERVER_NAME, { scope: '' })).authUrl).toBe(asked.authUrl);
    await visit(String(asked.authUrl));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success' });
    authorizationServer.dropRefreshTokens();
    authorizationServer.dropAccessTokens();
    const again = await agent.connect(SERVER_NAME);
    expect(again).toMatchObject({ status: 'requires_auth', reason: 'grant_rejected' });
    expect(new URL(String(again.authUrl)).searchParams.has('scope')).toBe(false);
  });

  it('asks for the secret again after a wrong one, and works with the right one', async () => {
    const { authorizationServer, server } = await incidentManager(stage);
    const agent = await stage.agent();
    const wrong = { clientId: CLIENT_ID, clientSecret: 'wrong-secret-of-the-chat' };
    const first = await agent.connect(SERVER_NAME, { url: server.url, ...wrong });
    const page = await visit(String(first.authUrl));
    expect(page.status).toBe(200);

    const refused = await agent.connect(SERVER_NAME);

    expect(refused).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'client_rejected',
      oauthDiscovery: { suggestedClientId: CLIENT_ID, needsClientSecret: true },
      configUrl: expect.any(String),
    });
    const retried = await agent.connect(SERVER_NAME, { clientSecret: CLIENT_SECRET });
    expect(retried).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    await visit(String(retried.authUrl));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success', authType: 'oauth2' });
    const said = agent.everythingSaid();
    for (const secret of [wrong.clientSecret, 'battery']) expect(said).not.toContain(secret);
    expect(authorizationServer.requests('registration')).toHaveLength(0);
  });

  it('asks for the secret where the client was given without one', async () => {
    const { server } = await incidentManager(stage);
    const agent = await stage.agent();
    const first = await agent.connect(SERVER_NAME, { url: server.url, clientId: CLIENT_ID });
    await visit(String(first.authUrl));

    const refused = await agent.connect(SERVER_NAME);
    const retried = await agent.connect(SERVER_NAME, { clientSecret: CLIENT_SECRET });

    expect(refused).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'client_rejected',
      oauthDiscovery: { needsClientSecret: true },
    });
    await visit(String(retried.authUrl));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success' });
  });

  it('keeps the configuration over a restart, for the same user on another host, until it is cleared', async () => {
    const { server } = await incidentManager(stage);
    const home = await stage.home();
    const first = await stage.agent({ home });
    await first.connect(SERVER_NAME, {
      url: server.url,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      scope: 'mcp:tools',
    });
    await first.close();
    const second = await stage.agent({ home, clientName: 'another-host' });

    const kept = await second.connect(SERVER_NAME);
    expect(kept).toMatchObject({ status: 'requires_auth', scope: 'mcp:tools' });
    expect(new URL(String(kept.authUrl)).searchParams.get('client_id')).toBe(CLIENT_ID);
    expect(await second.clear(SERVER_NAME)).toMatchObject({ cleared: { clients: 1, pending: 1 } });
    expect(await second.connect(SERVER_NAME)).toMatchObject({ reason: 'registration_unavailable' });
  });
});
