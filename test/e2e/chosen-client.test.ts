/**
 * Which client a sign-in uses, and what the agent is told to ask for where there is none (contract, sections 2 and 3).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { visit } from '../support/browser.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const DOCUMENT_URL = 'https://client.example/mcp-oauth-broker.json';
const RELAY = 'https://relay.example/callback';

describe('the client of a sign-in', () => {
  it.each([
    { where: 'the relay that client-metadata prints', args: {}, isDocument: true },
    { where: 'another redirect URI', args: { redirectUri: 'http://127.0.0.1:1/other' }, isDocument: false },
  ])('is the hosted document or not, with $where', async ({ args, isDocument }) => {
    const authorizationServer = await stage.authorizationServer();
    authorizationServer.bend({ endpoint: 'metadata', patch: { client_id_metadata_document_supported: true } });
    const server = await stage.server({ authorizationServer });
    const env = { MCP_OAUTH_CLIENT_METADATA_URL: DOCUMENT_URL, MCP_OAUTH_REDIRECT_URI: RELAY };
    const agent = await stage.agent({ env });

    const asked = await agent.connect('relayed', { url: server.url, flow: 'paste_back', ...args });

    const clientId = new URL(String(asked.authUrl)).searchParams.get('client_id');
    expect(clientId === DOCUMENT_URL).toBe(isDocument);
  });
});

describe('where the user has to bring a client', () => {
  it('says that its secret is needed also where a registration was refused', async () => {
    const authorizationServer = await stage.authorizationServer({ authMethods: ['client_secret_basic'] });
    authorizationServer.bend({ endpoint: 'registration', respond: { status: 403, body: { error: 'access_denied' } } });
    const server = await stage.server({ authorizationServer });
    const agent = await stage.agent({ env: { MCP_OAUTH_LOG: 'warn' } });

    expect(await agent.connect('closed', { url: server.url })).toMatchObject({
      reason: 'registration_rejected',
      oauthDiscovery: { needsClientSecret: true },
    });
    expect(agent.broker.stderr()).toContain('access_denied');
  });

  it.each([
    { fixed: { scope: 'mcp:tools' }, step: /oauth\.scope there/ },
    { fixed: {}, step: /with scope/ },
  ])("names the user's file for a refused scope only where the file fixes it: $fixed", async ({ fixed, step }) => {
    const { authorizationServer, server } = await incidentManager(stage, { server: { challengeScope: 'mcp:tools' } });
    const oauth = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, ...fixed };
    const agent = await stage.agent({ home: await stage.home({ mcpServers: { im: { url: server.url, oauth } } }) });
    const scope = 'scope' in fixed ? {} : { scope: 'mcp:tools' };
    const asked = await agent.connect('im', scope);
    authorizationServer.bend({
      endpoint: 'token',
      times: 1,
      respond: { status: 400, body: { error: 'invalid_scope' } },
    });
    await visit(String(asked.authUrl));

    const told = await agent.connect('im');

    expect(told).toMatchObject({ reason: 'scope_rejected' });
    expect(told.nextStep).toMatch(step);
  });
});
