/**
 * Step-up: a call that needs more scope than was granted (contract, section 3; T22).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../support/agent.js';
import { isCallback, visit } from '../support/browser.js';
import { CLIENT_ID, CLIENT_SECRET, incidentManager } from '../support/incident-manager.js';
import { createStage, writeServersFile } from '../support/stage.js';

const stage = createStage();
afterEach(() => stage.close());

const SCOPES = ['notes:read', 'notes:write', 'notes:a', 'notes:b', 'notes:c', 'notes:d'];

async function signedIn(toolsRequiringScope: Record<string, string>) {
  const authorizationServer = await stage.authorizationServer({ scopes: SCOPES });
  const server = await stage.server({ authorizationServer, challengeScope: 'notes:read', toolsRequiringScope });
  const agent = await stage.agent();
  const asked = await agent.connect('notes', { url: server.url });
  await visit(String(asked.authUrl));
  expect(await agent.connect('notes')).toMatchObject({ status: 'success', scope: 'notes:read' });
  return { authorizationServer, server, agent };
}

const writeNote = (agent: Agent) => agent.callTool('notes', 'write_note', { text: 'hello' });

async function stateOf(agent: Agent) {
  const { payload } = await agent.call('list_mcp_servers', { serverName: 'notes' });
  const [server] = payload.servers as readonly { readonly accounts: readonly { state: string; reason?: string }[] }[];
  const { state, reason } = server?.accounts[0] ?? {};
  return { state, ...(reason !== undefined && { reason }) };
}

describe('a tool that needs more scope', () => {
  it('asks for the union of scopes, says what is new, and keeps the grant in hand until the new one arrives', async () => {
    const { authorizationServer, server, agent } = await signedIn({ write_note: 'notes:write' });

    const refused = await writeNote(agent);

    expect(refused).toMatchObject({
      isOurs: true,
      payload: {
        status: 'requires_auth',
        authType: 'oauth2',
        reason: 'insufficient_scope',
        scope: 'notes:read notes:write',
        addedScope: 'notes:write',
        completion: 'callback',
      },
    });
    expect(new URL(String(refused.payload.authUrl)).searchParams.get('scope')).toBe('notes:read notes:write');
    expect(await stateOf(agent)).toEqual({ state: 'auth_required', reason: 'insufficient_scope' });
    expect(await agent.callTool('notes', 'whoami')).toMatchObject({ isOurs: false, payload: { scope: 'notes:read' } });
    expect((await writeNote(agent)).payload).toEqual(refused.payload);
    expect(await agent.connect('notes')).toEqual(refused.payload);
    expect(await agent.callTool('notes', 'whoami')).toMatchObject({ isOurs: false });
    expect(await stateOf(agent)).toEqual({ state: 'connected' });
    expect(server.callCount('write_note')).toBe(0);

    await visit(String(refused.payload.authUrl));
    expect((await writeNote(agent)).result.content).toEqual([{ type: 'text', text: 'noted: hello' }]);
    expect(server.callCount('write_note')).toBe(1);
    expect(await agent.connect('notes')).toMatchObject({ status: 'success', scope: 'notes:read notes:write' });
    expect(authorizationServer.requests('registration')).toHaveLength(1);
    expect(authorizationServer.requests('revocation')).toHaveLength(0);
  });

  it('waits on when the caller says again the scope that it has always named', async () => {
    const { agent } = await signedIn({ write_note: 'notes:write' });
    const named = await agent.connect('notes', { scope: 'notes:read', account: 'work' });
    await visit(String(named.authUrl));
    await agent.connect('notes', { scope: 'notes:read', account: 'work' });
    const { payload } = await agent.call('call_mcp_tool', {
      serverName: 'notes',
      toolName: 'write_note',
      arguments: { text: 'hello' },
      account: 'work',
    });
    expect(payload).toMatchObject({ reason: 'insufficient_scope', scope: 'notes:read notes:write' });

    expect(await agent.connect('notes', { scope: 'notes:read', account: 'work' })).toEqual(payload);
    expect(await agent.connect('notes', { scope: 'notes:a', account: 'work' })).toMatchObject({ scope: 'notes:a' });
  });

  it('keeps what it asks for, and why, when the flow of the waiting sign-in is changed', async () => {
    const { agent } = await signedIn({ write_note: 'notes:write' });
    const { payload } = await writeNote(agent);

    const pasted = await agent.connect('notes', { flow: 'paste_back' });

    expect(pasted).toMatchObject({
      completion: 'paste_back',
      reason: 'insufficient_scope',
      scope: 'notes:read notes:write',
      addedScope: 'notes:write',
    });
    expect(pasted.authUrl).not.toBe(payload.authUrl);
  });

  it('keeps the grant in hand where the user refuses the new one', async () => {
    const { agent } = await signedIn({ write_note: 'notes:write' });
    const { payload } = await writeNote(agent);
    await visit(String(payload.authUrl), { deny: true });

    expect(await agent.connect('notes')).toMatchObject({ code: 'authorization_denied' });
    expect(await agent.connect('notes')).toMatchObject({ status: 'success', scope: 'notes:read' });
    expect(await agent.callTool('notes', 'whoami')).toMatchObject({ isOurs: false, payload: { scope: 'notes:read' } });
  });

  it('is done with the new grant when it is called in the moment in which the user allows it', async () => {
    const { authorizationServer, server, agent } = await signedIn({ write_note: 'notes:write' });
    const { payload } = await writeNote(agent);
    const { finalUrl } = await visit(String(payload.authUrl), { stopBefore: isCallback });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    authorizationServer.bend({ endpoint: 'token', holdAfter: held });

    const answering = fetch(finalUrl);
    await expect.poll(() => authorizationServer.requests('token').length).toBe(2);
    const calling = writeNote(agent);
    await expect.poll(() => server.requests('mcp', { method: 'tools/call', name: 'write_note' }).length).toBe(2);
    release();

    expect((await answering).status).toBe(200);
    expect((await calling).result.content).toEqual([{ type: 'text', text: 'noted: hello' }]);
    expect(await agent.connect('notes')).toMatchObject({ status: 'success', scope: 'notes:read notes:write' });
  });

  it('is for the user to configure where the scope of a step-up is refused', async () => {
    const { authorizationServer, agent } = await signedIn({ write_note: 'notes:write' });
    const { payload } = await writeNote(agent);
    const callback = new URL(String(payload.redirectUri));
    const state = new URL(String(payload.authUrl)).searchParams.get('state') ?? '';
    callback.search = new URLSearchParams({
      state,
      error: 'invalid_scope',
      iss: authorizationServer.issuer,
    }).toString();
    await fetch(callback);

    expect(await agent.connect('notes')).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'scope_rejected',
    });
    expect(await agent.callTool('notes', 'whoami')).toMatchObject({ isOurs: false });
  });

  it('asks for a client first where there is none any more', async () => {
    const { authorizationServer, server } = await incidentManager(stage, {
      scopes: SCOPES,
      server: { challengeScope: 'notes:read', toolsRequiringScope: { write_note: 'notes:write' } },
    });
    const oauth = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
    const home = await stage.home({ mcpServers: { notes: { url: server.url, oauth } } });
    const agent = await stage.agent({ home });
    await visit(String((await agent.connect('notes')).authUrl));
    expect(await agent.connect('notes')).toMatchObject({ status: 'success', scope: 'notes:read' });
    await writeServersFile(home, { mcpServers: { notes: { url: server.url } } });

    const refused = await writeNote(agent);

    expect(refused.payload).toMatchObject({
      status: 'requires_oauth_config',
      reason: 'insufficient_scope',
      oauthDiscovery: {
        issuer: authorizationServer.issuer,
        suggestedScope: 'notes:read notes:write',
        needsClientSecret: true,
      },
    });
    expect(await agent.callTool('notes', 'whoami')).toMatchObject({ isOurs: false, payload: { scope: 'notes:read' } });
    const given = await agent.connect('notes', oauth);
    expect(given).toMatchObject({ status: 'success', scope: 'notes:read' });
    const stepUp = await writeNote(agent);
    expect(stepUp.payload).toMatchObject({ status: 'requires_auth', addedScope: 'notes:write' });
    await visit(String(stepUp.payload.authUrl));
    expect((await writeNote(agent)).isOurs).toBe(false);
  });
});

describe('T22 a server that never has enough', () => {
  it('gets three authorization requests without a success of the same tool, the first sign-in included', async () => {
    const toolsRequiringScope: Record<string, string> = { write_note: 'notes:a' };
    const { authorizationServer, server, agent } = await signedIn(toolsRequiringScope);
    for (const next of ['notes:b', 'notes:c']) {
      const { payload } = await writeNote(agent);
      expect(payload).toMatchObject({ status: 'requires_auth', addedScope: toolsRequiringScope.write_note });
      await visit(String(payload.authUrl));
      toolsRequiringScope.write_note = next;
    }

    const last = await writeNote(agent);

    expect(last.payload).toMatchObject({ status: 'error', code: 'insufficient_scope', retryable: false });
    expect((await writeNote(agent)).payload).toMatchObject({ code: 'insufficient_scope' });
    const other = await stage.agent({ home: agent.broker.home });
    expect((await writeNote(other)).payload).toMatchObject({ code: 'insufficient_scope' });
    expect(authorizationServer.requests('authorization', { response_type: 'code' })).toHaveLength(3);
    expect(await agent.callTool('notes', 'whoami')).toMatchObject({ isOurs: false });
    expect(server.callCount('write_note')).toBe(0);
  });

  it('begins to count anew after a success of that tool, also one through another process', async () => {
    const toolsRequiringScope: Record<string, string> = { write_note: 'notes:a' };
    const { agent } = await signedIn(toolsRequiringScope);
    const other = await stage.agent({ home: agent.broker.home });
    for (const scope of ['notes:a', 'notes:b', 'notes:c', 'notes:d']) {
      toolsRequiringScope.write_note = scope;
      const { payload } = await writeNote(agent);
      expect(payload).toMatchObject({ status: 'requires_auth', addedScope: scope });
      await visit(String(payload.authUrl));
      expect((await writeNote(other)).isOurs).toBe(false);
    }
  });
});
