/**
 * The broker's face to `server`, `web` and `cli`: the two lines of the architecture meet here.
 * (Interfaces only; `createBroker` in `index.ts` builds one.)
 */

import type { ErrorCode } from '../core/errors.js';
import type { Host, InputAnswers, InputRound } from '../core/host.js';
import type { Principal } from '../core/principal.js';
import type { HostChange } from '../upstream/index.js';
import type { AuditTrail } from '../vault/index.js';
import type { AccountsBroker } from './accounts-broker.js';
import type { Administration } from './administration.js';
import type { CallbackResult, FormResult, FormSubmission, LaunchResult } from './browser-results.js';
import type { Cleared, Failure, Outcome } from './outcomes.js';
import type { ServerStatus } from './server-status.js';

/** The arguments of `connect_to_mcp_server`, already validated (`arguments.ts`). */
export interface ConnectArguments {
  readonly serverName: string;
  readonly url?: string | undefined;
  readonly clientId?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly scope?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly authType?: 'auto' | 'none' | 'oauth2' | 'bearer' | 'api_key' | undefined;
  readonly account?: string | undefined;
  readonly flow?: 'browser' | 'paste_back' | 'device' | undefined;
  readonly callbackUrl?: string | undefined;
  readonly waitSeconds?: number | undefined;
}

export type { AuditEntry, AuditTrail } from '../vault/index.js';

export interface CallContext {
  readonly signal?: AbortSignal;
  /** Present where the host gave a progress token; a wait then lasts as long as asked, with a notification every 10 s. */
  readonly onProgress?: ((progress: { progress: number; total?: number; message?: string }) => void) | undefined;
  /** Whom a server may ask while it works on this call; its messages go there too. */
  readonly host?: Host;
  /** What answers the `input_required` that the same call came to before. */
  readonly answers?: InputAnswers;
}

