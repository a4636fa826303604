/** Protected resource metadata (RFC 9728): found, validated, and believed only about the server that was asked. */
import * as z from 'zod';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { AUTHORIZATION_SERVERS_MAX, RESOURCE_SHOWN_LENGTH, SCOPES_SUPPORTED_MAX } from '../core/limits.js';
import type { GuardedFetch } from '../core/outbound.js';
import type { JsonObject } from './json-answer.js';
import { requestMetadata } from './metadata-request.js';
import { isResourceOf } from './resource.js';
import { usableScopes } from './scope.js';
import { discoveryUnavailable } from './translate-error.js';
import type { BearerChallenge, ProtectedResource } from './types.js';
import { protectedResourceMetadataUrls, withFinalSlash } from './well-known.js';

const strings = z.array(z.string()).optional().catch(undefined);
const protectedResourceDocument = z.object({
  resource: z.string(),
  authorization_servers: strings,
  scopes_supported: strings,
  dpop_bound_access_tokens_required: z.boolean().optional().catch(undefined),
  dpop_signing_alg_values_supported: strings,
});

export interface ProtectedResourceSearch {
  readonly serverUrl: URL;
  readonly challenge?: BearerChallenge | undefined;
  readonly fetch: GuardedFetch;
}

/**
 * Looks for the metadata of the server at `serverUrl`, in the prescribed order.
 *
 * @returns undefined where every place says that there is none
 * @throws {BrokerError} `resource_mismatch` where the first document found speaks for another resource;
 *   `discovery_failed` (retryable) where a place could not be asked and no other has a document;
 *   `url_not_allowed`, `insecure_url` where we are led somewhere that we must not go
 * @see RFC 9728 sections 3 and 5
 */
export async function findProtectedResource(search: ProtectedResourceSearch): Promise<ProtectedResource | undefined> {
  let unavailable: { readonly retryAfterSeconds?: number } | undefined;
  const urls = protectedResourceMetadataUrls(search.serverUrl, search.challenge?.resourceMetadata);
  for (const url of withFinalSlash(urls, search.serverUrl)) {
    const answer = await requestMetadata(search.fetch, url);
    if (answer.kind === 'unavailable') unavailable ??= answer;
    if (answer.kind !== 'document') continue;
    const found = validateProtectedResource(answer.document, search.serverUrl);
    if (found !== undefined) return found;
  }
  if (unavailable === undefined) return undefined;
  throw discoveryUnavailable(
    'The protected resource metadata of the server could not be read.',
    unavailable.retryAfterSeconds,
  );
}

/**
 * Validates one document.
 *
 * @returns undefined where it is no protected resource metadata at all
 * @throws {BrokerError} `resource_mismatch`
 * @see RFC 9728 section 3.3
 */
export function validateProtectedResource(document: JsonObject, serverUrl: URL): ProtectedResource | undefined {
  const parsed = protectedResourceDocument.safeParse(document);
  if (!parsed.success) return undefined;
  const { resource, authorization_servers, scopes_supported } = parsed.data;
  const { dpop_bound_access_tokens_required: isDpopRequired, dpop_signing_alg_values_supported: algorithms } =
    parsed.data;
  if (!isResourceOf(resource, serverUrl)) {
    throw new BrokerError(
      'resource_mismatch',
      `The protected resource metadata of the server names another resource${shownResource(resource)}.`,
    );
  }
  return {
    resource,
    authorizationServers: [...new Set(authorization_servers ?? [])].slice(0, AUTHORIZATION_SERVERS_MAX),
    ...(scopes_supported === undefined
      ? {}
      : { scopesSupported: usableScopes(scopes_supported).slice(0, SCOPES_SUPPORTED_MAX) }),
    ...(isDpopRequired === undefined ? {} : { dpopBoundAccessTokensRequired: isDpopRequired }),
    ...(algorithms === undefined ? {} : { dpopSigningAlgValuesSupported: algorithms }),
  };
}

/** Often only another spelling of the server's own address: `localhost`, http, a path. */
function shownResource(resource: string): string {
  if (!URL.canParse(resource)) return '';
  const { protocol, host, pathname } = new URL(resource);
  return host === ''
    ? ''
    : `, in its own words "${displayText(`${protocol}//${host}${pathname}`, RESOURCE_SHOWN_LENGTH)}"`;
}
