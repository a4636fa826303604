/** What a sign-in needs, and what it leaves: clients, grants and authorizations that wait for their user. */
import type { Owner } from '../core/principal.js';

/** The client that a grant or a pending authorization belongs to (RFC 6749 section 2). A private key is never stored. */
export interface OAuthClient {
  /** Empty: a JWT assertion alone says who asks (RFC 7521 section 4.1). */
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly tokenEndpointAuthMethod: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';
  /** Where the client came from; decides what happens when the authorization server refuses it. */
  readonly origin: 'user_file' | 'configured' | 'metadata_document' | 'registered';
}

/** The endpoints of an authorization server, as validated when the authorization began. */
export interface AuthorizationServerEndpoints {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string;
  /** RFC 9126; `requirePushedAuthorizationRequests`: it takes no other requests. */
  readonly pushedAuthorizationRequestEndpoint?: string;
  readonly requirePushedAuthorizationRequests?: true;
  /** RFC 9207: `iss` is advertised, so an answer without it is refused. */
  readonly issParameterSupported: boolean;
  /** Endpoints named without an issuer: it is only their origin, and an `iss` says nothing against it. */
  readonly issuerAssumed?: true;
  readonly tokenEndpointAuthMethodsSupported?: readonly string[];
  /** The provider profile that the user's file named; absent: the issuer tells. */
  readonly profile?: string;
}

/** The key pair that tokens are bound to (RFC 9449): its JWS algorithm and its private JWK. */
export interface ProofKey {
  readonly algorithm: string;
  readonly privateJwk: Readonly<Record<string, string>>;
}

/** What is stored of an authorization (RFC 6749 section 1.3). Bound to owner, server, resource and issuer. */
export interface Grant {
  readonly owner: Owner;
  readonly serverName: string;
  readonly account: string;
  readonly serverUrl: string;
  /** The RFC 8707 resource sent, or null where the profile omits it. */
  readonly resource: string | null;
  readonly authorizationServer: Omit<AuthorizationServerEndpoints, 'authorizationEndpoint'> &
    Partial<Pick<AuthorizationServerEndpoints, 'authorizationEndpoint'>>;
  readonly client: OAuthClient;
  /** Of the sign-in; empty where there was none. */
  readonly redirectUri: string;
  /** No user signed in for it (RFC 6749 section 4.4, RFC 7523 section 2.1): asked for anew when it ends, never refreshed. */
  readonly unattended?: 'client_credentials' | 'jwt_bearer' | 'id_jag';
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Both tokens are bound to it, and are never sent without a proof of it; each refresh keeps it. */
  readonly dpopKey?: ProofKey;
  /** As granted. */
  readonly scope?: string;
  /** As asked for: a step-up asks for its union with what is missing. */
  readonly requestedScope?: string;
  /** Milliseconds since the epoch. */
  readonly obtainedAt: number;
  readonly expiresAt?: number;
  readonly lastRefreshedAt?: number;
  readonly lastVerifiedAt?: number;
  /** Written before a refresh token is redeemed, removed with the answer: what survives a crash in between. */
  readonly refreshIntent?: { readonly startedAt: number; readonly attempts: number };
  /** No refresh before this instant (RFC 9110 Retry-After). */
  readonly refreshNotBefore?: number;
  /** `ended` grants are kept, marked: the refresh token is never sent again. */
  readonly state: 'active' | 'ended';
  readonly endedReason?:
    | 'grant_rejected'
    | 'token_rejected'
    | 'client_rejected'
    | 'issuer_changed'
    | 'refresh_outcome_unknown';
}

/** A client that we registered ourselves (RFC 7591), kept by owner, issuer and redirect URI. */
export interface ClientRegistration {
  readonly owner: Owner;
  readonly issuer: string;
  readonly redirectUri: string;
  readonly client: OAuthClient;
  /** Servers that use it: it ends with the last of them that is cleared. */
  readonly serverNames: readonly string[];
  readonly registeredAt: number;
  /** RFC 7591 `client_secret_expires_at`, in milliseconds since the epoch. */
  readonly clientSecretExpiresAt?: number;
  /** Set when a sign-in with it timed out or was refused: replaced at the next one. */
  readonly suspect?: boolean;
  readonly registrationClientUri?: string;
  readonly registrationAccessToken?: string;
}

/** How a pending sign-in failed; said once by the next call. */
export interface SignInFailure {
  readonly code:
    | 'authorization_denied'
    | 'authorization_failed'
    | 'issuer_mismatch'
    | 'client_rejected'
    | 'scope_rejected'
    | 'token_request_failed';
  readonly retryable: boolean;
  /** Counted from the answer (RFC 9110 Retry-After). */
  readonly retryAfterSeconds?: number;
  /** Text of ours. */
  readonly message: string;
}

/** What a sign-in by device code waits with (RFC 8628 section 3.2). */
export interface DeviceCodes {
  /** Whoever has it gets the tokens. */
  readonly deviceCode: string;
  readonly userCode: string;
  /** Least time between two token requests, whichever process makes them. */
  readonly intervalSeconds: number;
  /** No token request before this instant, in milliseconds since the epoch. */
  readonly nextPollAt: number;
}

/** One sign-in that waits for its user; any broker process with this vault can finish it. */
export interface PendingAuthorization {
  readonly owner: Owner;
  readonly serverName: string;
  readonly account: string;
  readonly serverUrl: string;
  readonly resource: string | null;
  readonly flow: 'browser' | 'paste_back' | 'device';
  readonly authorizationServer: AuthorizationServerEndpoints;
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly scope?: string;
  readonly addedScope?: string;
  /** The scope that callers had named when it began; what is asked for may be more (a step-up). */
  readonly callersScope?: string;
  readonly state: string;
  readonly codeVerifier: string;
  /** Present with the flow `device`. */
  readonly device?: DeviceCodes;
  /** Where the user goes: the authorization request itself (for a relay they are shown the launch page instead), or the page for the user code. */
  readonly authorizationUrl: string;
  /** The key that its tokens shall be bound to; `acceptsBearer`: tokens that are not will do. */
  readonly dpop?: { readonly key: ProofKey; readonly acceptsBearer?: boolean };
  /** Of a pushed request (RFC 9126): what was pushed and can be again, and when its URL ends. */
  readonly pushed?: {
    readonly parameters: Readonly<Record<string, string>>;
    readonly pushedAt: number;
    readonly expiresAt: number;
  };
  readonly launchToken: string;
  /** A relay needs the cookie that the launch page sets; a loopback redirect binds the browser by itself. */
  readonly browserBinding?: string;
  readonly reason?: string;
  /** The caller (or the user's file) named the scope: a refusal of it is for them to mend. */
  readonly scopeIsCallers: boolean;
  /** The registration was kept from an earlier sign-in, not made for this one. */
  readonly clientIsKept: boolean;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The answer was taken at this instant: a state is used once. */
  readonly answeredAt?: number;
  /** Set once the answer arrived and failed. */
  readonly failure?: SignInFailure;
}
