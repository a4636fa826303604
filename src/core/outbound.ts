/**
 * What every outside connection goes through (interfaces; `core/network.ts` implements them).
 * Addresses are classified on what is really connected to; the class of a server's own URL bounds
 * every URL derived from it, so a public server never leads us to loopback or a private host.
 */

export type AddressClass = 'public' | 'private' | 'loopback' | 'forbidden';

export interface GuardedRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** `refuse` for anything with a secret; `follow` at most 3, each checked again. Default `refuse`: a 3xx is returned as it is. */
  readonly redirects?: 'refuse' | 'follow';
  /** Whole request, in milliseconds. Default METADATA_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** Decoded body, in bytes. Default METADATA_MAX_BYTES. */
  readonly maxBytes?: number;
}

/** A whole answer, read and bounded. */
export interface GuardedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The URL that answered, after redirects. */
  readonly url: string;
}

/**
 * Fetches a URL derived from one MCP server's.
 * @throws {BrokerError} `url_not_allowed` or `insecure_url`, before anything is sent.
 * @throws {NetworkFailure} when no whole answer came.
 */
export type GuardedFetch = (url: string | URL, request?: GuardedRequest) => Promise<GuardedResponse>;

/**
 * Streaming fetch for an MCP transport: the same address checks, no size cap on the whole, never across an origin.
 * `headersAt` makes the headers anew for each URL of a redirect, the first one included; without it they are those of `init`.
 */
export type UpstreamFetch = (
  url: string | URL,
  init?: RequestInit,
  headersAt?: (url: URL) => Headers,
) => Promise<Response>;

export interface Network {
  /**
   * Checks a URL that a user or an agent gives for a server, before it is kept.
   * @throws {BrokerError} `url_not_allowed` (not http(s), userinfo, fragment, forbidden or private address) or `insecure_url` (plain http that is not loopback).
   */
  checkServerUrl(url: string): Promise<URL>;
  /**
   * Checks a URL of the server at `serverUrl` that the user's browser will be sent to (an authorization
   * endpoint), by the same address rules as our own requests. Nothing is fetched.
   * @throws {BrokerError} `url_not_allowed` or `insecure_url`, as above.
   */
  checkBrowserUrl(url: string, serverUrl: URL): Promise<URL>;
  /** For discovery, registration, token and revocation requests of the server at `serverUrl`. */
  guardedFetch(serverUrl: URL): GuardedFetch;
  /** For MCP itself at `serverUrl`: Authorization and custom headers never leave its origin. */
  upstreamFetch(serverUrl: URL): UpstreamFetch;
  close(): Promise<void>;
}

/** No whole answer came. `requestSent` false means that the other side cannot have acted on it. */
export class NetworkFailure extends Error {
  override readonly name = 'NetworkFailure';
  constructor(
    readonly kind: 'dns' | 'connect' | 'tls' | 'timeout' | 'reset' | 'truncated' | 'too_large' | 'aborted',
    readonly requestSent: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
