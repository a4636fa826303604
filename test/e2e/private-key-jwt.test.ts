/** Clients that authenticate with a key (RFC 7523 section 2.2), at a real authorization server, with and without a user. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuthorizationServerOptions } from '../support/authorization-server.js';
import type { Answer as BentAnswer } from '../support/bend.js';
import { visit } from '../support/browser.js';
import { createStage } from '../support/stage.js';
import { CLIENT_ID, NAME, type Settings, type Unattended, unattended } from '../support/unattended-story.js';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const HOUR_MS = 3_600_000;
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const RSA = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
const ED25519 = generateKeyPairSync('ed25519').privateKey;

const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
const jwk = (key: KeyObject): string => JSON.stringify({ ...key.export({ format: 'jwk' }), kid: 'client-key' });

const stage = createStage();
afterEach(() => stage.close());

/** The client of the story holds `key`, and its file says so. */
async function withKey(
  { key, alg, text }: { readonly key: KeyObject; readonly alg: string; readonly text: string },
  settings: Settings = { grantType: 'client_credentials' },
  options: AuthorizationServerOptions = {},
): Promise<Unattended> {
  const story = await unattended(stage, {
    authorizationServer: {
      ...options,
      clients: [
        {
          clientId: CLIENT_ID,
          privateKey: { key, alg },
          grantTypes: [
            'client_credentials',
            'authorization_code',
            'refresh_token',
            ...(options.deviceFlow === true ? [DEVICE_GRANT] : []),
          ],
        },
      ],
    },
  });
  const path = await story.file('client.key', text);
  await story.rewrite({ ...settings, clientId: CLIENT_ID, privateKey: { source: 'file', path }, signingAlg: alg });
  return story;
}

function claimsOf(request: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
  const [, claims = ''] = String(request?.['client_assertion']).split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
}

describe('a client with a private key', () => {
  it.each([
    ['ES256', EC, pem(EC)],
    ['RS256', RSA, pem(RSA)],
    ['PS256', RSA, jwk(RSA)],
    ['EdDSA', ED25519, jwk(ED25519)],
  ])('is known by %s', async (alg, key, text) => {
    const { connect } = await withKey({ key, alg, text });
    expect(await connect()).toMatchObject({ status: 'success', authType: 'oauth2' });
  });

  it('proves itself anew each time, to the issuer alone, and sends no secret', async () => {
    const { authorizationServer, server, connect, call, tokenRequests } = await withKey({
      key: EC,
      alg: 'ES256',
      text: pem(EC),
    });
    await connect();
    server.refuseTokensSeen();
    await call('whoami');
    const [first, second] = tokenRequests();
    expect(first).toMatchObject({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    expect(first).not.toHaveProperty('client_secret');
    expect(authorizationServer.requests('token')[0]?.headers.authorization).toBeUndefined();
    expect(claimsOf(first)).toMatchObject({ iss: CLIENT_ID, sub: CLIENT_ID, aud: authorizationServer.issuer });
    expect(claimsOf(second).jti).not.toBe(claimsOf(first).jti);
  });

  it('names the token endpoint where the issuer is refused, or not known', async () => {
    const { authorizationServer, composed, rewrite, connect, tokenRequests, home } = await withKey({
      key: EC,
      alg: 'ES256',
      text: pem(EC),
    });
    const respond: BentAnswer = { status: 401, body: { error: 'invalid_client' } };
    authorizationServer.bend({ endpoint: 'token', respond, times: 1 });
    const tokenEndpoint = `${authorizationServer.issuer}/token`;
    expect(await connect()).toMatchObject({ status: 'success' });
    expect(tokenRequests().map((request) => claimsOf(request).aud)).toEqual([
      authorizationServer.issuer,
      tokenEndpoint,
    ]);
    composed.advance(HOUR_MS);
    await rewrite({
      grantType: 'client_credentials',
      clientId: CLIENT_ID,
      tokenEndpoint,
      privateKey: { source: 'file', path: `${home.path}/client.key` },
    });
    expect(await connect()).toMatchObject({ status: 'success' });
    expect(claimsOf(tokenRequests()[2]).aud).toBe(tokenEndpoint);
  });

  it('signs users in: its code is exchanged, its tokens refreshed and revoked by the key, which is stored nowhere', async () => {
    const { authorizationServer, composed, connect, call, grants } = await withKey(
      { key: EC, alg: 'ES256', text: pem(EC) },
      {},
    );
    const asked = await connect();
    await visit(asked.authUrl ?? '');
    expect(await connect()).toMatchObject({ status: 'success' });
    composed.advance(HOUR_MS);
    expect(await call('whoami')).toMatchObject({ result: { structuredContent: { subject: 'alice' } } });
    expect(authorizationServer.refreshCount()).toBe(1);
    const stored = JSON.stringify(await grants.find(NAME));
    expect(stored).toContain('private_key_jwt');
    expect(stored).not.toContain('PRIVATE KEY');
    expect(stored).not.toContain(String(EC.export({ format: 'jwk' }).d));
    expect(await composed.broker.clearAuth(composed.principal, { serverName: NAME })).toMatchObject({
      revocation: 'revoked',
    });
  });

  it('that cannot be read for a while does not end a sign-in on another device: it says so, and goes on', async () => {
    const { composed, connect, file, home, tokenRequests } = await withKey(
      { key: EC, alg: 'ES256', text: pem(EC) },
      { grantType: 'device_code' },
      { deviceFlow: true },
    );
    const asked = await connect();
    await visit(asked.authUrl ?? '');
    await rm(join(home.path, 'client.key'));
    composed.advance(60_000);

    const refused = await connect();
    expect(refused).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(refused.error).toContain('client.key');
    expect(tokenRequests()).toEqual([]);

    await file('client.key', pem(EC));
    composed.advance(60_000);
    expect(await connect()).toMatchObject({ status: 'success' });
  });

  it.each([
    ['no key', {}, 'oauth.privateKey'],
    ['a file that is not there', { privateKey: { source: 'file', path: '/nowhere/key' } }, '/nowhere/key'],
  ])('is invalid_input where the file names %s', async (_what, settings, name) => {
    const { rewrite, connect, tokenRequests } = await withKey({ key: EC, alg: 'ES256', text: pem(EC) });
    const client = { clientId: CLIENT_ID, tokenEndpointAuthMethod: 'private_key_jwt' };
    await rewrite({ grantType: 'client_credentials', ...client, ...settings });
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(answer.error).toContain(name);
    expect(tokenRequests()).toEqual([]);
  });

  it('is invalid_input where the file holds something else, and none of it is quoted', async () => {
    const { connect, file } = await withKey({ key: EC, alg: 'ES256', text: pem(EC) });
    const damaged = pem(EC).replace('PRIVATE KEY', 'PRIVATE KIY');
    await file('client.key', damaged);
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'invalid_input' });
    expect(JSON.stringify(answer)).not.toContain(damaged.split('\n')[1]);
  });

  it('is client_rejected with a key that the authorization server does not know', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const { connect } = await withKey({ key: EC, alg: 'ES256', text: pem(other) });
    const answer = await connect();
    expect(answer).toMatchObject({ status: 'error', code: 'client_rejected' });
    expect(answer.nextStep).toContain('oauth.privateKey');
  });
});
