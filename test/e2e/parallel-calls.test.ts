/**
 * Many calls at once, calls that are refused, and calls that are given up: each is done once or not at all.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'busy';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;
const WORKS = { isOurs: false, payload: { subject: 'alice' } };

const stage = createStage();
afterEach(() => stage.close());

describe('calls at the same time', () => {
  it.each(['by the clock', 'unforeseen'])(
    'R06 share one refresh when the token ended %s, and each runs once',
    async (how) => {
      const { agent, authorizationServer, grants, server } = await signIn(stage, NAME);
      if (how === 'by the clock') await grants.expire(NAME);
      else authorizationServer.dropAccessTokens();

      const calls = await Promise.all(Array.from({ length: 50 }, () => agent.callTool(NAME, 'whoami')));

      for (const called of calls) expect(called).toMatchObject(WORKS);
      expect(authorizationServer.refreshCount()).toBe(1);
      expect(server.callCount('whoami')).toBe(50);
    },
  );

  it('R13 register one client and begin one sign-in, in two processes at once', async () => {
    const authorizationServer = await stage.authorizationServer();
    const server = await stage.server({ authorizationServer });
    const home = await stage.home();
    const agents = await Promise.all([stage.agent({ home }), stage.agent({ home })]);

    const connects = Array.from({ length: 10 }, (_, index) => agents[index % 2]?.connect(NAME, { url: server.url }));
    const payloads = await Promise.all(connects);

    expect(new Set(payloads.map((payload) => payload?.authUrl)).size).toBe(1);
    expect(payloads[0]).toMatchObject({ status: 'requires_auth' });
    expect(authorizationServer.requests('registration')).toHaveLength(1);
  });
});

describe('a token that is refused though it has not expired', () => {
  it('R14 is refreshed once, and the call tried once more', async () => {
    const { agent, authorizationServer, server } = await signIn(stage, NAME);
    server.refuseTokensSeen();

    expect(await agent.callTool(NAME, 'write_note', { text: 'once' })).toMatchObject({ isOurs: false });
    expect(authorizationServer.refreshCount()).toBe(1);
    expect(server.callCount('write_note')).toBe(1);
  });

  it('R14 and whose successor is refused as well: sign in again, and no refresh after that', async () => {
    const { agent, authorizationServer, server } = await signIn(stage, NAME);
    const refusal = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } };
    server.bend({ endpoint: 'mcp', respond: refusal });
    server.forgetRequests();

    const told = await agent.callTool(NAME, 'whoami');

    expect(told).toMatchObject({ isOurs: true, payload: { status: 'requires_auth', reason: 'token_rejected' } });
    expect(server.authorizationsSeen()).toHaveLength(2);
    for (let count = 0; count < 3; count += 1) {
      expect(await agent.callTool(NAME, 'whoami')).toMatchObject({ payload: { authUrl: told.payload.authUrl } });
    }
    expect(authorizationServer.refreshCount()).toBe(1);
    server.straighten();
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject(WORKS);
  });

  it('and whose refresh fails is no reason to sign in again', async () => {
    const { agent, authorizationServer, server } = await signIn(stage, NAME);
    server.refuseTokensSeen();
    authorizationServer.bend({ ...REFRESH, respond: { status: 503 }, times: 1 });

    expect(await agent.callTool(NAME, 'whoami')).toMatchObject({
      isOurs: true,
      payload: { status: 'error', code: 'token_request_failed', retryable: true },
    });
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject(WORKS);
  });
});

describe('a call that is given up while its token is refreshed', () => {
  it('R16 leaves the refresh to its end, and the next call has the new token', async () => {
    const { agent, authorizationServer, grants, server } = await signIn(stage, NAME);
    await grants.expire(NAME);
    const before = (await grants.find(NAME))?.value;
    const caller = new AbortController();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const acted = new Promise<void>((resolve) => {
      authorizationServer.bend({ ...REFRESH, times: 1, onForwarded: resolve, holdAfter: held });
    });
    const call = agent.broker.client.callTool(
      { name: 'call_mcp_tool', arguments: { serverName: NAME, toolName: 'write_note', arguments: { text: 'never' } } },
      { signal: caller.signal } as never,
    );
    await acted;
    caller.abort();
    await expect(call).rejects.toThrow();
    release();

    await expect.poll(async () => (await grants.find(NAME))?.value.accessToken).not.toBe(before?.accessToken);
    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'active' });
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject(WORKS);
    expect(authorizationServer.refreshCount()).toBe(1);
    expect(server.callCount('write_note')).toBe(0);
  });
});
