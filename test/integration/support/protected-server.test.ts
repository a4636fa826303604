import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuthorizationServerFixture, startAuthorizationServer } from '../../support/authorization-server.js';
import { signInDirectly } from '../../support/direct-client.js';
import {
  type McpEra,
  type ProtectedServerFixture,
  type ProtectedServerOptions,
  startProtectedServer,
} from '../../support/protected-server.js';

let authorizationServer: AuthorizationServerFixture;
let server: ProtectedServerFixture;
let clients: Client[] = [];

beforeEach(async () => {
  authorizationServer = await startAuthorizationServer();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await server.close();
  await authorizationServer.close();
});

const start = async (options: ProtectedServerOptions = {}) => {
  server = await startProtectedServer({ authorizationServer, ...options });
};

const tokenFor = async (scope = 'mcp:tools') =>
  (await signInDirectly(authorizationServer, { resource: server.url, scope })).accessToken;

async function connect(token: string | undefined, era: McpEra = 'legacy'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const options = { requestInit: { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } } };
  const url = new URL(server.url);
  await client.connect(
    era === 'sse' ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options),
  );
  clients.push(client);
  return client;
}

const post = (body: unknown, token?: string) =>
  fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

describe('protected server fixture', () => {
  it.each<[McpEra, string]>([
    ['legacy', '2025-11-25'],
    ['modern', '2026-07-28'],
    ['both', '2026-07-28'],
    ['sse', '2025-11-25'],
  ])('serves its tools to a bearer of a token: %s', async (era, protocolVersion) => {
    await start({ era });
    const client = await connect(await tokenFor(), era);
    expect(client.getNegotiatedProtocolVersion()).toBe(protocolVersion);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    const result = await client.callTool({ name: 'whoami', arguments: {} });
    expect(result.structuredContent).toEqual({ subject: 'alice', scope: 'mcp:tools' });
    expect(server.callCount('whoami')).toBe(1);
  });

  it('names its metadata in the challenge, and the authorization server in its metadata', async () => {
    await start({ challengeScope: 'mcp:tools' });
    const refused = await post(INITIALIZE);
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('scope="mcp:tools"');
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
    expect(metadataUrl).toBe(`${server.origin}/.well-known/oauth-protected-resource/mcp`);
    expect(await (await fetch(metadataUrl)).json()).toMatchObject({
      resource: server.url,
      authorization_servers: [authorizationServer.issuer],
    });
  });

  it('refuses a token for another resource, and tokens that a test declares revoked', async () => {
    await start();
    const foreign = await signInDirectly(authorizationServer, { resource: 'http://127.0.0.1:9/other' });
    expect((await post(INITIALIZE, foreign.accessToken)).status).toBe(401);
    const token = await tokenFor();
    expect((await post(INITIALIZE, token)).status).toBe(200);
    server.refuseTokensSeen();
    const refused = await post(INITIALIZE, token);
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('asks for more scope for one tool', async () => {
    const toolsRequiringScope: Record<string, string> = { write_note: 'mcp:write' };
    await start({ era: 'modern', toolsRequiringScope });
    const call = async (scope: string) =>
      (await connect(await tokenFor(scope))).callTool({ name: 'write_note', arguments: { text: 'x' } });
    await expect(call('mcp:tools')).rejects.toThrow();
    expect(server.callCount()).toBe(0);
    expect((await call('mcp:tools mcp:write')).content).toEqual([{ type: 'text', text: 'noted: x' }]);
    toolsRequiringScope.write_note = 'mcp:admin';
    await expect(call('mcp:tools mcp:write')).rejects.toThrow();
  });

  it('lets initialize through where only calls need a token', async () => {
    await start({ requireAuthFor: ['tools/call'] });
    const client = await connect(undefined);
    expect((await client.listTools()).tools.length).toBeGreaterThan(0);
    await expect(client.callTool({ name: 'echo', arguments: { text: 'x' } })).rejects.toThrow();
  });

  it('hides behind 404 without a challenge, with its metadata at the root only', async () => {
    await start({ refusalStatus: 404, metadataAt: 'root', metadata: { resource: 'https://victim.example/mcp' } });
    const refused = await post(INITIALIZE);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([404, null]);
    expect((await fetch(`${server.origin}/.well-known/oauth-protected-resource/mcp`)).status).toBe(404);
    expect(await (await fetch(`${server.origin}/.well-known/oauth-protected-resource`)).json()).toMatchObject({
      resource: 'https://victim.example/mcp',
    });
  });

  it('forgets its sessions on command', async () => {
    await start();
    const client = await connect(await tokenFor());
    expect(await server.dropSessions()).toBe(1);
    await expect(client.listTools()).rejects.toThrow();
  });

  it('serves under the origin of its authorization server, as in 2025-03-26', async () => {
    await start({ underAuthorizationServer: true, metadataAt: 'none' });
    expect(server.url).toBe(`${authorizationServer.issuer}/mcp`);
    expect((await post(INITIALIZE)).status).toBe(401);
    expect((await post(INITIALIZE, await tokenFor())).status).toBe(200);
  });
});
