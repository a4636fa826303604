/**
 * Servers that want tokens bound to a key (RFC 9449): a real authorization server binds them, and a protected server
 * verifies every proof with a library that is not ours.
 */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import type { Outcome, ProxiedCall } from '../../../src/broker/index.js';
import { ownerTuple } from '../../../src/core/principal.js';
import type { Grant } from '../../../src/vault/index.js';
import type { AuthorizationServerFixture, AuthorizationServerOptions } from '../../support/authorization-server.js';
import { visit } from '../../support/browser.js';
import { type ComposedBroker, composedBroker } from '../../support/composed-broker.js';
import type { ProtectedServerFixture, ProtectedServerOptions } from '../../support/protected-server.js';
import { createStage } from '../../support/stage.js';
import type { TemporaryHome } from '../../support/temporary-home.js';
import { NAME as UNATTENDED, unattended } from '../../support/unattended-story.js';

const NAME = 'bound';
const DEVICE_INTERVAL_MS = 5_000;
const DONE = { kind: 'upstream', result: { structuredContent: { subject: 'alice' } } };
const stage = createStage();
afterEach(() => stage.close());

interface Story {
  readonly authorizationServer: AuthorizationServerFixture;
  readonly server: ProtectedServerFixture;
  readonly home: TemporaryHome;
  readonly composed: ComposedBroker;
}

async function begin(
  authorizationServer: AuthorizationServerOptions,
  server: Omit<ProtectedServerOptions, 'authorizationServer'>,
): Promise<Story> {
  const issuing = await stage.authorizationServer({ dpop: true, ...authorizationServer });
  const home = await stage.home();
  return {
    authorizationServer: issuing,
    server: await stage.server({ authorizationServer: issuing, challengeScope: 'mcp:tools', ...server }),
    home,
    composed: stage.keep(await composedBroker({ home })),
  };
}

const connect = ({ composed, server }: Story, args: Readonly<Record<string, unknown>> = {}): Promise<Outcome> =>
  composed.broker.connect(composed.principal, { serverName: NAME, url: server.url, ...args });

const whoami = ({ composed }: Story, other: ComposedBroker = composed): Promise<ProxiedCall> =>
  other.broker.callTool(other.principal, { serverName: NAME, toolName: 'whoami' });

async function signIn(story: Story): Promise<Outcome> {
  const asked = await connect(story);
  if (asked.status !== 'requires_auth') throw new Error(JSON.stringify(asked));
  await visit(String(asked.authUrl));
  return connect(story);
}

async function storedGrant({ composed }: Story): Promise<Grant | undefined> {
  const { team, user } = composed.principal;
  return (await (await composed.vault()).grants.get([...ownerTuple({ team, user }), NAME, 'default']))?.value;
}

const proofsAt = (requests: readonly { readonly headers: Readonly<Record<string, unknown>> }[]): readonly string[] =>
  requests.flatMap(({ headers }) => (typeof headers.dpop === 'string' ? [headers.dpop] : []));

const schemesSeen = ({ server }: Story) => [
  ...new Set(server.authorizationsSeen().map((authorization) => authorization.split(' ')[0])),
];

describe.each([
  ['challenges with DPoP alone', 'required', 'opaque'],
  ['challenges with DPoP beside Bearer', 'offered', 'opaque'],
  ['says so in its metadata alone', 'metadata', 'jwt'],
] as const)('a server that %s', (_what, dpop, accessTokenFormat) => {
  it('gets tokens that are bound to a key, with a new proof each time', async () => {
    const story = await begin({ accessTokenFormat }, { dpop });
    expect(await signIn(story)).toMatchObject({ status: 'success', authType: 'oauth2', scope: 'mcp:tools' });
    expect(await whoami(story)).toMatchObject(DONE);

    expect(schemesSeen(story)).toEqual(['DPoP']);
    const proofs = proofsAt(story.server.requests('mcp'));
    expect(new Set(proofs.map((proof) => decodeJwt(proof).jti)).size).toBe(proofs.length);
    expect(decodeProtectedHeader(proofs[0] ?? '')).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' });
    const [authorization] = story.authorizationServer.requests('authorization');
    expect(authorization?.parameters.dpop_jkt).toEqual(expect.any(String));
  });
});

