/** Tokens for a JWT of somebody else: workload identity (RFC 7523 section 2.1) and enterprise-managed authorization (ID-JAG). */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { JWT_BEARER_GRANT, signedJwt, TOKEN_EXCHANGE_GRANT } from '../support/assertion-grants.js';
import type { AuthorizationServerFixture } from '../support/authorization-server.js';
import { createStage } from '../support/stage.js';
import { CLIENT_ID, CLIENT_SECRET, type Settings, type Unattended, unattended } from '../support/unattended-story.js';

const HOUR_MS = 3_600_000;
const PLATFORM = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const CLIENT = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, grantTypes: [JWT_BEARER_GRANT] };
const AT_IDP = { clientId: 'robot-at-idp', clientSecret: 'its-secret-at-the-provider' };

const stage = createStage();
afterEach(() => stage.close());

describe('a workload that has a JWT of its platform', () => {
  const workloadJwt = ({ issuer }: AuthorizationServerFixture, claims: Settings = {}): string =>
    signedJwt(PLATFORM.privateKey, { iss: 'https://platform.example', sub: 'workload', aud: issuer, ...claims });

  async function workload(settings: Settings = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }) {
    const story = await unattended(stage, {
      authorizationServer: { clients: [CLIENT], trustedAssertions: PLATFORM.publicKey },
    });
    const path = await story.file('workload.jwt', `${workloadJwt(story.authorizationServer)}\n`);
    await story.rewrite({ grantType: 'jwt_bearer', assertion: { source: 'file', path }, ...settings });
    return story;
  }

  it('is connected by it, and the JWT is passed on as it is', async () => {
    const { server, connect, call, grants, tokenRequests } = await workload();
    expect(await connect()).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(await call('whoami')).toMatchObject({ result: { structuredContent: { subject: CLIENT_ID } } });
    expect(tokenRequests()).toEqual([
      {
        grant_type: JWT_BEARER_GRANT,
        assertion: expect.stringMatching(/^eyJ/u),
        scope: 'mcp:tools',
        resource: server.url,
      },
    ]);
    const stored = JSON.stringify(await grants.find('robots'));
    expect(stored).not.toContain(String(tokenRequests()[0]?.['assertion']));
  });

  it('is asked for the JWT anew, since its platform replaces it', async () => {
    const { authorizationServer, composed, connect, file, tokenRequests } = await workload();
    await connect();
    const next = workloadJwt(authorizationServer);
    await file('workload.jwt', next);
    composed.advance(HOUR_MS);
    expect(await connect()).toMatchObject({ status: 'success' });
    expect(tokenRequests()[1]).toMatchObject({ grant_type: JWT_BEARER_GRANT, assertion: next });
  });

  it.each([
    ['of another audience', { aud: 'https://elsewhere.example' }],
    ['that has expired', { exp: 1_000 }],
  ])('is grant_rejected with a JWT %s: sent once, and no other grant is tried', async (_what, claims) => {
    const { authorizationServer, connect, file, tokenRequests } = await workload();
    await file('workload.jwt', workloadJwt(authorizationServer, claims));
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'grant_rejected', retryable: false });
    expect(answer.nextStep).toContain('oauth.assertion');
    expect(tokenRequests()).toHaveLength(1);
  });

  it('may have no client at all: none is named', async () => {
    const { authorizationServer, connect, tokenRequests } = await workload({});
    authorizationServer.bend({ endpoint: 'token', respond: { status: 400, body: { error: 'invalid_grant' } } });
    expect(await connect()).toMatchObject({ status: 'error', code: 'grant_rejected' });
    expect(tokenRequests()).toHaveLength(1);
    expect(tokenRequests()[0]).not.toHaveProperty('client_id');
    expect(authorizationServer.requests('token')[0]?.headers.authorization).toBeUndefined();
    expect(await connect({ clientId: CLIENT_ID })).toMatchObject({ status: 'error', code: 'invalid_input' });
  });

  it('is invalid_input without a JWT', async () => {
    const { rewrite, connect } = await workload();
    await rewrite({ grantType: 'jwt_bearer', clientId: CLIENT_ID });
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(answer.error).toContain('oauth.assertion');
  });
});

