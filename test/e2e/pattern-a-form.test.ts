/**
 * The seed's pattern A with the local form: the secret never passes through the chat. And `MCP_OAUTH_CONFIRM=always`.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { submitForm, visit } from '../support/browser.js';
import { firstForm } from '../support/html-form.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { freePort } from '../support/loopback-port.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const SERVER_NAME = 'incident-manager';
/** The link of the page that says that one step is left. */
const continueUrl = (body: string) => /<a class="button" href="([^"]+)"/.exec(body)?.[1] ?? '';

describe('OAuth with configuration by the local form (pattern A)', () => {
  it('shows what would be sent, takes the client as a browser posts it, and leads on to sign in', async () => {
    const { server } = await incidentManager(stage);
    const agent = await stage.agent();
    const asked = await agent.connect(SERVER_NAME, { url: server.url });
    const { suggestedRedirectUri, suggestedScope } = asked.oauthDiscovery as Record<string, string>;

    const page = await visit(String(asked.configUrl), { submitForms: false });
    expect(firstForm(page.body)?.fields).toMatchObject({ scope: suggestedScope, redirectUri: suggestedRedirectUri });
    const saved = await submitForm(page, { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });

    expect(saved.status).toBe(200);
    const afterForm = await agent.connect(SERVER_NAME);
    expect(afterForm).toMatchObject({ status: 'requires_auth', authType: 'oauth2', scope: suggestedScope });
    expect(continueUrl(saved.body)).toBe(afterForm.launchUrl);
    await visit(continueUrl(saved.body));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(agent.everythingSaid()).not.toContain('battery');
  });

  it('is saved only by the browser that opened it first, with the token of its page, and once', async () => {
    const { server } = await incidentManager(stage);
    const agent = await stage.agent();
    const { configUrl } = await agent.connect(SERVER_NAME, { url: server.url });
    const fields = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
    const page = await visit(String(configUrl), { submitForms: false });
    const { origin } = new URL(String(configUrl));
    const cookie = page.cookieJar.headerFor(new URL(String(configUrl)));
    const { csrf = '' } = firstForm(page.body)?.fields ?? {};
    const post = async (headers: Record<string, string>, form: Record<string, string>) =>
      (await fetch(String(configUrl), { method: 'POST', headers, body: new URLSearchParams(form) })).status;

    expect((await visit(String(configUrl), { submitForms: false })).status).toBe(401);
    expect(await post({ origin }, { ...fields, csrf })).toBe(401);
    expect(await post({ origin, cookie }, fields)).toBe(403);
    expect(await post({ origin, cookie }, { ...fields, csrf: `${csrf}x` })).toBe(403);
    expect(await post({ origin: 'https://evil.example', cookie }, { ...fields, csrf })).toBe(403);
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ reason: 'registration_unavailable' });
    expect((await submitForm(page, fields)).status).toBe(200);
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'requires_auth' });
    expect((await submitForm(page, fields)).status).toBe(404);
  });

  it('takes the right secret by the form after a wrong one, and asks for the same scope as before', async () => {
    const { server } = await incidentManager(stage);
    const agent = await stage.agent();
    const first = await agent.connect(SERVER_NAME, {
      url: server.url,
      clientId: CLIENT_ID,
      clientSecret: 'not the secret',
    });
    await visit(String(first.authUrl));
    const refused = await agent.connect(SERVER_NAME);
    expect(refused).toMatchObject({ reason: 'client_rejected', oauthDiscovery: { suggestedScope: first.scope } });

    const page = await visit(String(refused.configUrl), { submitForms: false });
    const saved = await submitForm(page, { clientSecret: CLIENT_SECRET });

    expect(firstForm(page.body)?.fields.clientId).toBe(CLIENT_ID);
    expect((await agent.connect(SERVER_NAME)).scope).toBe(first.scope);
    await visit(continueUrl(saved.body));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success' });
  });
});

describe('MCP_OAUTH_CONFIRM=always', () => {
  const env = { MCP_OAUTH_CONFIRM: 'always' };

  it('asks before the first authorization; the suggested client id means "register"', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
    const agent = await stage.agent({ env });

    const asked = await agent.connect(SERVER_NAME, { url: server.url });
    expect(asked).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'confirmation_required',
      oauthDiscovery: { suggestedClientId: 'mcp-server', suggestedScope: 'mcp:tools', needsClientSecret: false },
    });
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ reason: 'confirmation_required' });
    expect(authorizationServer.requests('registration')).toHaveLength(0);

    const confirmed = await agent.connect(SERVER_NAME, { clientId: 'mcp-server' });
    expect(confirmed).toMatchObject({ status: 'requires_auth', scope: 'mcp:tools' });
    expect(authorizationServer.requests('registration')).toHaveLength(1);
    expect(new URL(String(confirmed.authUrl)).searchParams.get('client_id')).not.toBe('mcp-server');
    expect((await agent.connect(SERVER_NAME, { clientId: 'mcp-server' })).authUrl).toBe(confirmed.authUrl);
    await visit(String(confirmed.authUrl));
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success' });
    authorizationServer.dropAccessTokens();
    authorizationServer.dropRefreshTokens();
    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'requires_auth', reason: 'grant_rejected' });
  });

  it('asks with the default endpoints of 2025-03-26 only where /register succeeds', async () => {
    const authorizationServer = await stage.authorizationServer({ registration: 'none' });
    authorizationServer.bend({ endpoint: 'metadata', respond: { status: 404 } });
    const server = await stage.server({ authorizationServer, metadataAt: 'none', underAuthorizationServer: true });
    const agent = await stage.agent({ env });

    expect(await agent.connect(SERVER_NAME, { url: server.url })).toMatchObject({
      authType: 'oauth2-bearer',
      authUrl: null,
    });
  });

  it.each([
    { given: { scope: 'mcp:write' }, scope: 'mcp:write' },
    { given: { scope: '' }, scope: undefined },
    { given: { redirectUri: 'http://127.0.0.1:PORT/oauth/callback' }, scope: 'mcp:tools' },
  ])('is confirmed by any of the values: $given', async ({ given, scope }) => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
    const agent = await stage.agent({ env });
    await agent.connect(SERVER_NAME, { url: server.url });

    const port = String(await freePort());
    const args = JSON.parse(JSON.stringify(given).replace('PORT', port)) as typeof given;
    const payload = await agent.connect(SERVER_NAME, args);

    expect(payload).toMatchObject({ status: 'requires_auth', completion: 'callback' });
    expect(payload.scope).toBe(scope);
  });

  it.each([{}, { clientId: '' }])(
    'is confirmed by the form, left as it is or without the client id: %o',
    async (fields) => {
      const authorizationServer = await stage.authorizationServer();
      const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
      const agent = await stage.agent({ env });
      const asked = await agent.connect(SERVER_NAME, { url: server.url });

      const page = await visit(String(asked.configUrl), { submitForms: false });
      expect(firstForm(page.body)?.fields).toMatchObject({ clientId: 'mcp-server', scope: 'mcp:tools' });
      const saved = await submitForm(page, fields);

      await visit(continueUrl(saved.body));
      expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'success', scope: 'mcp:tools' });
      expect(authorizationServer.requests('registration')).toHaveLength(1);
    },
  );

  it("does not ask where the user's file fixes the client", async () => {
    const { server } = await incidentManager(stage);
    const home = await stage.home({
      mcpServers: {
        [SERVER_NAME]: { url: server.url, oauth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET } },
      },
    });
    const agent = await stage.agent({ home, env });

    expect(await agent.connect(SERVER_NAME)).toMatchObject({ status: 'requires_auth', completion: 'callback' });
  });
});