describe('a server that asks for nothing of the kind', () => {
  it('gets Bearer tokens, though its authorization server could bind them', async () => {
    const story = await begin({}, {});
    expect(await signIn(story)).toMatchObject({ status: 'success' });
    expect(schemesSeen(story)).toEqual(['Bearer']);
    expect(proofsAt([...story.server.requests(), ...story.authorizationServer.requests()])).toEqual([]);
    expect(await storedGrant(story)).not.toHaveProperty('dpopKey');
  });
});

describe('a server that takes both, at an authorization server that binds nothing', () => {
  it('gets Bearer tokens', async () => {
    const story = await begin({ dpop: false }, { dpop: 'offered' });
    expect(await signIn(story)).toMatchObject({ status: 'success' });
    expect(schemesSeen(story)).toEqual(['Bearer']);
  });

  it('gets Bearer tokens where that only says that it could', async () => {
    const story = await begin({ dpop: false }, { dpop: 'offered' });
    story.authorizationServer.bend({ endpoint: 'metadata', patch: { dpop_signing_alg_values_supported: ['ES256'] } });
    expect(await signIn(story)).toMatchObject({ status: 'success' });
    expect(proofsAt(story.authorizationServer.requests('token'))).toHaveLength(1);
    expect(schemesSeen(story)).toEqual(['Bearer']);
  });
});

describe('a server that wants nothing else, at an authorization server that binds nothing', () => {
  it('gets no token at all', async () => {
    const story = await begin({ dpop: false }, { dpop: 'required' });
    expect(await signIn(story)).toMatchObject({ status: 'error', code: 'token_request_failed', retryable: false });
    expect(schemesSeen(story)).toEqual([]);
    expect(await storedGrant(story)).toBeUndefined();
  });

  it('with no algorithm that we have is told at once', async () => {
    const story = await begin({}, { metadata: { dpop_signing_alg_values_supported: ['ES256K'] }, dpop: 'required' });
    expect(await connect(story)).toMatchObject({ status: 'error', code: 'authorization_failed', retryable: false });
  });
});

describe('nonces of both servers', () => {
  const setting = [{ dpop: 'nonce', pushedAuthorizationRequests: 'required' }, { dpop: 'nonce' }] as const;

  it('are in every proof that follows, and each request is sent once more at most', async () => {
    const story = await begin(...setting);
    expect(await signIn(story)).toMatchObject({ status: 'success' });
    expect(await whoami(story)).toMatchObject(DONE);

    const { authorizationServer, server } = story;
    // The push learns the nonce that the token request then has already.
    expect(authorizationServer.requests('pushed_authorization')).toHaveLength(2);
    expect(authorizationServer.requests('token')).toHaveLength(1);
    const nonces = proofsAt(server.requests('mcp')).map((proof) => decodeJwt(proof).nonce);
    expect(nonces.filter((nonce) => nonce === undefined)).toHaveLength(1);
    expect(server.callCount('whoami')).toBe(1);
  });

  it('of the server may change at any time', async () => {
    const story = await begin(...setting);
    await signIn(story);
    for (let round = 1; round <= 3; round += 1) {
      story.server.rotateNonce();
      expect(await whoami(story)).toMatchObject(DONE);
      expect(story.server.callCount('whoami')).toBe(round);
    }
    expect(story.authorizationServer.requests('token')).toHaveLength(1);
  });

  it('are learnt by every process for itself', async () => {
    const story = await begin(...setting);
    await signIn(story);
    const other = stage.keep(await composedBroker({ home: story.home }));
    expect(await whoami(story, other)).toMatchObject(DONE);
    expect(proofsAt(story.server.requests('mcp')).filter((proof) => decodeJwt(proof).nonce === undefined)).not.toEqual(
      [],
    );
  });
});

