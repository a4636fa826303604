/** The client as we describe it: to a registration endpoint (RFC 7591), or in a hosted client ID metadata document. */
import { BrokerError } from '../core/errors.js';
import { isLoopback } from './endpoint-url.js';
import type { AuthorizationServer, TokenEndpointAuthMethod } from './types.js';

const GRANT_TYPES: readonly string[] = ['authorization_code', 'refresh_token'];

export interface ClientDescription {
  readonly clientName: string;
  readonly redirectUris: readonly string[];
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  readonly scope?: string | undefined;
  /** Beside the two that every sign-in by a browser needs. */
  readonly furtherGrantTypes?: readonly string[] | undefined;
}

/** RFC 7591 client metadata, on the wire. */
export interface ClientMetadata {
  readonly client_name: string;
  readonly redirect_uris: string[];
  readonly grant_types: string[];
  readonly response_types: string[];
  readonly token_endpoint_auth_method: TokenEndpointAuthMethod;
  readonly application_type: 'native' | 'web';
  readonly scope?: string;
}

/**
 * Client metadata of RFC 7591: `native` for loopback redirects, `web` for an https relay.
 *
 * @see RFC 7591 section 2, OpenID Connect Registration section 2 (`application_type`)
 */
export function clientMetadata(description: ClientDescription): ClientMetadata {
  const isNative = description.redirectUris.every((uri) => isLoopback(new URL(uri)));
  return {
    client_name: description.clientName,
    redirect_uris: [...description.redirectUris],
    grant_types: [...GRANT_TYPES, ...(description.furtherGrantTypes ?? [])],
    response_types: ['code'],
    token_endpoint_auth_method: description.tokenEndpointAuthMethod,
    application_type: isNative ? 'native' : 'web',
    ...(description.scope === undefined ? {} : { scope: description.scope }),
  };
}

/**
 * The document to host at `url`, which is then the client id.
 *
 * @throws {BrokerError} `invalid_input` where `url` cannot be a client id
 * @see MCP authorization, "Client ID Metadata Documents"
 */
export function clientMetadataDocument(options: {
  readonly url: string;
  readonly clientName: string;
  readonly redirectUris: readonly string[];
}): ClientMetadata & { readonly client_id: string } {
  assertClientIdUrl(options.url);
  return { client_id: options.url, ...clientMetadata({ ...options, tokenEndpointAuthMethod: 'none' }) };
}

/**
 * Whether `documentUrl` can be the client id at this authorization server: it says that it reads such documents
 * and lets public clients in. That the redirect URI is one of the document's is for the caller to know.
 *
 * @throws {BrokerError} `invalid_input` where `documentUrl` cannot be a client id
 */
export function canUseMetadataDocument(
  authorizationServer: Pick<
    AuthorizationServer,
    'clientIdMetadataDocumentSupported' | 'tokenEndpointAuthMethodsSupported'
  >,
  documentUrl: string,
): boolean {
  assertClientIdUrl(documentUrl);
  const allowsPublic = authorizationServer.tokenEndpointAuthMethodsSupported?.includes('none') ?? true;
  return authorizationServer.clientIdMetadataDocumentSupported === true && allowsPublic;
}

/**
 * Checks that a URL can be a client id: https with a path, and nothing that a server would read differently.
 *
 * @throws {BrokerError} `invalid_input`
 */
export function assertClientIdUrl(value: string): void {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isClientId =
    url?.protocol === 'https:' && url.pathname !== '/' && url.hash === '' && url.username === '' && url.password === '';
  if (!isClientId)
    throw new BrokerError(
      'invalid_input',
      'The client metadata URL must be an https URL with a path, without user name and fragment.',
    );
}
