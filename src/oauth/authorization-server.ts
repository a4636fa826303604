/** Authorization server metadata (RFC 8414, OpenID Connect Discovery): found, validated, and used only from its own issuer. */
import * as z from 'zod';
import { SCOPES_SUPPORTED_MAX } from '../core/limits.js';
import type { GuardedFetch } from '../core/outbound.js';
import type { JsonObject } from './json-answer.js';
import { requestMetadata } from './metadata-request.js';
import { usableScopes } from './scope.js';
import type { TokenServer } from './types.js';
import { authorizationServerMetadataUrls } from './well-known.js';

const text = z.string().min(1).optional().catch(undefined);
const strings = z.array(z.string()).optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
/** The endpoints that we may use; `jwks_uri`, logos and the like are not even read (T13). */
const authorizationServerDocument = z.object({
  issuer: z.string(),
  authorization_endpoint: text,
  token_endpoint: z.string().min(1),
  registration_endpoint: text,
  revocation_endpoint: text,
  pushed_authorization_request_endpoint: text,
  require_pushed_authorization_requests: flag,
  device_authorization_endpoint: text,
  scopes_supported: strings,
  grant_types_supported: strings,
  code_challenge_methods_supported: strings,
  token_endpoint_auth_methods_supported: strings,
  client_id_metadata_document_supported: flag,
  dpop_signing_alg_values_supported: strings,
  authorization_response_iss_parameter_supported: flag,
});

export type AuthorizationServerAnswer =
  | { readonly kind: 'found'; readonly authorizationServer: TokenServer }
  | { readonly kind: 'absent' }
  /** Documents were found, but each says that it is somebody else's. */
  | { readonly kind: 'issuer_mismatch' }
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds?: number };

/** Whether a document that was asked for at the issuer `asked` may state `stated`, which is not the same string. */
export type MayStateIssuer = (asked: string, stated: string) => boolean;

export interface AuthorizationServerSearch {
  readonly fetch: GuardedFetch;
  /** `token`: a document without an authorization endpoint will do. */
  readonly purpose: 'sign_in' | 'token';
  /** Default: it never may. */
  readonly mayStateIssuer?: MayStateIssuer | undefined;
}

/**
 * Looks for the metadata of `issuer`, in the prescribed order. A document of another issuer is not used.
 *
 * @param issuer - the identifier as protected resource metadata gives it, or a server's origin; never compared as a URL
 * @throws {BrokerError} `url_not_allowed`, `insecure_url`
 * @see RFC 8414 section 3.3
 */
export async function findAuthorizationServer(
  issuer: string,
  search: AuthorizationServerSearch,
): Promise<AuthorizationServerAnswer> {
  let outcome: AuthorizationServerAnswer = { kind: 'absent' };
  for (const url of authorizationServerMetadataUrls(new URL(issuer))) {
    const answer = await requestMetadata(search.fetch, url);
    const result = answer.kind === 'document' ? validateAuthorizationServer(answer.document, issuer, search) : answer;
    if (result.kind === 'found') return result;
    if (outcome.kind === 'absent') outcome = result;
  }
  return outcome;
}

/**
 * Validates one document.
 *
 * @returns `absent` where it is no usable metadata
 */
export function validateAuthorizationServer(
  document: JsonObject,
  issuer: string,
  { purpose, mayStateIssuer }: Omit<AuthorizationServerSearch, 'fetch'>,
): Exclude<AuthorizationServerAnswer, { kind: 'unavailable' }> {
  const parsed = authorizationServerDocument.safeParse(document);
  if (!parsed.success) return { kind: 'absent' };
  if (purpose === 'sign_in' && parsed.data.authorization_endpoint === undefined) return { kind: 'absent' };
  const stated = parsed.data.issuer;
  if (stated !== issuer && mayStateIssuer?.(issuer, stated) !== true) return { kind: 'issuer_mismatch' };
  return { kind: 'found', authorizationServer: authorizationServerOf(parsed.data) };
}

function authorizationServerOf(document: z.infer<typeof authorizationServerDocument>): TokenServer {
  return withoutUndefined({
    issuer: document.issuer,
    authorizationEndpoint: document.authorization_endpoint,
    tokenEndpoint: document.token_endpoint,
    registrationEndpoint: document.registration_endpoint,
    revocationEndpoint: document.revocation_endpoint,
    pushedAuthorizationRequestEndpoint: document.pushed_authorization_request_endpoint,
    requirePushedAuthorizationRequests: document.require_pushed_authorization_requests,
    deviceAuthorizationEndpoint: document.device_authorization_endpoint,
    scopesSupported:
      document.scopes_supported && usableScopes(document.scopes_supported).slice(0, SCOPES_SUPPORTED_MAX),
    grantTypesSupported: document.grant_types_supported,
    codeChallengeMethodsSupported: document.code_challenge_methods_supported,
    tokenEndpointAuthMethodsSupported: document.token_endpoint_auth_methods_supported,
    clientIdMetadataDocumentSupported: document.client_id_metadata_document_supported,
    dpopSigningAlgValuesSupported: document.dpop_signing_alg_values_supported,
    issParameterSupported: document.authorization_response_iss_parameter_supported ?? false,
    source: 'metadata' as const,
  });
}

type WithoutUndefined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

function withoutUndefined<T extends object>(value: T): WithoutUndefined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as WithoutUndefined<T>;
}
