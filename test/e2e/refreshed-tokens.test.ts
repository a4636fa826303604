/**
 * What a token endpoint answers to a refresh: what of it is believed, kept, and sent where.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { createStage } from '../support/stage.js';

const NAME = 'answers';
const REFRESH = { endpoint: 'token', parameters: { grant_type: 'refresh_token' } } as const;
const YEAR_MS = 365 * 24 * 3_600_000;

const stage = createStage();
let signedIn: SignedIn;

beforeAll(async () => {
  signedIn = await signIn(stage, NAME, {
    authorizationServer: { rotateRefreshTokens: false },
    broker: { env: { MCP_OAUTH_LOG: 'debug' } },
  });
});
afterAll(() => stage.close());

async function refreshTo(patch: Readonly<Record<string, unknown>>) {
  const { agent, authorizationServer, grants } = signedIn;
  await grants.expire(NAME);
  const before = (await grants.find(NAME))?.value;
  authorizationServer.bend({ ...REFRESH, patch, times: 1 });
  const called = await agent.callTool(NAME, 'whoami');
  const after = (await grants.find(NAME))?.value;
  authorizationServer.straighten();
  return { called, before, after };
}

const WORKS = { isOurs: false, payload: { subject: 'alice' } };

describe('an answer to a refresh', () => {
  it.each([
    ['access_token', 'CR and LF', 'canary-token\r\nX-Evil: 1'],
    ['access_token', 'NUL', 'canary-token\0'],
    ['access_token', 'a line separator', 'canary-token\u2028'],
    ['refresh_token', 'CR and LF', 'canary-token\r\nX-Evil: 1'],
    ['access_token', 'a blank', 'canary token'],
  ])('T48 whose %s holds %s is refused, and shown nowhere', async (member, _what, token) => {
    const { agent, server } = signedIn;
    const { called, before, after } = await refreshTo({ [member]: token });

    expect(called.payload).toMatchObject({ status: 'error', code: 'token_request_failed', retryable: false });
    expect(after).toEqual(before);
    expect(agent.everythingSaid()).not.toContain('canary');
    expect(server.authorizationsSeen().join()).not.toContain('canary');
    expect(await agent.callTool(NAME, 'whoami')).toMatchObject(WORKS);
  });

  it.each([
    ['is missing', undefined, undefined],
    ['is a string', '3600', 3_600_000],
    ['is negative', -1, undefined],
    ['is beyond every bound', 1e308, 10 * YEAR_MS],
    ['is null', null, undefined],
    ['is no number', 'soon', undefined],
    ['is an object', { seconds: 3600 }, undefined],
  ])('T50 whose expires_in %s is bounded or not known, and works', async (_what, expiresIn, lifetimeMs) => {
    const { called, after } = await refreshTo({ expires_in: expiresIn });

    expect(called).toMatchObject(WORKS);
    const lastsMs = after?.expiresAt === undefined ? undefined : after.expiresAt - after.obtainedAt;
    if (lifetimeMs === undefined) expect(lastsMs ?? 0).toBeLessThanOrEqual(0);
    else expect(lastsMs).toBe(lifetimeMs);
    expect(await signedIn.agent.connect(NAME)).toMatchObject({ status: 'success' });
  });

  it('T52 without a refresh token leaves the old one, and what it narrows is recorded', async () => {
    const { called, before, after } = await refreshTo({ refresh_token: undefined, scope: 'mcp:less' });

    expect(called).toMatchObject(WORKS);
    expect(after?.refreshToken).toBe(before?.refreshToken);
    expect(after?.scope).toBe('mcp:less');
    expect(await signedIn.agent.connect(NAME)).toMatchObject({ scope: 'mcp:less' });
    // A step-up asks for what was asked for, not for what was left of it.
    expect(after?.requestedScope).toBe(before?.requestedScope);
  });

  it('T52 with a new refresh token replaces the old one, which is never sent again', async () => {
    const { after } = await refreshTo({ refresh_token: 'the-next-one' });

    expect(after?.refreshToken).toBe('the-next-one');
  });

  it('T53 is for one server: another one with the same authorization server and user gets nothing of it', async () => {
    const { agent, authorizationServer } = signedIn;
    const other = await stage.server({ authorizationServer });

    expect(await agent.connect('neighbour', { url: other.url })).toMatchObject({ status: 'requires_auth' });
    expect(await agent.callTool('neighbour', 'whoami')).toMatchObject({ payload: { status: 'requires_auth' } });
    expect(other.authorizationsSeen()).toEqual([]);
  });
});
