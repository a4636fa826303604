/**
 * A server whose tokens are got without a user, for `doctor NAME`: a token is asked for as a call would, and not kept.
 * Nobody can sign in there, so what is to be done is always in servers.json, or at the provider.
 */
import { displayText } from '../core/display-text.js';
import type { Diagnosis } from './diagnosis.js';
import { accessOf } from './grant-access.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { ownUnattendedGrant } from './unattended-grant.js';
import { obtainUnattendedGrant } from './unattended-token.js';

export async function diagnoseUnattended(
  parts: Parts,
  { findings, step }: Diagnosis,
  server: KnownServer,
): Promise<void> {
  const { serverName, oauth } = server.entry;
  findings.push({ step: 'client', ok: null, message: sayProof(server) });
  const stored = (await parts.vaultExists()) ? await (await parts.vault()).grants.get(server.id) : undefined;
  const inHand = accessOf(ownUnattendedGrant(server, stored?.value), parts.clock.now());
  if (inHand.kind === 'usable') {
    const issuer = displayText(inHand.grant.authorizationServer.issuer);
    findings.push({ step: 'grant', ok: true, message: `A token of ${issuer} is stored.` });
    return;
  }
  await step(
    'grant',
    () => obtainUnattendedGrant(parts, server),
    ({ authorizationServer, scope }) => ({
      ok: true,
      message: `${displayText(authorizationServer.issuer)} gives a token${scope === undefined || scope === '' ? '' : ` for ${displayText(scope)}`}. It was asked for to see whether it does, and was not kept.`,
      ...(oauth.issuer === undefined &&
        oauth.tokenEndpoint === undefined && {
          advice: `Name the authorization server in servers.json, mcpServers.${serverName}.oauth.issuer, so that the client is used nowhere else.`,
        }),
    }),
  );
}

/** By what the file says that the client proves who it is. */
function sayProof({ entry: { oauth } }: KnownServer): string {
  const { grantType, clientId, clientSecret, privateKey, assertion, idp } = oauth;
  const client = clientId === undefined ? 'No client is named' : `Client ${displayText(clientId)} of servers.json`;
  const proof =
    privateKey !== undefined ? 'a private key' : clientSecret !== undefined ? 'a secret' : 'no secret and no key';
  const identity = idp === undefined ? '' : ', exchanged at the identity provider';
  const by = assertion === undefined ? '' : `; an assertion says for whom${identity}`;
  return `${client}, with ${proof} (${grantType ?? 'authorization_code'}${by}).`;
}
