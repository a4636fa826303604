/** Discovery: from an MCP server's URL and challenge to its authorization server and the resource to ask a token for. */
import { BrokerError } from '../core/errors.js';
import type { GuardedFetch } from '../core/outbound.js';
import {
  type AuthorizationServerAnswer,
  findAuthorizationServer,
  type MayStateIssuer,
} from './authorization-server.js';
import { configuredServer, configuredTokenServer, type DiscoverySettings } from './configured-server.js';
import { checkEndpoint } from './endpoint-url.js';
import { findProtectedResource } from './protected-resource.js';
import { canonicalResource } from './resource.js';
import { discoveryUnavailable } from './translate-error.js';
import type {
  AuthorizationServer,
  BearerChallenge,
  Discovery,
  ProtectedResource,
  TokenServer,
  TokenServerDiscovery,
} from './types.js';

export interface DiscoverOptions {
  readonly serverUrl: URL;
  readonly challenge?: BearerChallenge | undefined;
  readonly fetch: GuardedFetch;
  readonly settings?: DiscoverySettings | undefined;
  /** The issuer of the grant in hand: preferred where the server lists several. */
  readonly knownIssuer?: string | undefined;
  /** Whether metadata asked for at an issuer may state this other one: known providers only. Default never. */
  readonly mayStateIssuer?: MayStateIssuer | undefined;
}

/** `token`: an authorization server without an authorization endpoint will do. */
interface Search extends DiscoverOptions {
  readonly purpose: 'sign_in' | 'token';
}

/**
 * Finds the authorization server of an MCP server: what is configured, else protected resource metadata and
 * the first of its authorization servers that answers, else the server's own origin with its metadata or the
 * default endpoints of 2025-03-26.
 *
 * @returns `none` where the server has protected resource metadata but no authorization server with metadata
 * @throws {BrokerError} `resource_mismatch`; `issuer_mismatch` where only documents of another issuer were found;
 *   `discovery_failed` (retryable) where something could not be asked; `insecure_url`, `url_not_allowed`
 * @see MCP authorization, "Authorization Server Discovery"
 */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const configured = configuredServer(options.settings);
  if (configured !== undefined) return { kind: 'authorization_server', ...discoveryOf(options, configured, undefined) };
  const protectedResource = await findProtectedResource(options);
  const found = await findListedServer({ ...options, purpose: 'sign_in' }, protectedResource);
  const authorizationEndpoint = options.settings?.authorizationEndpoint ?? found?.authorizationEndpoint;
  if (found === undefined || authorizationEndpoint === undefined)
    return protectedResource === undefined ? { kind: 'none' } : { kind: 'none', protectedResource };
  const authorizationServer = { ...withSettings(found, options.settings), authorizationEndpoint };
  checkEndpoints(authorizationServer);
  return { kind: 'authorization_server', ...discoveryOf(options, authorizationServer, protectedResource) };
}

/**
 * The same for a grant without a user, for which a token endpoint suffices: that of the user's file, without asking
 * anybody, or that of an authorization server which may have no authorization endpoint. Nothing is guessed: without
 * metadata there is none.
 *
 * @throws {BrokerError} as `discover`
 */
export async function discoverTokenServer(options: DiscoverOptions): Promise<TokenServerDiscovery | undefined> {
  const configured = configuredTokenServer(options.settings);
  if (configured !== undefined) return discoveryOf(options, configured, undefined);
  const protectedResource = await findProtectedResource(options);
  const found = await findListedServer({ ...options, purpose: 'token' }, protectedResource);
  if (found === undefined || found.source === 'default_endpoints') return undefined;
  checkEndpoints(found);
  return discoveryOf(options, found, protectedResource);
}

/**
 * The authorization server that the user's file names by its issuer alone, such as an identity provider.
 *
 * @returns undefined where it has no metadata
 * @throws {BrokerError} `issuer_mismatch`; `discovery_failed` (retryable); `insecure_url`, `url_not_allowed`
 */
export function discoverIssuer(
  issuer: string,
  options: Pick<DiscoverOptions, 'fetch' | 'mayStateIssuer'>,
): Promise<TokenServer | undefined> {
  return firstOf([issuer], { ...options, purpose: 'token' });
}

/**
 * The authorization server of a provider that is no MCP server: both endpoints as they are configured, else the metadata
 * of its issuer. There is no resource to ask.
 *
 * @returns undefined where its issuer has no metadata, or that names no authorization endpoint
 * @throws {BrokerError} `issuer_mismatch`; `discovery_failed` (retryable); `insecure_url`, `url_not_allowed`
 */