describe('an employee whose identity provider decides', () => {
  interface Enterprise extends Unattended {
    readonly provider: AuthorizationServerFixture;
    readonly settings: Settings;
  }

  async function enterprise(claims: Settings = {}): Promise<Enterprise> {
    const provider = await stage.authorizationServer({
      clients: [{ ...AT_IDP, grantTypes: [TOKEN_EXCHANGE_GRANT] }],
      identityAssertionsFor: CLIENT_ID,
      authMethods: ['client_secret_basic'],
    });
    const story = await unattended(stage, {
      authorizationServer: { clients: [CLIENT], trustedAssertions: createPublicKey(provider.signingKey) },
    });
    const idToken = signedJwt(provider.signingKey, {
      iss: provider.issuer,
      sub: 'alice',
      aud: AT_IDP.clientId,
      ...claims,
    });
    const settings = {
      grantType: 'id_jag',
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      assertion: { source: 'file', path: await story.file('id-token', idToken) },
      idp: { issuer: provider.issuer, ...AT_IDP },
    };
    await story.rewrite(settings);
    return { ...story, provider, settings };
  }

  it('is connected: the ID token goes to the provider alone, and its ID-JAG to the authorization server alone', async () => {
    const { provider, authorizationServer, server, connect, call, tokenRequests } = await enterprise();
    expect(await connect()).toMatchObject({ status: 'success', authType: 'oauth2' });
    expect(await call('whoami')).toMatchObject({ kind: 'upstream' });
    const [exchange] = provider.requests('token');
    expect(exchange?.parameters).toEqual({
      grant_type: TOKEN_EXCHANGE_GRANT,
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      subject_token: expect.stringMatching(/^eyJ/u),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: authorizationServer.issuer,
      resource: server.url,
      scope: 'mcp:tools',
    });
    const [redemption, ...more] = tokenRequests();
    expect(more).toEqual([]);
    expect(redemption).toMatchObject({ grant_type: JWT_BEARER_GRANT, resource: server.url });
    expect(redemption?.['assertion']).not.toBe(exchange?.parameters['subject_token']);
  });

  it('is connected with the token endpoint of the provider named instead of its issuer', async () => {
    const { provider, settings, rewrite, connect } = await enterprise();
    await rewrite({ ...settings, idp: { tokenEndpoint: `${provider.issuer}/token`, ...AT_IDP } });
    expect(await connect()).toMatchObject({ status: 'success' });
    expect(provider.requests('metadata')).toEqual([]);
  });

  it('is grant_rejected where the provider refuses the ID token, and the authorization server is not asked', async () => {
    const { connect, tokenRequests } = await enterprise({ aud: 'another client' });
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'grant_rejected' });
    expect(answer.error).toContain('identity provider');
    expect(tokenRequests()).toEqual([]);
  });

  it('is client_rejected where the provider refuses the client', async () => {
    const { provider, settings, rewrite, connect, tokenRequests } = await enterprise();
    const idp = { issuer: provider.issuer, clientId: AT_IDP.clientId, clientSecret: 'a wrong one' };
    await rewrite({ ...settings, idp });
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'client_rejected' });
    expect(answer.nextStep).toContain('oauth.idp');
    expect(tokenRequests()).toEqual([]);
  });

  it('sends nothing on that is no ID-JAG: an access token of the provider stays where it is', async () => {
    const { provider, connect, tokenRequests } = await enterprise();
    const body = { access_token: 'for-the-provider', token_type: 'Bearer', issued_token_type: 'access_token' };
    provider.bend({ endpoint: 'token', respond: { status: 200, body } });
    expect(await connect()).toMatchObject({ status: 'error', code: 'token_request_failed', retryable: false });
    expect(tokenRequests()).toEqual([]);
  });

  it.each([
    ['the provider', { idp: undefined }, 'oauth.idp'],
    ['its client', { idp: { issuer: 'https://idp.example' } }, 'oauth.idp'],
    ['the ID token', { assertion: undefined }, 'oauth.assertion'],
  ])('is invalid_input where the file lacks %s', async (_what, lacking, name) => {
    const { settings, rewrite, connect } = await enterprise();
    await rewrite({ ...settings, ...lacking });
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(answer.error).toContain(name);
  });
});
