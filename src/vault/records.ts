/**
 * The records that are no sign-in's and no team's. Every value lies encrypted; a record's identifier is a tuple of
 * strings, which becomes a length-prefixed, hashed key. Tokens and secrets are plain strings here: the record only
 * exists decrypted in memory, inside the broker.
 */
import type { Owner, Principal } from '../core/principal.js';

/**
 * Points from a one-time token (state, launch, form or accounts page; only its hash is the key) to what it opens.
 * The accounts page is of no one server: its name is empty.
 */
export interface TokenIndex {
  readonly kind: 'state' | 'launch' | 'form' | 'accounts';
  /** Who began it: what a form does is done as this principal. */
  readonly principal: Principal;
  readonly owner: Owner;
  readonly serverName: string;
  readonly account: string;
  readonly expiresAt: number;
  /** Form: which one, on which port, the cookie value that the first GET bound it to, and the CSRF token of its page. */
  readonly form?: 'client' | 'key' | 'manual' | 'secret';
  /** Form for a secret of the user's: its name. */
  readonly secretName?: string;
  /** Client form: what was suggested to the caller, and is filled in. */
  readonly suggestion?: {
    readonly issuer: string;
    readonly clientId?: string;
    readonly scope: string;
    readonly needsClientSecret: boolean;
    /** Why the authorization server would not register us: text of ours, its own words bounded and labelled. */
    readonly refusal?: string;
  };
  readonly port?: number;
  readonly browserBinding?: string;
  readonly csrfToken?: string;
  /** Form: what came of what was sent, for the next visit to show; no secret of it. */
  readonly answer?: FormAnswer;
  /** Accounts page: what came of the key that was last typed there; no secret of it. */
  readonly keyAnswer?: KeptKeyAnswer;
}

export type FormAnswer =
  /** `continueUrl`: where a sign-in goes on. */
  | { readonly kind: 'saved'; readonly continueUrl?: string }
  | {
      readonly kind: 'problem';
      readonly problem: string;
      readonly problemField?: string;
      readonly entered: Readonly<Record<string, string>>;
    };

/** For whose account the key was, and whether the server took it. */
export interface KeptKeyAnswer {
  readonly serverName: string;
  readonly account: string;
  readonly agent: string;
  readonly result:
    | { readonly kind: 'stored'; readonly toolCount: number }
    | { readonly kind: 'problem'; readonly problem: string };
}

/** Client configuration by tool call or form: kept until `clear_mcp_auth`. */
export interface ClientConfiguration {
  readonly owner: Owner;
  readonly serverName: string;
  /** Bound to the server it was given for: a secret never goes to another. */
  readonly serverUrl: string;
  /** Bound to the issuer it was first used at. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly redirectUri?: string;
  /** `""` asks for no scope. */
  readonly scope?: string;
  /** The user (or the agent for them) confirmed or gave something: with `MCP_OAUTH_CONFIRM=always` no question is asked again. */
  readonly confirmed: boolean;
  /** By the form for servers without discovery. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  /** A sign-in there came to nothing: the form is shown again before another begins. */
  readonly endpointsDoubted?: true;
  readonly authType?: string;
  readonly flow?: 'browser' | 'paste_back' | 'device';
}

/** A bearer token or API key of a server and account. */
export interface StoredSecret {
  readonly owner: Owner;
  readonly serverName: string;
  readonly account: string;
  readonly serverUrl: string;
  readonly kind: 'bearer' | 'api_key';
  readonly value: string;
  readonly storedAt: number;
  readonly lastVerifiedAt?: number;
  readonly state: 'active' | 'rejected';
}

/** A secret by name, for every entry that takes it from there. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
  readonly storedAt: number;
}

/** A server that an agent added by `url`; belongs to team and user. */
export interface AddedServer {
  readonly owner: Owner;
  readonly serverName: string;
  readonly url: string;
  readonly addedAt: number;
}

/** What is known of the last request to a server without a credential, and when authorization requests were made. */
export interface ServerObservation {
  readonly owner: Owner;
  readonly serverName: string;
  readonly account: string;
  readonly serverUrl: string;
  readonly authType: 'none' | 'oauth2' | 'oauth2-bearer' | 'bearer' | 'api_key' | 'unknown';
  readonly state: 'connected' | 'auth_required' | 'config_required' | 'error';
  readonly reason?: string;
  readonly lastVerifiedAt?: number;
  readonly toolCount?: number;
  /** The protocol era of the last connection, so that the next one asks no more than it must. */
  readonly priorEra?: 'modern' | 'legacy';
  /** Authorization requests of the step-up window; `operation` null is a sign-in. Milliseconds since the epoch. */
  readonly authorizationRequests?: readonly {
    readonly at: number;
    readonly operation: string | null;
    /** Of a sign-in: the operations that went through since, for which it no longer counts. */
    readonly succeeded?: readonly string[];
  }[];
}

/** The port drawn for the callback where the default was not to be had. */
export interface CallbackPort {
  readonly port: number;
}
