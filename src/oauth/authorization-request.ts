/** The authorization request (RFC 6749 section 4.1.1): the URL that the user visits, with PKCE and a state of its own. */
import * as oauth from 'oauth4webapi';
import { BrokerError } from '../core/errors.js';
import { dpopThumbprint } from './dpop-key.js';
import { checkEndpoint } from './endpoint-url.js';
import { hasScope } from './scope.js';
import type { AuthorizationServer, DpopKey } from './types.js';

/** Ours alone: an endpoint that comes with one of them, or a setting that names one, does not get its way (T19). */
const OWN_PARAMETERS = [
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'dpop_jkt',
  'request',
  'request_uri',
];

export interface AuthorizationRequestOptions {
  readonly authorizationServer: Pick<AuthorizationServer, 'authorizationEndpoint'>;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Absent: no scope is sent. */
  readonly scope?: string | undefined;
  /** The RFC 8707 resource, or null where the profile omits it. */
  readonly resource: string | null;
  /** What stands between scopes there. Default a space (RFC 6749 section 3.3). */
  readonly scopeSeparator?: ',' | undefined;
  /** Of the user's file or a profile, e.g. `access_type`; they never replace ours. An empty one is not sent at all. */
  readonly extraParameters?: Readonly<Record<string, string>> | undefined;
  /** The key that the code shall be bound to (RFC 9449 section 10). */
  readonly dpopKey?: DpopKey | undefined;
  /** Default: `consent` with `offline_access`, as OpenID Connect Core section 11 asks; else none. */
  readonly prompt?: string | undefined;
}

/** The parameters of one authorization request, by name; what a push (RFC 9126) sends. */
export type AuthorizationParameters = Readonly<Record<string, string>>;

export interface AuthorizationRequest {
  readonly authorizationUrl: string;
  /** Without those of the endpoint's own query. */
  readonly parameters: AuthorizationParameters;
  readonly state: string;
  readonly codeVerifier: string;
}

/**
 * Refuses an authorization server whose metadata does not list S256: there is no other way to tell that it
 * checks the verifier. Without metadata there is no list to miss it from.
 *
 * @param assumePkce - the user's file or a profile says that it is supported though unlisted
 * @throws {BrokerError} `pkce_unsupported`
 * @see MCP authorization, "Authorization Code Protection"; RFC 7636
 */
export function assertPkce(
  authorizationServer: Pick<AuthorizationServer, 'source' | 'codeChallengeMethodsSupported'>,
  assumePkce: boolean,
): void {
  if (assumePkce || authorizationServer.source !== 'metadata') return;
  if (authorizationServer.codeChallengeMethodsSupported?.includes('S256')) return;
  throw new BrokerError('pkce_unsupported', 'The authorization server does not say that it supports PKCE with S256.');
}

/**
 * Builds the request. State and verifier are two independent random values of 256 bits (T21); the endpoint's own
 * query is kept, but each of our parameters is in it exactly once, with our value.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` where the endpoint must not be opened (T16, T17)
 * @see RFC 6749 section 3.1, RFC 7636 section 4.3, RFC 8707 section 2.1
 */
export async function createAuthorizationRequest(options: AuthorizationRequestOptions): Promise<AuthorizationRequest> {
  const state = oauth.generateRandomState();
  const codeVerifier = oauth.generateRandomCodeVerifier();
  const codeChallenge = await oauth.calculatePKCECodeChallenge(codeVerifier);
  const extra = Object.entries(options.extraParameters ?? {}).filter(
    ([name, value]) => value !== '' && !OWN_PARAMETERS.includes(name),
  );
  const parameters = { ...Object.fromEntries(extra), ...requestParameters(options, state, codeChallenge) };
  const authorizationUrl = authorizationUrlOf(options.authorizationServer.authorizationEndpoint, parameters);
  return { authorizationUrl, parameters, state, codeVerifier };
}

/**
 * The URL to visit: the endpoint with its own query, and `parameters`, which win. A pushed request has but two.
 *
 * @throws {BrokerError} `insecure_url`, `url_not_allowed` where the endpoint must not be opened (T16, T17)
 * @see RFC 6749 section 3.1, RFC 9126 section 4
 */
export function authorizationUrlOf(authorizationEndpoint: string, parameters: AuthorizationParameters): string {
  const url = checkEndpoint(authorizationEndpoint, 'authorization endpoint');
  url.hash = '';
  for (const name of OWN_PARAMETERS) url.searchParams.delete(name);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** What is asked for, by ourselves. */
function requestParameters(
  options: AuthorizationRequestOptions,
  state: string,
  codeChallenge: string,
): AuthorizationParameters {
  const { resource, extraParameters } = options;
  const scope = options.scope?.replace(/ +/gu, options.scopeSeparator ?? '$&');
  const prompt =
    options.prompt ?? extraParameters?.prompt ?? (hasScope(options.scope, 'offline_access') ? 'consent' : undefined);
  return {
    response_type: 'code',
    client_id: options.clientId,
    redirect_uri: options.redirectUri,
    state,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    ...(scope !== undefined && scope !== '' && { scope }),
    ...(resource !== null && { resource }),
    ...(options.dpopKey !== undefined && { dpop_jkt: dpopThumbprint(options.dpopKey) }),
    ...(prompt !== undefined && prompt !== '' && { prompt }),
  };
}
