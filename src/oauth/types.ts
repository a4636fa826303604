/** The values that the OAuth engine takes and gives. Wire names (snake_case) stop at this folder. */
import type { KeyObject } from 'node:crypto';
import type { RegisteredError } from './registered-errors.js';

/** One challenge of `WWW-Authenticate`; scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly token68?: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The client as the protocol sees it (RFC 6749 section 2); what else is known of it is the broker's. */
export interface ClientCredentials {
  /** Empty: the grant alone says who asks (RFC 7521 section 4.1), and no `client_id` is sent. */
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod;
  /** `private_key_jwt`: what its assertions are signed with. */
  readonly key?: ClientKey;
  /** Whom its assertions name. Default the issuer, as draft-ietf-oauth-rfc7523bis asks. */
  readonly assertionAudience?: string;
}

/** The private key of a client, of `parseClientKey`; it never leaves the process. */
export interface ClientKey {
  readonly privateKey: KeyObject;
  /** JWS `alg` (RFC 7518 section 3.1, RFC 8037). */
  readonly algorithm: string;
  readonly keyId?: string;
}

export type TokenEndpointAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

/** One `Bearer` challenge of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750, RFC 9728). */
export interface BearerChallenge {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly resourceMetadata?: string;
  readonly scope?: string;
  readonly error?: string;
  readonly realm?: string;
  /** There is a `DPoP` challenge, perhaps beside it, with the algorithms that it names (RFC 9449 section 7.1). */
  readonly dpop?: { readonly algorithms?: readonly string[] };
}

/** Validated protected resource metadata (RFC 9728). */
export interface ProtectedResource {
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopesSupported?: readonly string[];
  readonly dpopBoundAccessTokensRequired?: boolean;
  readonly dpopSigningAlgValuesSupported?: readonly string[];
}

/** Validated authorization server metadata (RFC 8414, OpenID Connect Discovery), or the 2025-03-26 default endpoints. */
export interface AuthorizationServer {
  readonly issuer: string;
  /** The issuer is our guess (endpoints were configured without it): an `iss` of an answer has nothing to be compared with. */
  readonly issuerAssumed?: true;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly registrationEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly pushedAuthorizationRequestEndpoint?: string;
  readonly requirePushedAuthorizationRequests?: boolean;
  readonly deviceAuthorizationEndpoint?: string;
  readonly scopesSupported?: readonly string[];
  readonly grantTypesSupported?: readonly string[];
  readonly codeChallengeMethodsSupported?: readonly string[];
  readonly tokenEndpointAuthMethodsSupported?: readonly string[];
  readonly clientIdMetadataDocumentSupported?: boolean;
  readonly dpopSigningAlgValuesSupported?: readonly string[];
  readonly issParameterSupported: boolean;
  /** `metadata`: a document was read; `default_endpoints`: guessed as 2025-03-26 says; `configured`: from the user's file or form. */
  readonly source: 'metadata' | 'default_endpoints' | 'configured';
}

/** Of grants without a user, which need the token endpoint alone (RFC 8414 section 2). */
export interface TokenServer extends Omit<AuthorizationServer, 'authorizationEndpoint'> {
  readonly authorizationEndpoint?: string;
}

/** What discovery found for a grant without a user. */
export interface TokenServerDiscovery {
  readonly authorizationServer: TokenServer;
  readonly protectedResource?: ProtectedResource;
  /** The RFC 8707 resource to ask a token for. */
  readonly resource: string;
}

/** What discovery found for one MCP server. */
export type Discovery =
  | {
      readonly kind: 'authorization_server';
      readonly authorizationServer: AuthorizationServer;
      readonly protectedResource?: ProtectedResource;
      /** The RFC 8707 resource to ask a token for; null for a provider, which is none. */
      readonly resource: string | null;
    }
  | { readonly kind: 'none'; readonly protectedResource?: ProtectedResource };

/** Tokens as answered and bounded (RFC 6749 section 5.1). */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: 'Bearer' | 'DPoP';
  readonly refreshToken?: string;
  /** Absent: as requested. */
  readonly scope?: string;
  /** Absent: not known. */
  readonly expiresInSeconds?: number;
}

/** How the token endpoint of a known provider differs from RFC 6749. */
export interface TokenEndpointQuirks {
  /** `json`: it reads JSON, not a form. */
  readonly tokenRequestFormat?: 'json';
  /** Values of `token_type`, in lower case, that are Bearer tokens by another name. */
  readonly bearerTokenTypes?: readonly string[];
  /** Its own names of errors, and the registered ones. */
  readonly tokenErrors?: Readonly<Record<string, string>>;
}

/** The key pair that tokens are bound to (RFC 9449); its private part is encrypted in the vault, and shown nowhere. */
export interface DpopKey {
  /** JWS `alg`. */
  readonly algorithm: string;
  readonly privateJwk: Readonly<Record<string, string>>;
}

/** The last nonce of each server, by its origin. */
export interface DpopNonces {
  nonceFor(url: URL): string | undefined;
  /** Takes the nonce of an answer; false where there is none. */
  adopt(url: URL, headers: Headers): boolean;
}

/** What the requests for tokens are proven with that shall be bound to a key. */
export interface DpopBinding {
  readonly key: DpopKey;
  readonly nonces: DpopNonces;
  /** A token that is bound to nothing will do. */
  readonly acceptsBearer?: boolean;
}

/** Everything that can come of a token request. Only `rejected` is the authorization server's own, parsed word. */
export type TokenOutcome =
  | {
      readonly kind: 'tokens';
      readonly tokens: TokenSet;
      /** Present where the client's own method was refused and this one was not: keep it with the client. */
      readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod;
    }
  /** A parsed error answer (RFC 6749 section 5.2), e.g. `invalid_grant`, `invalid_client`, `invalid_scope`. */
  | { readonly kind: 'rejected'; readonly error: string }
  /** 5xx, 429, or nothing was sent: the token is as good as before. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds?: number; readonly message: string }
  /** Sent, and no whole answer came back: the token may have been redeemed. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** A whole answer that is none: no JSON, a redirect, a wrong token type, an unusable token. Not retryable. */
  | { readonly kind: 'malformed'; readonly message: string };

/** The answer at the redirect URI, after every check (RFC 6749 section 4.1.2, RFC 9207). */
export type AuthorizationResponse =
  | { readonly kind: 'code'; readonly code: string }
  /** Only of an answer whose `state` and `iss` hold. `error` is the registered code, or `other`. */
  | { readonly kind: 'error'; readonly error: AuthorizationError }
  | { readonly kind: 'issuer_mismatch' }
  /** A parameter twice, or neither code nor error. */
  | { readonly kind: 'malformed' };

/** Of a refused authorization request, wherever it was refused (RFC 6749 section 4.1.2.1). */
export type AuthorizationError = RegisteredError | 'other';

/** What can come of pushing an authorization request (RFC 9126). Only `rejected` is the authorization server's own word. */
export type PushOutcome =
  | {
      readonly kind: 'pushed';
      readonly requestUri: string;
      /** Bounded. */
      readonly expiresInSeconds: number;
      /** Present where the client's own method was refused and this one was not: keep it with the client. */
      readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod;
    }
  | { readonly kind: 'rejected'; readonly error: AuthorizationError; readonly retryAfterSeconds?: number }
  /** It did not answer, or could not for now; nothing has begun. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds?: number }
  /** A whole answer that is none. */
  | { readonly kind: 'malformed' };

export type Revocation = 'revoked' | 'unsupported' | 'failed' | 'none';
