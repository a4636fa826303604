/** The values that the upstream layer takes and gives: MCP servers as the broker sees them. */
import type { Clock } from '../core/clock.js';
import type { Host, HostCapabilities, InputAnswers } from '../core/host.js';
import type { Log } from '../core/log.js';
import type { UpstreamFetch } from '../core/outbound.js';
import type { StartLimit } from './start-limit.js';

/** A 401 or 403 of an upstream, or a 404/405 of a probe: what authorization is decided on. */
export interface Refusal {
  readonly status: number;
  /** The raw `WWW-Authenticate` value, at most CHALLENGE_MAX_BYTES. */
  readonly wwwAuthenticate: string | null;
}

/** Thrown by every operation of a connection when the upstream refused the request before acting on it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(readonly refusal: Refusal) {
    super(`the server answered ${refusal.status}`);
  }
}

export type Probe = { readonly kind: 'open' } | { readonly kind: 'refused'; readonly refusal: Refusal };

export type TransportKind = 'streamable-http' | 'sse' | 'stdio';

/** `modern`: stateless, 2026-07-28 and later. `legacy`: sessions begun by `initialize`, 2025-11-25 and before. */
export type ProtocolEra = 'modern' | 'legacy';

/** How to introduce ourselves, and how long to wait. */
export interface ConnectOptions {
  readonly clientName: string;
  readonly clientVersion: string;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** Until the connection stands, in milliseconds. Default UPSTREAM_CONNECT_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** What the server is told that we can answer, and whom it may ask outside of any call. */
  readonly host?: Host;
  /** How long a request may go without an answer or progress. Default UPSTREAM_REQUEST_TIMEOUT_MS. */
  readonly requestTimeoutMs?: number;
  /** What an earlier connection to this server was; spares a `legacy` server the question. A wrong one is found out. */
  readonly priorEra?: ProtocolEra;
  /** For the age of cached lists. Default: the system's. */
  readonly clock?: Clock;
  /** Called each time the server tells that its tools changed, however often that is. */
  readonly onToolsChanged?: () => void;
}

/** What the requests to a server carry to prove themselves. */
export interface RequestCredential {
  /** The headers of one request, made anew for each: a proof of possession names its method and URL. */
  headers(request: CredentialRequest): Readonly<Record<string, string>>;
  /**
   * Sees each answer. True: the server has not acted on the request and wants it with other headers, so it is sent once more.
   */
  wantsOtherHeaders?(
    request: CredentialRequest,
    answer: { readonly status: number; readonly headers: Headers },
  ): boolean;
}

export interface CredentialRequest {
  readonly method: string;
  readonly url: URL;
}

/** How to reach a remote server. */
export interface RemoteTarget {
  readonly url: URL;
  readonly fetch: UpstreamFetch;
  readonly transport: 'auto' | 'streamable-http' | 'sse';
  /** Headers of the entry, already resolved; sent to the server's origin only. */
  readonly headers: Readonly<Record<string, string>>;
  /** The credential of the next request, or undefined for none; called before every request. */
  readonly credential: () => Promise<RequestCredential | undefined>;
}

/** How to start a server that is a program. */
export interface SubprocessTarget {
  /** A name that the PATH of its environment leads to, or an absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. Default: where the broker runs. */
  readonly cwd?: string;
  /** The variables of the entry, already resolved; called before every start. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
  /** Outlives the connections of this server, so that none of them starts it over and over. */
  readonly starts: StartLimit;
}

/** A tool exactly as the upstream sent it. */
export interface UpstreamTool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A prompt exactly as the upstream sent it: only its name has been looked at. */
export interface UpstreamPrompt {
  readonly name: string;
  readonly [key: string]: unknown;
}

export interface ToolList {
  readonly tools: readonly UpstreamTool[];
  /** True where the server has more than TOOLS_MAX tools or LIST_MAX_PAGES pages. */
  readonly truncated: boolean;
}

/**
 * A `CallToolResult` (or any other result object) as the upstream sent it, without a `resultType`: only the round of a
 * 2026-07-28 server has one (`inputRoundOf`), which only a host that is asked by results gets.
 */
export type UpstreamResult = Readonly<Record<string, unknown>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ((progress: { progress: number; total?: number; message?: string }) => void) | undefined;
  /** Whom the server may ask while it works on this, and who wants its messages. */
  readonly host?: Host;
  /** What answers the round that the same request came to before; of no use to a server of before 2026-07-28. */
  readonly answers?: InputAnswers;
}

/**
 * One live connection: one owner, account and server, never shared.
 * Every operation throws RefusedError (401, 403), BrokerError `upstream_unreachable` (retryable) or
 * `upstream_protocol_error` (with `upstreamError` where the server sent a JSON-RPC error).
 * A session that the server forgot (404) is begun anew inside, with the same credential.
 */
export interface UpstreamConnection {
  readonly transport: TransportKind;
  readonly protocolVersion: string;
  /** Worth remembering as the next `priorEra`. Absent where it makes no difference (stdio). */
  readonly era?: ProtocolEra;
  /** How many operations are under way; a pool leaves a busy connection open. Absent counts as none. */
  readonly operationsUnderWay?: number;
  readonly instructions: string | undefined;
  /** What a server of before 2026-07-28 was told that we can answer. */
  readonly declared?: HostCapabilities;
  /** All tools, from a cache that `list_changed` and the server's cache hint end; `refresh` asks anew. */
  listTools(options?: { readonly refresh?: boolean; readonly signal?: AbortSignal }): Promise<ToolList>;
  callTool(name: string, args: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<UpstreamResult>;
  listResources(cursor?: string, options?: CallOptions): Promise<UpstreamResult>;
  listResourceTemplates(cursor?: string, options?: CallOptions): Promise<UpstreamResult>;
  readResource(uri: string, options?: CallOptions): Promise<UpstreamResult>;
  /** All prompts, asked for anew each time; none where the server declares none. */
  listPrompts(options?: CallOptions): Promise<readonly UpstreamPrompt[]>;
  /** @param params of `prompts/get`, passed on as they are. */
  getPrompt(params: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<UpstreamResult>;
  /** @param params of `completion/complete`, passed on as they are. No values where the server completes nothing. */
  complete(params: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<UpstreamResult>;
  /** Passes on to a server of before 2026-07-28 that the host's roots or its log level have changed. */
  hostChanged?(what: HostChange): void;
  close(): Promise<void>;
}

/** What a host tells unasked. */
export type HostChange = 'roots' | 'log_level';

/** Keeps connections by key, one for each; opening the same key twice at once opens one. */
export interface ConnectionPool {
  /** @throws as `connectRemote` does; a connection that failed is not kept. */
  use(key: string, open: () => Promise<UpstreamConnection>): Promise<UpstreamConnection>;
  get(key: string): UpstreamConnection | undefined;
  /** Forgets one connection, and closes it when the last operation on it has ended. */
  retire(key: string): void;
  /** Those that are open. */
  all(): readonly UpstreamConnection[];
  /** Closes and forgets one connection. */
  drop(key: string): Promise<void>;
  close(): Promise<void>;
}