export interface FoundTool {
  readonly serverName: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

export interface SearchResult {
  readonly tools: readonly FoundTool[];
  readonly total: number;
  readonly nextCursor?: string;
  /** Servers left out because they need sign-in or did not answer. */
  readonly skipped?: readonly { readonly serverName: string; readonly reason: string }[];
}

/** A tool or prompt as its server sent it; only the name has been looked at. */
export interface Definition {
  readonly name: string;
  readonly [key: string]: unknown;
}

export type ListKind = 'tools' | 'prompts';

/** What one server lists, without the tools that its entry hides, or why it was not asked: a code, or `requires_auth`. */
export type ServerList =
  | { readonly serverName: string; readonly kind: 'listed'; readonly definitions: readonly Definition[] }
  | { readonly serverName: string; readonly kind: 'left_out'; readonly reason: string };

/** A proxied call either reached the upstream, or became a payload of ours. */
export type ProxiedCall =
  | { readonly kind: 'upstream'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** The server has to know more first: only for a host that is asked by results. Ready to be shown. */
  | { readonly kind: 'input_required'; readonly round: InputRound };

/** Who serves the loopback port. Implemented by `web`, used by the broker before it gives out a URL. */
export interface LoopbackListener {
  /**
   * Makes sure that `port` on `host` is served for this vault, by this process or by another.
   * `foreign`: a program that is not ours, or serves another vault, has it.
   * With port 0 a free one is drawn.
   */
  serve(request: {
    readonly host: '127.0.0.1' | 'localhost' | '::1';
    readonly port: number;
  }): Promise<{ readonly kind: 'serving'; readonly port: number } | { readonly kind: 'foreign' }>;
  close(): Promise<void>;
}

/** Whose a named secret is: the caller's, their team's, or everybody's who shares the vault. */
export type SecretScope = 'user' | 'team' | 'org';

/** A named secret without its value. */
export interface ListedSecret {
  readonly secret: string;
  readonly scope: SecretScope;
  /** ISO 8601. */
  readonly storedAt: string;
}

export interface SecretRemoved {
  readonly status: 'success';
  readonly secret: string;
  readonly scope: SecretScope;
  /** False where there was none. */
  readonly wasStored: boolean;
}

export interface SecretStored {
  readonly status: 'success';
  readonly secret: string;
  readonly scope: SecretScope;
}

/** Which entries of the audit log. */
export interface AuditOptions {
  /** Not those before this instant, in milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** The newest so many. Without, all of them, and the whole chain is verified. */
  readonly limit?: number | undefined;
  /** The caller's own, and not their team's. */
  readonly ownOnly?: boolean;
}

/** One step of `doctor`. */
export interface Finding {
  readonly step:
    | 'settings'
    | 'entry'
    | 'url'
    | 'probe'
    | 'discovery'
    | 'profile'
    | 'client'
    | 'grant'
    | 'program'
    | 'value'
    | 'server'
    | 'node'
    | 'network'
    | 'store'
    | 'key'
    | 'listener'
    | 'catalog';
  /** Null: nothing to judge, or not reached. */
  readonly ok: boolean | null;
  /** What was found, in plain words of ours; no secret. */
  readonly message: string;
  /** What to do about it, for a person. */
  readonly advice?: string;
  /** The error behind it, for whoever words what to do about that. */
  readonly code?: ErrorCode;
  /** That error's own step, said to an agent. */
  readonly nextStep?: string;
}

export interface Broker extends AccountsBroker {
  connect(principal: Principal, args: ConnectArguments, context?: CallContext): Promise<Outcome>;
  clearAuth(
    principal: Principal,
    args: { readonly serverName: string; readonly account?: string | undefined },
    options?: { readonly allowShared?: boolean; readonly provider?: string | undefined },
  ): Promise<Cleared | Failure>;
  listServers(
    principal: Principal,
    serverName?: string,
  ): Promise<{ readonly servers: readonly ServerStatus[] } | Failure>;
  searchTools(
    principal: Principal,
    args: {
      readonly query?: string | undefined;
      readonly serverName?: string | undefined;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
    },
    context?: CallContext,
  ): Promise<SearchResult | Outcome>;
  callTool(
    principal: Principal,
    args: {
      readonly serverName: string;
      readonly toolName: string;
      readonly arguments?: Readonly<Record<string, unknown>> | undefined;
      readonly account?: string | undefined;
    },
    context?: CallContext,
  ): Promise<ProxiedCall>;
  /** Without `uri` the listing, with it the contents; `result` is the upstream's (merged for a listing). */
  readResource(
    principal: Principal,
    args: {
      readonly serverName: string;
      readonly uri?: string | undefined;
      readonly account?: string | undefined;
      readonly cursor?: string | undefined;
    },
    context?: CallContext,
  ): Promise<ProxiedCall>;
  /** The servers that can be asked without a word of the user, in order of name. Makes no request. */
  usableServers(principal: Principal): Promise<readonly string[]>;
  /**
   * What each of `serverNames` lists that can be asked without a word of the user; connects on demand, at most 10 s
   * for each. Default all of them.
   */
  listOfEach(principal: Principal, kind: ListKind, serverNames?: readonly string[]): Promise<readonly ServerList[]>;
  getPrompt(
    principal: Principal,
    args: {
      readonly serverName: string;
      readonly promptName: string;
      readonly arguments?: Readonly<Record<string, unknown>> | undefined;
    },
    context?: CallContext,
  ): Promise<ProxiedCall>;
  /** @param args `params` are those of `completion/complete` as the server shall get them. */
  complete(
    principal: Principal,
    args: {
      readonly serverName: string;
      readonly account?: string | undefined;
      readonly params: Readonly<Record<string, unknown>>;
    },
    context?: CallContext,
  ): Promise<ProxiedCall>;
  /** Calls `listener` whenever the tools of some server may be others than before, however often that is. */
  onToolsChanged(listener: () => void): void;
  /**
   * Tries a bearer token or API key against the server and stores it when it is accepted (the command line's `key set`).
   * `requires_auth` with `key_rejected` when the server refuses it: nothing is stored then.
   */
  storeKey(
    principal: Principal,
    args: { readonly serverName: string; readonly account?: string | undefined; readonly value: string },
    context?: CallContext,
  ): Promise<Outcome>;
  /** Stores a secret that entries name (the command line's `secret set`). `invalid_input` for what cannot be one. */
  storeSecret(
    principal: Principal,
    args: { readonly scope: SecretScope; readonly name: string; readonly value: string },
  ): Promise<SecretStored | Failure>;
  /** The secrets that this caller's entries may name: their own, the team's and everybody's, by name. */
  listSecrets(principal: Principal): Promise<{ readonly secrets: readonly ListedSecret[] } | Failure>;
  removeSecret(
    principal: Principal,
    args: { readonly scope: SecretScope; readonly name: string },
  ): Promise<SecretRemoved | Failure>;
  /** Walks entry, URL, probe, discovery, client, grant and server, as far as it gets; changes nothing. */
  diagnose(principal: Principal, serverName: string): Promise<readonly Finding[]>;
  /** Removes a server that an agent added, with its credentials. Returns whether there was one. */
  removeAddedServer(principal: Principal, serverName: string): Promise<boolean>;
  /** The audit log of the caller's team, in the order in which it was written, and whether its chain is unbroken. */
  auditTrail(principal: Principal, options?: AuditOptions): Promise<AuditTrail | Failure>;
  /** A secret of ours was found, and taken out, in what a server answered. Nobody waits for the entry. */
  noteEchoedSecret(
    principal: Principal,
    server: { readonly serverName: string; readonly account?: string | undefined },
  ): void;
  /** For the command line alone. */
  readonly administration: Administration;

  /** The answer at a redirect URI: `url` is what the browser asked for (origin, path, query), `cookies` what it sent. */
  completeAuthorization(request: {
    readonly url: URL;
    readonly cookies: Readonly<Record<string, string>>;
  }): Promise<CallbackResult>;
  launch(token: string, cookies: Readonly<Record<string, string>>, confirmed: boolean): Promise<LaunchResult>;
  openForm(token: string, cookies: Readonly<Record<string, string>>): Promise<FormResult>;
  submitForm(
    token: string,
    cookies: Readonly<Record<string, string>>,
    fields: Readonly<Record<string, string>>,
  ): Promise<FormSubmission>;

  /** Ports that a sign-in or page of this vault needs served now; none where there is no vault yet. */
  openPorts(): Promise<readonly { readonly host: '127.0.0.1' | 'localhost' | '::1'; readonly port: number }[]>;
  /** Proof that this process serves the vault: an HMAC of the challenge. */
  proveVault(challenge: string): Promise<string>;
  /** Whom servers may ask outside of any call, and what they are told that we can answer. Cheap: said before each call. */
  attend(host: Host): void;
  /** Passes on to the connected servers that the host's roots or its log level have changed. */
  hostChanged(what: HostChange): void;
  /** Resolves when no code or refresh token is being redeemed: a commit in flight ends before the process does. */
  close(): Promise<void>;
}
