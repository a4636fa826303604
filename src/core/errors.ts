/**
 * The one error type that crosses layers, and the closed list of its codes.
 * Expected results are values (`broker/outcomes.ts`); this is for the outside failing.
 */

/** Every `code` an `error` payload can carry (the public contract, section 2). */
export const ERROR_CODES = [
  'invalid_input',
  'unknown_server',
  'server_url_mismatch',
  'url_not_allowed',
  'redirect_not_allowed',
  'insecure_url',
  'discovery_failed',
  'resource_mismatch',
  'issuer_mismatch',
  'issuer_changed',
  'pkce_unsupported',
  'registration_rejected',
  'callback_port_in_use',
  'authorization_denied',
  'authorization_failed',
  'state_invalid',
  'state_expired',
  'token_request_failed',
  'grant_rejected',
  'client_rejected',
  'insufficient_scope',
  'refresh_outcome_unknown',
  'upstream_unreachable',
  'upstream_protocol_error',
  'tool_not_found',
  'limit_exceeded',
  'not_a_member',
  'vault_busy',
  'vault_unreadable',
  'vault_key_wrong',
  'internal_error',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** A JSON-RPC error of an upstream MCP server, bounded and stripped of control characters. */
export interface UpstreamJsonRpcError {
  readonly code: number;
  readonly message: string;
}

export interface BrokerErrorOptions {
  /** True where the same call may succeed later with nothing changed. Default false. */
  readonly retryable?: boolean;
  /** Seconds before which a retry is pointless. */
  readonly retryAfterSeconds?: number;
  /** The upstream's JSON-RPC error, where that is what happened. */
  readonly upstreamError?: UpstreamJsonRpcError;
  /** One fixed sentence that tells the agent what to do, where the code's own does not fit. */
  readonly nextStep?: string;
  /** The authorization server that it is about. */
  readonly issuer?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The outside failed: a server, an authorization server, the vault, a file.
 * `message` is text of ours and holds no secret and no unlabelled text of a server.
 */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly upstreamError: UpstreamJsonRpcError | undefined;
  readonly nextStep: string | undefined;
  readonly issuer: string | undefined;

  constructor(code: ErrorCode, message: string, options: BrokerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.upstreamError = options.upstreamError;
    this.nextStep = options.nextStep;
    this.issuer = options.issuer;
  }
}

/** `work`, whose errors say that they are about the authorization server `issuer`, unless they name another. */
export async function aboutIssuer<T>(issuer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BrokerError) || error.issuer !== undefined) throw error;
    throw new BrokerError(error.code, error.message, { ...optionsOf(error), issuer });
  }
}

function optionsOf({ retryable, retryAfterSeconds, upstreamError, nextStep, cause }: BrokerError): BrokerErrorOptions {
  return {
    retryable,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(upstreamError !== undefined && { upstreamError }),
    ...(nextStep !== undefined && { nextStep }),
    ...(cause !== undefined && { cause }),
  };
}
