/** Keys, assertions and client secrets of grants without a user, looked for in everything that a process leaves behind. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { JWT_BEARER_GRANT, signedJwt, TOKEN_EXCHANGE_GRANT } from '../support/assertion-grants.js';
import { filesOf, findSecrets } from '../support/secret-scan.js';
import { createStage, writeServersFile } from '../support/stage.js';

const KEYED = { clientId: 'keyed-client', key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey };
const EMPLOYED = { clientId: 'employed-client', clientSecret: 'canary-secret-of-the-employed' };
const AT_IDP = { clientId: 'client-at-idp', clientSecret: 'canary-secret-at-the-provider' };
const SECRET_VARIABLE = 'CANARY_CLIENT_SECRET';

const stage = createStage();
afterEach(() => stage.close());

it('nothing of them is in any answer, log line or file of the vault, whether they are taken or refused', async () => {
  const provider = await stage.authorizationServer({
    clients: [{ ...AT_IDP, grantTypes: [TOKEN_EXCHANGE_GRANT] }],
    identityAssertionsFor: EMPLOYED.clientId,
  });
  const authorizationServer = await stage.authorizationServer({
    clients: [
      {
        clientId: KEYED.clientId,
        privateKey: { key: KEYED.key, alg: 'ES256' },
        grantTypes: ['client_credentials'],
      },
      { ...EMPLOYED, grantTypes: [JWT_BEARER_GRANT] },
    ],
    trustedAssertions: createPublicKey(provider.signingKey),
  });
  const server = await stage.server({ authorizationServer, challengeScope: 'mcp:tools' });
  const home = await stage.home();
  const outside = await stage.home();
  const path = join(outside.path, 'client.pem');
  const pem = KEYED.key.export({ format: 'pem', type: 'pkcs8' }).toString();
  await writeFile(path, pem);
  const idToken = signedJwt(provider.signingKey, { iss: provider.issuer, sub: 'alice', aud: AT_IDP.clientId });
  await writeFile(join(outside.path, 'id-token'), idToken);
  const keyed = {
    grantType: 'client_credentials',
    clientId: KEYED.clientId,
    privateKey: { source: 'file', path },
  };
  const employed = {
    grantType: 'id_jag',
    clientId: EMPLOYED.clientId,
    clientSecret: { source: 'env', name: SECRET_VARIABLE },
    assertion: { source: 'file', path: join(outside.path, 'id-token') },
    idp: { issuer: provider.issuer, ...AT_IDP },
  };
  const { url } = server;
  await writeServersFile(home, {
    mcpServers: {
      keyed: { url, oauth: keyed },
      employed: { url, oauth: employed },
      refused: { url, oauth: { ...employed, clientId: 'unknown-client' } },
    },
  });
  const agent = await stage.agent({
    home,
    env: { [SECRET_VARIABLE]: EMPLOYED.clientSecret, MCP_OAUTH_LOG: 'debug' },
  });

  expect(await agent.connect('keyed')).toMatchObject({ status: 'success' });
  expect(await agent.connect('employed')).toMatchObject({ status: 'success' });
  expect(await agent.connect('refused')).toMatchObject({ status: 'error', code: 'client_rejected' });
  await agent.callTool('keyed', 'whoami');

  const tokenRequests = [...authorizationServer.requests('token'), ...provider.requests('token')];
  const sent = (name: string) => tokenRequests.flatMap(({ parameters }) => parameters[name] ?? []);
  const secrets = {
    'private key': pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----')),
    'client secret': [EMPLOYED.clientSecret],
    'ID token': [idToken],
    assertion: sent('assertion'),
    'client assertion': sent('client_assertion'),
    'access token': server.authorizationsSeen().map((value) => value.replace('Bearer ', '')),
  };
  expect(Object.values(secrets).every((values) => values.length > 0)).toBe(true);
  const places = { output: agent.everythingSaid(), ...(await filesOf(home.path)) };
  expect(findSecrets(secrets, places)).toEqual([]);
});