describe('a refresh', () => {
  it('keeps the key, in another process too, and the old token is good for nothing without it', async () => {
    const story = await begin({ dpop: 'nonce' }, { dpop: 'nonce' });
    await signIn(story);
    const before = await storedGrant(story);
    story.authorizationServer.dropAccessTokens();
    const other = stage.keep(await composedBroker({ home: story.home }));

    expect(await whoami(story, other)).toMatchObject(DONE);

    const after = await storedGrant(story);
    expect(after?.accessToken).not.toBe(before?.accessToken);
    expect(after?.dpopKey).toEqual(before?.dpopKey);
    expect(schemesSeen(story)).toEqual(['DPoP']);
    expect(await whoami(story)).toMatchObject(DONE);
    const refreshes = story.authorizationServer.requests('token', { grant_type: 'refresh_token' });
    expect(refreshes.every(({ headers }) => typeof headers.dpop === 'string')).toBe(true);

    const stolen = { authorization: `Bearer ${after?.accessToken}`, 'content-type': 'application/json' };
    const response = await fetch(story.server.url, { method: 'POST', headers: stolen, body: '{}' });
    expect(response.status).toBe(401);
  });

  it('that is answered with an unbound token changes nothing', async () => {
    const story = await begin({}, { dpop: 'required' });
    await signIn(story);
    const before = await storedGrant(story);
    story.authorizationServer.dropAccessTokens();
    story.authorizationServer.bend({ endpoint: 'token', times: 1, patch: { token_type: 'Bearer' } });
    expect(await whoami(story)).toMatchObject({ kind: 'outcome', outcome: { code: 'token_request_failed' } });
    expect((await storedGrant(story))?.accessToken).toBe(before?.accessToken);
    expect(schemesSeen(story)).toEqual(['DPoP']);
  });
});

describe('a grant that came another way', () => {
  it('by device code is bound as well', async () => {
    const story = await begin({ dpop: 'nonce', deviceFlow: true }, { dpop: 'nonce' });
    const asked = await connect(story, { flow: 'device' });
    if (asked.status !== 'requires_auth') throw new Error(JSON.stringify(asked));
    await visit(String(asked.authUrl));
    story.composed.advance(DEVICE_INTERVAL_MS);
    expect(await connect(story)).toMatchObject({ status: 'success' });
    expect(await whoami(story)).toMatchObject(DONE);
    expect(schemesSeen(story)).toEqual(['DPoP']);
  });

  it('without a user is bound as well, each token to a key of its own', async () => {
    const {
      authorizationServer,
      server,
      composed,
      connect: connectNow,
      call,
      grants,
    } = await unattended(stage, {
      authorizationServer: { dpop: 'nonce' },
      server: { dpop: 'nonce' },
    });
    expect(await connectNow()).toMatchObject({ status: 'success' });
    const before = (await grants.find(UNATTENDED))?.value;
    composed.advance(3_600_000);
    expect(await call('whoami')).toMatchObject({ kind: 'upstream' });
    const after = (await grants.find(UNATTENDED))?.value;
    expect(after?.dpopKey?.privateJwk.d).toEqual(expect.any(String));
    expect(after?.dpopKey?.privateJwk.d).not.toBe(before?.dpopKey?.privateJwk.d);
    expect(server.authorizationsSeen().every((authorization) => authorization.startsWith('DPoP '))).toBe(true);
    expect(authorizationServer.requests('token').every(({ headers }) => headers.dpop !== undefined)).toBe(true);
  });
});

describe('a step-up', () => {
  it('is bound again, though its refusal says nothing of it', async () => {
    const story = await begin({}, { dpop: 'required' });
    await signIn(story);
    const { composed, server } = story;
    server.bend({
      endpoint: 'mcp',
      parameters: { method: 'tools/call', name: 'write_note' },
      times: 1,
      respond: { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="mcp:write"' } },
    });
    const write = () =>
      composed.broker.callTool(composed.principal, {
        serverName: NAME,
        toolName: 'write_note',
        arguments: { text: 'hello' },
      });
    const before = await storedGrant(story);
    const refused = await write();
    if (refused.kind !== 'outcome' || refused.outcome.status !== 'requires_auth')
      throw new Error(JSON.stringify(refused));
    expect(refused.outcome).toMatchObject({ reason: 'insufficient_scope', addedScope: 'mcp:write' });
    await visit(String(refused.outcome.authUrl));
    expect(await write()).toMatchObject({ kind: 'upstream' });
    const after = await storedGrant(story);
    expect(after?.dpopKey?.privateJwk.d).toEqual(expect.any(String));
    expect(after?.dpopKey?.privateJwk.d).not.toBe(before?.dpopKey?.privateJwk.d);
  });
});

describe('clearing', () => {
  it('revokes the tokens, and the key ends with them', async () => {
    const story = await begin({}, { dpop: 'required' });
    await signIn(story);
    const { composed } = story;
    expect(await composed.broker.clearAuth(composed.principal, { serverName: NAME })).toMatchObject({
      status: 'success',
      cleared: { grants: 1 },
      revocation: 'revoked',
    });
    expect(await storedGrant(story)).toBeUndefined();
  });
});
