/**
 * From a refusal of a server (401, 403, or a 404/405 that hides one) to what can be done about it:
 * an authorization server to sign in at, a token to bring, or nothing (the public contract, section 3).
 */
import { mayStateIssuer } from '../catalog/index.js';
import { BrokerError } from '../core/errors.js';
import { DISCOVERY_TOTAL_MS } from '../core/limits.js';
import { withTimeBudget } from '../core/time-budget.js';
import {
  type BearerChallenge,
  bearerChallenge,
  type DiscoverOptions,
  type Discovery,
  discover,
} from '../oauth/index.js';
import type { Refusal } from '../upstream/index.js';
import type { ClientConfiguration } from '../vault/index.js';
import type { KnownServer } from './known-server.js';
import type { FoundAuthorizationServer } from './open-sign-in.js';
import type { Parts } from './parts.js';
import { providerDiscovery } from './provider-discovery.js';

export type Classification =
  | {
      readonly kind: 'authorization_server';
      readonly discovery: FoundAuthorizationServer;
      readonly challenge: BearerChallenge | undefined;
    }
  /** Nothing to sign in at: `oauth2-bearer` where the server spoke of Bearer tokens, else `unknown`. */
  | { readonly kind: 'no_authorization_server'; readonly authType: 'oauth2-bearer' | 'unknown' };

/**
 * @throws {BrokerError} `discovery_failed` (retryable), `resource_mismatch`, `issuer_mismatch`, `insecure_url`, `url_not_allowed`;
 *   `upstream_protocol_error` for a 404 or 405 that hides no authorization.
 */
export async function classifyRefusal(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  refusal: Refusal | undefined,
): Promise<Classification> {
  if (server.provider !== undefined) {
    const discovery = await providerDiscovery(parts, server);
    return { kind: 'authorization_server', discovery, challenge: undefined };
  }
  const challenge = bearerChallenge(refusal?.wwwAuthenticate ?? null);
  const discovery = await discover(await discoverOptions(parts, server, configuration, challenge));
  const isHidden = refusal?.status === 404 || refusal?.status === 405;
  if (isHidden && !isMeantByServer(discovery)) {
    throw new BrokerError(
      'upstream_protocol_error',
      `There is no MCP server at this URL: it answered ${refusal.status}.`,
    );
  }
  if (discovery.kind === 'authorization_server') return { kind: 'authorization_server', discovery, challenge };
  return { kind: 'no_authorization_server', authType: challenge === undefined ? 'unknown' : 'oauth2-bearer' };
}

/** Where and how the authorization server of `server` is looked for, whatever it is then asked for. */
export async function discoverOptions(
  parts: Parts,
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
  challenge: BearerChallenge | undefined,
): Promise<DiscoverOptions> {
  const serverUrl = new URL(server.entry.url);
  return {
    serverUrl,
    ...(challenge !== undefined && { challenge }),
    fetch: withTimeBudget(parts.network.guardedFetch(serverUrl), DISCOVERY_TOTAL_MS),
    settings: discoverySettings(server, configuration),
    mayStateIssuer: (asked, stated) => mayStateIssuer(asked, stated, server.entry.oauth.profile),
    knownIssuer: await issuerInHand(parts, server),
  };
}

async function issuerInHand(parts: Parts, server: KnownServer): Promise<string | undefined> {
  if (!(await parts.vaultExists())) return undefined;
  return (await (await parts.vault()).grants.get(server.id))?.value.authorizationServer.issuer;
}

/** A 404 or 405 counts as a refusal only where the server publishes protected resource metadata, or the user named endpoints. */
function isMeantByServer(discovery: Discovery): boolean {
  const isConfigured =
    discovery.kind === 'authorization_server' && discovery.authorizationServer.source === 'configured';
  return discovery.protectedResource !== undefined || isConfigured;
}

function discoverySettings(
  server: KnownServer,
  configuration: ClientConfiguration | undefined,
): Parameters<typeof discover>[0]['settings'] & object {
  const { issuer, authorizationEndpoint, tokenEndpoint, resource, assumePkce } = server.entry.oauth;
  const authorization = authorizationEndpoint ?? configuration?.authorizationEndpoint;
  const token = tokenEndpoint ?? configuration?.tokenEndpoint;
  return {
    ...(issuer !== undefined && { issuer }),
    ...(authorization !== undefined && { authorizationEndpoint: authorization }),
    ...(token !== undefined && { tokenEndpoint: token }),
    ...(resource !== undefined && { resource }),
    ...(assumePkce !== undefined && { assumePkce }),
  };
}
