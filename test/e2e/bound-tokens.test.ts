/**
 * Tokens that are bound to a key (RFC 9449), in processes that have nothing in common but the vault.
 */
import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { filesOf, findSecrets } from '../support/secret-scan.js';
import { signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'bound';
const stage = createStage();
afterEach(() => stage.close());

describe('a second process', () => {
  it('refreshes and calls with the key of the first, which is seen nowhere', async () => {
    const { authorizationServer, server, home, agent, grants } = await signIn(stage, NAME, {
      authorizationServer: { dpop: 'nonce', pushedAuthorizationRequests: 'required' },
      server: { dpop: 'nonce' },
      broker: { env: { MCP_OAUTH_LOG: 'debug' } },
    });
    const second = await stage.agent({ home, clientName: 'second-host', env: { MCP_OAUTH_LOG: 'debug' } });
    const before = (await grants.find(NAME))?.value;
    await grants.expire(NAME);

    expect(await second.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });

    const after = (await grants.find(NAME))?.value;
    expect(after?.accessToken).not.toBe(before?.accessToken);
    expect(after?.dpopKey).toEqual(before?.dpopKey);
    const refreshes = authorizationServer.requests('token', { grant_type: 'refresh_token' });
    // The second process learns the nonce by its first request.
    expect(refreshes.map(({ headers }) => decodeJwt(String(headers.dpop)).nonce)).toEqual([
      undefined,
      expect.any(String),
    ]);
    expect(server.authorizationsSeen().every((authorization) => authorization.startsWith('DPoP '))).toBe(true);

    const { d = '' } = after?.dpopKey?.privateJwk ?? {};
    expect(d).toHaveLength(43);
    const listed = await second.call('list_mcp_servers', { serverName: NAME });
    const places = {
      ...(await filesOf(home.path)),
      'what the first said': agent.everythingSaid(),
      'what the second said': second.everythingSaid(),
      'the status': JSON.stringify(listed.result),
    };
    expect(findSecrets({ key: [d, Buffer.from(d, 'base64url').toString('hex')] }, places)).toEqual([]);

    expect(await second.clear(NAME)).toMatchObject({ status: 'success', revocation: 'revoked' });
    expect(await grants.find(NAME)).toBeUndefined();
  });
});
