// @ts-check
/** From an MCP server's URL and challenge to its authorization server, and to what a token is asked for. */
import { bearerParameters } from './challenge.mjs';
import { Failure } from './failure.mjs';
import { getMetadata } from './http.mjs';
import { jsonObject, textOf, textsOf } from './json.mjs';
import { checkedUrl, urlWithinReach } from './reach.mjs';
import { selectScope, tokens } from './scope.mjs';
import {
  authorizationServerMetadataUrls,
  canonicalResource,
  isResourceOf,
  protectedResourceMetadataUrls,
} from './well-known.mjs';

const AUTHORIZATION_SERVERS_MAX = 10;
const SCOPES_MAX = 100;
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint'];

/**
 * @typedef {{ resource: string, authorizationServers: string[], scopes: string[] | undefined, url: string }} ProtectedResource
 * @typedef {{ document: Record<string, unknown>, url: string }} Found
 * @typedef {{ resource: string, resourceMetadataUrl: string | undefined, scope: string | undefined,
 *   server: Record<string, unknown>, url: string | null }} Discovery
 */

/**
 * Protected resource metadata, then the first of its authorization servers that has metadata; without any, the server's
 * own origin, as MCP 2025-03-26 had it, with its metadata or the default endpoints.
 *
 * @param {URL} serverUrl
 * @param {string | undefined} wwwAuthenticate of the 401 or 403
 * @param {import('./reach.mjs').Reach} reach
 * @returns {Promise<Discovery | undefined>} undefined where the server names no authorization server
 * @throws {Failure} `resource_mismatch`, `issuer_mismatch`, `discovery_failed`, `url_not_allowed`, `insecure_url`
 */
export async function discover(serverUrl, wwwAuthenticate, reach) {
  const challenge = bearerParameters(wwwAuthenticate);
  const resource = await findProtectedResource(serverUrl, challenge?.['resource_metadata'], reach);
  const issuers = resource?.authorizationServers ?? [];
  const found =
    issuers.length > 0
      ? await firstFound(
          issuers,
          () => true,
          (issuer) => serverOf(issuer, reach),
        )
      : await serverOf(serverUrl.origin, reach, `${serverUrl.origin}/`);
  if (found === undefined) return undefined;
  const server = usableMembers(found.document, reach);
  return {
    resource: resource?.resource ?? canonicalResource(serverUrl),
    resourceMetadataUrl: resource?.url,
    scope: selectScope({
      challengeScope: challenge?.['scope'],
      resourceScopes: resource?.scopes,
      serverScopes: textsOf(found.document['scopes_supported']),
    }),
    server,
    url: found.url,
  };
}

/**
 * @param {URL} serverUrl
 * @param {string | undefined} challengeUrl
 * @param {import('./reach.mjs').Reach} reach
 * @returns {Promise<ProtectedResource | undefined>}
 */
function findProtectedResource(serverUrl, challengeUrl, reach) {
  return firstFound(protectedResourceMetadataUrls(serverUrl, challengeUrl), isTransient, async (url) => {
    const document = await metadataAt(url, reach, 'protected resource metadata');
    const resource = textOf(document?.['resource']);
    if (document === undefined || resource === undefined) return undefined;
    if (!isResourceOf(resource, serverUrl)) {
      const hint = 'Do not go on: a token asked for on the word of this server could be one for somebody else.';
      throw new Failure(
        'resource_mismatch',
        'The protected resource metadata of the server names another resource.',
        hint,
      );
    }
    const servers = [...new Set(textsOf(document['authorization_servers']) ?? [])].slice(0, AUTHORIZATION_SERVERS_MAX);
    return { resource, authorizationServers: servers, scopes: textsOf(document['scopes_supported']), url };
  });
}

/**
 * The metadata of `issuer`. A document of another issuer is not used.
 *
 * @param {string} issuer
 * @param {import('./reach.mjs').Reach} reach
 * @param {string} [alsoAccepted] another spelling, where nobody spelled the issuer for us
 * @returns {Promise<Found | undefined>}
 * @see RFC 8414 section 3.3
 */
function serverOf(issuer, reach, alsoAccepted) {
  const urls = authorizationServerMetadataUrls(checkedUrl(issuer, 'issuer'));
  return firstFound(
    urls,
    () => true,
    async (url) => {
      const document = await metadataAt(url, reach, 'metadata of the authorization server');
      const hasEndpoints = ['authorization_endpoint', 'token_endpoint'].every(
        (name) => textOf(document?.[name]) !== undefined,
      );
      if (document === undefined || !hasEndpoints) return undefined;
      if (document['issuer'] === issuer || document['issuer'] === alsoAccepted) return { document, url };
      const hint = 'Do not go on: the answer could come from an authorization server that is not the one asked for.';
      throw new Failure('issuer_mismatch', 'The metadata of the authorization server names another issuer.', hint);
    },
  );
}

/**
 * The first that `find` finds. A failure that `mayPass` lets pass is thrown only where nothing is found.
 *
 * @template T
 * @param {string[]} places
 * @param {(failure: unknown) => boolean} mayPass
 * @param {(place: string) => Promise<T | undefined>} find
 * @returns {Promise<T | undefined>}
 */
async function firstFound(places, mayPass, find) {
  /** @type {unknown[]} */
  const failures = [];
  for (const place of places) {
    try {
      const found = await find(place);
      if (found !== undefined) return found;
    } catch (failure) {
      if (!mayPass(failure)) throw failure;
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw failures[0];
  return undefined;
}

/** @param {unknown} failure */
function isTransient(failure) {
  return failure instanceof Failure && failure.code === 'discovery_failed';
}

/** @param {string} url @param {import('./reach.mjs').Reach} reach @param {string} name */
async function metadataAt(url, reach, name) {
  const asked = { code: 'discovery_failed', name, hint: 'Run the script again later; nothing was changed.' };
  const answer = await getMetadata(url, reach, asked);
  if (answer.status === 200) return jsonObject(answer.body);
  if (answer.status < 500 && answer.status !== 429) return undefined;
  throw new Failure(asked.code, `The ${name} could not be read (status ${answer.status}).`, asked.hint);
}

/**
 * The members that the scripts use, each endpoint checked before anything is sent there.
 *
 * @param {Record<string, unknown>} document
 * @param {import('./reach.mjs').Reach} reach
 * @throws {Failure} `url_not_allowed`, `insecure_url`
 */
function usableMembers(document, reach) {
  /** @type {Record<string, unknown>} */
  const members = { issuer: document['issuer'] };
  for (const name of ENDPOINTS) {
    const endpoint = textOf(document[name]);
    if (endpoint === undefined) continue;
    urlWithinReach(endpoint, name.replaceAll('_', ' '), reach);
    members[name] = endpoint;
  }
  const scopes = textsOf(document['scopes_supported']);
  return {
    ...members,
    scopes_supported: tokens(scopes ?? []).slice(0, SCOPES_MAX),
    code_challenge_methods_supported: textsOf(document['code_challenge_methods_supported']),
    token_endpoint_auth_methods_supported: textsOf(document['token_endpoint_auth_methods_supported']),
    authorization_response_iss_parameter_supported: document['authorization_response_iss_parameter_supported'] === true,
  };
}
