/**
 * What a call of ours comes to: the payloads of the public contract (section 2), as values.
 * `server/payload.ts` and `cli` print them; nothing in them is secret.
 */
import type { ErrorCode, UpstreamJsonRpcError } from '../core/errors.js';

export type AuthType = 'none' | 'oauth2' | 'oauth2-bearer' | 'bearer' | 'api_key' | 'unknown';

/** Why the user has to say something first. */
export type ConfigReason =
  | 'registration_unavailable'
  | 'registration_rejected'
  | 'client_rejected'
  | 'scope_rejected'
  | 'insufficient_scope'
  | 'confirmation_required';

/** Why the user has to sign in again; a first sign-in has none. */
export type AuthReason =
  | 'insufficient_scope'
  | 'scope_rejected'
  | 'state_expired'
  | 'grant_rejected'
  | 'token_rejected'
  | 'key_rejected'
  | 'client_rejected'
  | 'issuer_changed'
  | 'refresh_outcome_unknown'
  | 'secret_missing';

export interface SkillReference {
  readonly id: string;
  readonly name: string;
}

export interface Success {
  readonly status: 'success';
  readonly serverName: string;
  readonly account: string;
  readonly tools: readonly { readonly name: string; readonly description?: string }[];
  readonly toolsTruncated?: true;
  readonly toolCount: number;
  readonly toolsDropped?: true;
  readonly transport: 'streamable-http' | 'sse' | 'stdio';
  readonly protocolVersion: string;
  readonly authType: AuthType;
  readonly scope?: string;
  /** ISO 8601. */
  readonly expiresAt?: string;
  readonly instructions?: string;
}

export interface RequiresOauthConfig {
  readonly status: 'requires_oauth_config';
  readonly serverName: string;
  readonly authType: 'oauth2';
  readonly reason: ConfigReason;
  readonly oauthDiscovery: {
    readonly authorizationEndpoint: string;
    readonly tokenEndpoint: string;
    readonly issuer: string;
    readonly suggestedClientId: string;
    readonly suggestedRedirectUri: string;
    readonly suggestedScope: string;
    readonly scopes: readonly string[];
    readonly needsClientSecret: boolean;
  };
  readonly configUrl?: string;
  readonly helpfulSkills: readonly SkillReference[];
  readonly nextStep: string;
}

export interface RequiresAuth {
  readonly status: 'requires_auth';
  readonly serverName: string;
  readonly authType: Exclude<AuthType, 'none'>;
  readonly authUrl: string | null;
  readonly launchUrl?: string;
  readonly completion?: 'callback' | 'paste_back' | 'form' | 'device';
  readonly reason?: AuthReason;
  readonly scope?: string;
  readonly addedScope?: string;
  readonly userCode?: string;
  readonly redirectUri?: string;
  readonly expiresAt?: string;
  readonly configUrl?: string;
  readonly helpfulSkills: readonly SkillReference[];
  readonly nextStep: string;
}

export interface Cleared {
  readonly status: 'success';
  readonly serverName: string;
  readonly cleared: {
    readonly grants: number;
    readonly secrets: number;
    readonly clients: number;
    readonly pending: number;
  };
  readonly revocation: 'revoked' | 'unsupported' | 'failed' | 'none';
}

export interface Failure {
  readonly status: 'error';
  readonly serverName: string;
  readonly error: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
  readonly upstreamError?: UpstreamJsonRpcError;
  readonly helpfulSkills: readonly SkillReference[];
  readonly nextStep: string;
}

export type Outcome = Success | RequiresOauthConfig | RequiresAuth | Failure;
