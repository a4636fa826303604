/**
 * The local form where no sign-in could be discovered, and where the server takes a key: what it takes, tries and keeps.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { submitForm, visit } from '../support/browser.js';
import { composedBroker } from '../support/composed-broker.js';
import { signInDirectly } from '../support/direct-client.js';
import { firstForm } from '../support/html-form.js';
import { createStage } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const configUrlOf = (payload: object) => String('configUrl' in payload && payload.configUrl);

async function withoutDiscovery(challenge: 'bare' | 'none') {
  const authorizationServer = await stage.authorizationServer({
    resourceIndicators: false,
    clients: [{ clientId: 'by-hand' }],
  });
  const server = await stage.server({ authorizationServer, metadataAt: 'none', challenge });
  const agent = await stage.agent();
  const asked = await agent.connect('custom', { url: server.url });
  return { authorizationServer, server, agent, asked };
}

describe('the form for a server without discovery', () => {
  it('tries a token, stores it where the server takes it, and the agent never sees it', async () => {
    const { authorizationServer, server, agent, asked } = await withoutDiscovery('none');
    const { accessToken } = await signInDirectly(authorizationServer);

    const page = await visit(String(asked.configUrl), { submitForms: false });
    const wrong = await submitForm(page, { choice: 'token', token: 'not-a-token-of-this-server' });
    expect(wrong.status).toBe(422);
    expect(await agent.connect('custom')).toMatchObject({ status: 'requires_auth', authType: 'unknown' });
    expect((await submitForm(page, { choice: 'token', token: accessToken })).status).toBe(200);

    expect(await agent.connect('custom')).toMatchObject({ status: 'success', authType: 'bearer' });
    expect((await agent.callTool('custom', 'leak_token')).result.content).toEqual([
      { type: 'text', text: 'Authorization: Bearer [redacted]' },
    ]);
    expect(agent.everythingSaid()).not.toContain(accessToken);

    server.refuseTokensSeen();
    const refused = await agent.callTool('custom', 'whoami');
    expect(refused.payload).toMatchObject({ status: 'requires_auth', authType: 'bearer', reason: 'key_rejected' });
    expect(await agent.connect('custom')).toMatchObject({ reason: 'key_rejected', completion: 'form' });
    expect(await agent.clear('custom')).toMatchObject({
      cleared: { grants: 0, secrets: 1, clients: 0, pending: 0 },
      revocation: 'none',
    });
    expect(await agent.connect('custom')).toMatchObject({ authType: 'unknown', authUrl: null });
  });

  it('takes the endpoints and a client, and leads on to sign in', async () => {
    const { authorizationServer, agent, asked } = await withoutDiscovery('bare');
    const fields = {
      choice: 'endpoints',
      authorizationEndpoint: `${authorizationServer.issuer}/authorize`,
      tokenEndpoint: `${authorizationServer.issuer}/token`,
      clientId: 'by-hand',
      scope: 'mcp:tools',
    };

    const page = await visit(String(asked.configUrl), { submitForms: false });
    const saved = await submitForm(page, fields);

    expect(saved.status).toBe(200);
    const next = await agent.connect('custom');
    expect(next).toMatchObject({ status: 'requires_auth', authType: 'oauth2', scope: 'mcp:tools' });
    expect(saved.body).toContain(String(next.launchUrl));
    await visit(String(next.authUrl));
    expect(await agent.connect('custom')).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it.each([
    { case: 'a private address', url: 'https://192.168.0.1/authorize' },
    { case: 'plain http', url: 'http://auth.example.com/authorize' },
    { case: 'a script', url: 'javascript:alert(1)' },
    { case: 'nothing', url: '' },
  ])('shows the form again for endpoints that nobody must be sent to: $case', async ({ url }) => {
    const { authorizationServer, agent, asked } = await withoutDiscovery('bare');

    const page = await visit(String(asked.configUrl), { submitForms: false });
    const again = await submitForm(page, {
      choice: 'endpoints',
      authorizationEndpoint: url,
      tokenEndpoint: `${authorizationServer.issuer}/token`,
      clientId: 'by-hand',
    });

    expect(again.status).toBe(422);
    expect(again.body).toContain('<p class="field-problem" id="authorizationEndpoint-problem">');
    expect(again.body).toContain('value="endpoints" checked');
    expect(firstForm(again.body)?.fields).toMatchObject({
      authorizationEndpoint: url,
      tokenEndpoint: `${authorizationServer.issuer}/token`,
      clientId: 'by-hand',
    });
    expect(await agent.connect('custom')).toMatchObject({ authType: 'oauth2-bearer', authUrl: null });
  });

  it('never shows a secret again', async () => {
    const { asked } = await withoutDiscovery('bare');

    const page = await visit(String(asked.configUrl), { submitForms: false });
    const again = await submitForm(page, { choice: 'endpoints', clientSecret: 'do-not-show', token: 'nor-this' });

    expect(again.status).toBe(422);
    expect(again.body).not.toMatch(/do-not-show|nor-this/);
  });

  it.each([
    { wrong: 'token', fails: true },
    { wrong: 'authorization', fails: false },
  ])('comes again, filled in, after a sign-in at a wrong $wrong URL', async ({ fails }) => {
    const authorizationServer = await stage.authorizationServer({
      resourceIndicators: false,
      clients: [{ clientId: 'by-hand' }],
    });
    const server = await stage.server({ authorizationServer, metadataAt: 'none', challenge: 'bare' });
    const { broker, principal, advance } = stage.keep(await composedBroker());
    const connect = async () => ({ ...(await broker.connect(principal, { serverName: 'custom', url: server.url })) });
    const right = {
      authorizationEndpoint: `${authorizationServer.issuer}/authorize`,
      tokenEndpoint: `${authorizationServer.issuer}/token`,
    };
    const wrong = { ...right, [fails ? 'tokenEndpoint' : 'authorizationEndpoint']: `${authorizationServer.issuer}/no` };
    const form = await visit(configUrlOf(await connect()), { submitForms: false });
    await submitForm(form, { choice: 'endpoints', ...wrong, clientId: 'by-hand', scope: 'mcp:tools' });
    const begun = await connect();

    if (fails) {
      await visit(String('authUrl' in begun && begun.authUrl));
      expect(await connect()).toMatchObject({ status: 'error', code: 'token_request_failed' });
    } else advance(601_000);
    const again = await connect();
    expect(again).toMatchObject({ status: 'requires_auth', authType: 'oauth2', authUrl: null, completion: 'form' });
    expect(await connect()).toMatchObject({ completion: 'form' });
    const page = await visit(configUrlOf(again), { submitForms: false });
    expect(firstForm(page.body)?.fields).toMatchObject({ ...wrong, clientId: 'by-hand' });
    await submitForm(page, { choice: 'endpoints', ...right });

    const mended = await connect();
    await visit(String('authUrl' in mended && mended.authUrl));
    expect(await connect()).toMatchObject({ status: 'success', authType: 'oauth2' });
  });
});

describe('the form for a key', () => {
  it('takes an API key for the header that the file names', async () => {
    const server = await stage.server();
    const mcpServers = { acme: { url: server.url, auth: 'api_key', header: 'X-Acme-Key', headerPrefix: 'Key ' } };
    const agent = await stage.agent({ home: await stage.home({ mcpServers }) });
    const asked = await agent.connect('acme');
    expect(asked).toMatchObject({ status: 'requires_auth', authType: 'api_key', completion: 'form' });
    expect(asked).not.toHaveProperty('configUrl');
    const key = 'acme-key-0123456789';

    const page = await visit(String(asked.authUrl), { submitForms: false });
    expect((await submitForm(page, { key })).status).toBe(200);

    expect(await agent.connect('acme')).toMatchObject({ status: 'success', authType: 'api_key' });
    expect(server.requests('mcp').at(-1)?.headers['x-acme-key']).toBe(`Key ${key}`);
    expect(agent.everythingSaid()).not.toContain(key);
    expect(await agent.clear('acme')).toMatchObject({ cleared: { secrets: 1 } });
  });
});
