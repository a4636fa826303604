/**
 * Asks for a token without a user: the authorization server is discovered as for a sign-in, the client and what it
 * proves come from the user's file alone, and the answer becomes a grant.
 */
import { BrokerError } from '../core/errors.js';
import { ownerTuple } from '../core/principal.js';
import { rememberSecret } from '../core/redaction.js';
import {
  type BearerChallenge,
  bearerChallenge,
  discoverTokenServer,
  dpopDemand,
  requestByAssertion,
  requestByClientCredentials,
  selectScope,
  type TokenOutcome,
  type TokenServer,
  type TokenServerDiscovery,
  type UnattendedTokenRequest,
} from '../oauth/index.js';
import type { Grant, OAuthClient } from '../vault/index.js';
import { clientWithKey } from './authenticating-client.js';
import { bindingOf, newBinding } from './bound-token.js';
import { discoverOptions } from './classify-refusal.js';
import { clientOfFile } from './client-of-file.js';
import { identityAssertion } from './identity-assertion.js';
import type { KnownServer } from './known-server.js';
import type { Parts } from './parts.js';
import { currentRefusal } from './probe-server.js';
import { profileAt } from './provider-profile.js';
import { unattendedFailure } from './unattended-failure.js';
import { type UnattendedGrantType, unattendedGrantType } from './unattended-grant.js';
import { resolveValue } from './value-sources.js';

/** What is asked for, and of whom. */
interface Purpose {
  readonly grantType: UnattendedGrantType;
  readonly client: OAuthClient;
  readonly authorizationServer: TokenServer;
  readonly resource: string | null;
  readonly scope: string | undefined;
  /** The key that its token shall be bound to. */
  readonly dpop: Awaited<ReturnType<typeof newBinding>>;
}

/**
 * @throws {BrokerError} `client_rejected`, `grant_rejected`, `insufficient_scope`, `token_request_failed`;
 *   `invalid_input` where the file lacks something or names what is not there; `issuer_changed`; as discovery does.
 */
export async function obtainUnattendedGrant(parts: Parts, server: KnownServer): Promise<Grant> {
  const grantType = unattendedGrantType(server.entry);
  if (grantType === undefined) throw new TypeError('This server has a grant with a user');
  const { discovery, challenge } = await findTokenServer(parts, server);
  const { authorizationServer } = discovery;
  await refuseOtherIssuer(parts, server, authorizationServer);
  const profile = profileAt(server, authorizationServer.issuer);
  const purpose: Purpose = {
    grantType,
    client: await clientOfEntry(parts, server, grantType, authorizationServer),
    authorizationServer,
    resource: server.entry.oauth.resource ?? (profile?.omitResource === true ? null : discovery.resource),
    scope: scopeToAsk(server, discovery, challenge?.scope),
    dpop: await newBinding(dpopDemand({ ...discovery, challenge, isBound: false })),
  };
  const outcome = await requestToken(parts, server, purpose);
  if (outcome.kind !== 'tokens') throw unattendedFailure(outcome, 'authorization_server');
  return grantOf(server, purpose, outcome, parts.clock.now());
}

async function findTokenServer(
  parts: Parts,
  server: KnownServer,
): Promise<{ readonly discovery: TokenServerDiscovery; readonly challenge: BearerChallenge | undefined }> {
  const refusal = await currentRefusal(parts, server);
  const challenge = bearerChallenge(refusal?.wwwAuthenticate ?? null);
  const discovery = await discoverTokenServer(await discoverOptions(parts, server, undefined, challenge));
  if (discovery !== undefined) return { discovery, challenge };
  throw new BrokerError('discovery_failed', 'The server names no authorization server that can be asked for a token.', {
    nextStep:
      'Ask the user to name the authorization server in servers.json (oauth.issuer, or oauth.tokenEndpoint), then call again.',
  });
}

/**
 * Nobody would see where the client's secret goes: without `oauth.issuer` it goes where it first went, and nowhere else.
 * Every account counts, since a call may name a new one.
 */
async function refuseOtherIssuer(parts: Parts, server: KnownServer, { issuer }: TokenServer): Promise<void> {
  const { serverName, oauth } = server.entry;
  if (oauth.issuer !== undefined || oauth.tokenEndpoint !== undefined) return;
  const grants = await (await parts.vault()).grants.list(ownerTuple(server.owner));
  const isElsewhere = grants.some(
    ({ value }) =>
      value.serverName === serverName &&
      value.unattended !== undefined &&
      value.serverUrl === server.entry.url &&
      value.authorizationServer.issuer !== issuer,
  );
  if (!isElsewhere) return;
  throw new BrokerError(
    'issuer_changed',
    'The server now names another authorization server than the one that the client was used at.',
    {
      nextStep: `Ask the user whether that is right; if so, they can set mcpServers.${serverName}.oauth.issuer in servers.json. Nothing was sent there.`,
    },
  );
}