export async function discoverProvider(
  options: Pick<DiscoverOptions, 'fetch' | 'mayStateIssuer' | 'settings'>,
): Promise<AuthorizationServer | undefined> {
  const { settings } = options;
  const configured = configuredServer(settings);
  if (configured !== undefined || settings?.issuer === undefined) return configured;
  const found = await firstOf([settings.issuer], { ...options, purpose: 'sign_in' });
  const authorizationEndpoint = settings.authorizationEndpoint ?? found?.authorizationEndpoint;
  if (found === undefined || authorizationEndpoint === undefined) return undefined;
  const authorizationServer = { ...withSettings(found, settings), authorizationEndpoint };
  checkEndpoints(authorizationServer);
  return authorizationServer;
}

async function findListedServer(
  options: Search,
  protectedResource: ProtectedResource | undefined,
): Promise<TokenServer | undefined> {
  const pinned = options.settings?.issuer;
  const issuers =
    pinned === undefined ? preferred(protectedResource?.authorizationServers ?? [], options.knownIssuer) : [pinned];
  if (issuers.length > 0) return firstOf(issuers, options);
  const { origin } = options.serverUrl;
  // Nobody spelled this issuer for us: with and without the slash it is the same origin.
  const mayStateIssuer: MayStateIssuer = (asked, stated) =>
    stated === `${asked}/` || (options.mayStateIssuer?.(asked, stated) ?? false);
  const answer = await findAuthorizationServer(origin, { ...options, mayStateIssuer });
  if (answer.kind === 'found') return answer.authorizationServer;
  if (answer.kind !== 'absent') throw failureOf(answer);
  return protectedResource === undefined ? defaultEndpoints(origin) : undefined;
}

/** The first issuer with metadata; one that is dead, or that we must not reach, is passed over. */
async function firstOf(
  issuers: readonly string[],
  options: Pick<Search, 'fetch' | 'mayStateIssuer' | 'purpose'>,
): Promise<TokenServer | undefined> {
  let failure: BrokerError | undefined;
  for (const issuer of issuers) {
    const answer = await attempt(issuer, options);
    if (answer instanceof BrokerError) failure ??= answer;
    else if (answer.kind === 'found') return answer.authorizationServer;
    else if (answer.kind !== 'absent') failure ??= failureOf(answer);
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

async function attempt(
  issuer: string,
  options: Pick<Search, 'fetch' | 'mayStateIssuer' | 'purpose'>,
): Promise<AuthorizationServerAnswer | BrokerError> {
  try {
    checkEndpoint(issuer, 'issuer');
    return await findAuthorizationServer(issuer, options);
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
}

function failureOf(
  answer: Extract<AuthorizationServerAnswer, { kind: 'issuer_mismatch' | 'unavailable' }>,
): BrokerError {
  if (answer.kind === 'unavailable') {
    return discoveryUnavailable(
      'The metadata of the authorization server could not be read.',
      answer.retryAfterSeconds,
    );
  }
  return new BrokerError('issuer_mismatch', 'The metadata of the authorization server names another issuer.');
}

function preferred(issuers: readonly string[], knownIssuer: string | undefined): readonly string[] {
  if (knownIssuer === undefined || !issuers.includes(knownIssuer)) return issuers;
  return [knownIssuer, ...issuers.filter((issuer) => issuer !== knownIssuer)];
}

/** The endpoints that 2025-03-26 assumes of a server without metadata; whether they exist, `/register` shows. */
function defaultEndpoints(origin: string): AuthorizationServer {
  return {
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    issParameterSupported: false,
    source: 'default_endpoints',
  };
}

function withSettings(found: TokenServer, settings: DiscoverySettings | undefined): TokenServer {
  return { ...found, tokenEndpoint: settings?.tokenEndpoint ?? found.tokenEndpoint };
}

/** Before any of them is used: one that must not be used makes the whole document untrustworthy (T12, T16). */
function checkEndpoints(server: TokenServer): void {
  const endpoints = {
    'authorization endpoint': server.authorizationEndpoint,
    'token endpoint': server.tokenEndpoint,
    'registration endpoint': server.registrationEndpoint,
    'revocation endpoint': server.revocationEndpoint,
    'pushed authorization request endpoint': server.pushedAuthorizationRequestEndpoint,
    'device authorization endpoint': server.deviceAuthorizationEndpoint,
  };
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (endpoint !== undefined) checkEndpoint(endpoint, name);
  }
}

function discoveryOf<Server extends TokenServer>(
  options: DiscoverOptions,
  authorizationServer: Server,
  protectedResource: ProtectedResource | undefined,
): TokenServerDiscovery & { readonly authorizationServer: Server } {
  return {
    authorizationServer,
    ...(protectedResource === undefined ? {} : { protectedResource }),
    resource: options.settings?.resource ?? protectedResource?.resource ?? canonicalResource(options.serverUrl),
  };
}