async function clientOfEntry(
  parts: Parts,
  server: KnownServer,
  grantType: UnattendedGrantType,
  authorizationServer: TokenServer,
): Promise<OAuthClient> {
  const { serverName, oauth } = server.entry;
  if (oauth.clientId !== undefined) return clientOfFile(parts, server, oauth.clientId, authorizationServer);
  if (grantType === 'jwt_bearer') return { clientId: '', tokenEndpointAuthMethod: 'none', origin: 'user_file' };
  throw new BrokerError(
    'invalid_input',
    `The user's servers.json asks for ${grantType} at "${serverName}" and names no client: oauth.clientId is missing.`,
  );
}

/** As for a sign-in, but without `offline_access`: there is nobody to be offline, and nothing to refresh. */
function scopeToAsk(
  server: KnownServer,
  { protectedResource }: TokenServerDiscovery,
  challengeScope: string | undefined,
): string | undefined {
  return selectScope({
    requested: server.entry.oauth.scope,
    challengeScope,
    protectedResource,
    authorizationServer: {},
  });
}

async function requestToken(parts: Parts, server: KnownServer, purpose: Purpose): Promise<TokenOutcome> {
  const { authorizationServer, client, resource, scope } = purpose;
  const { serverName, oauth } = server.entry;
  const request: UnattendedTokenRequest = {
    authorizationServer: { ...authorizationServer, quirks: profileAt(server, authorizationServer.issuer) },
    client: {
      ...(await clientWithKey(oauth, client, serverName)),
      // An issuer that is only assumed is not what the authorization server calls itself.
      ...(authorizationServer.issuerAssumed === true && { assertionAudience: authorizationServer.tokenEndpoint }),
    },
    resource,
    scope,
    dpop: bindingOf(parts, purpose.dpop),
    fetch: parts.network.guardedFetch(new URL(server.entry.url)),
  };
  if (purpose.grantType === 'client_credentials') return requestByClientCredentials(request);
  const given = await assertionOfFile(parts, server);
  if (purpose.grantType === 'jwt_bearer') return requestByAssertion({ ...request, assertion: given });
  const assertion = await identityAssertion(parts, server, { ...purpose, idToken: given });
  return requestByAssertion({ ...request, assertion });
}

/** Read anew each time: whoever issues it replaces it before it runs out. */
async function assertionOfFile(parts: Parts, server: KnownServer): Promise<string> {
  const { serverName, oauth } = server.entry;
  if (oauth.assertion === undefined) {
    throw new BrokerError(
      'invalid_input',
      `The user's servers.json asks for ${oauth.grantType} at "${serverName}" and names no oauth.assertion.`,
    );
  }
  const assertion = await resolveValue(parts, server, oauth.assertion, `The assertion of "${serverName}"`);
  rememberSecret(assertion);
  return assertion;
}

function grantOf(
  server: KnownServer,
  { grantType, client, authorizationServer, resource, scope: requestedScope, dpop }: Purpose,
  { tokens, tokenEndpointAuthMethod }: Extract<TokenOutcome, { kind: 'tokens' }>,
  now: number,
): Grant {
  const { issuer, tokenEndpoint, revocationEndpoint, tokenEndpointAuthMethodsSupported, issuerAssumed } =
    authorizationServer;
  const scope = tokens.scope ?? requestedScope;
  return {
    owner: server.owner,
    serverName: server.entry.serverName,
    account: server.account,
    serverUrl: server.entry.url,
    resource,
    authorizationServer: {
      issuer,
      tokenEndpoint,
      issParameterSupported: false,
      ...(revocationEndpoint !== undefined && { revocationEndpoint }),
      ...(tokenEndpointAuthMethodsSupported !== undefined && { tokenEndpointAuthMethodsSupported }),
      ...(issuerAssumed === true && { issuerAssumed }),
    },
    client: tokenEndpointAuthMethod === undefined ? client : { ...client, tokenEndpointAuthMethod },
    redirectUri: '',
    unattended: grantType,
    accessToken: tokens.accessToken,
    ...(tokens.tokenType === 'DPoP' && dpop !== undefined && { dpopKey: dpop.key }),
    ...(scope !== undefined && { scope }),
    ...(requestedScope !== undefined && { requestedScope }),
    obtainedAt: now,
    ...(tokens.expiresInSeconds !== undefined && { expiresAt: now + tokens.expiresInSeconds * 1_000 }),
    state: 'active',
  };
}
