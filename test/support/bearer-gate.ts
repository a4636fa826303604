/**
 * Who may pass to the protected MCP server, and the challenge for those who may not (RFC 6750, RFC 9728).
 * It knows tokens only by asking the authorization server, as a resource server does by introspection.
 */
import type { AuthorizationServerFixture } from './authorization-server.js';
import type { Answer } from './bend.js';
import type { Caller } from './fixture-tools.js';

export interface BearerGateOptions {
  readonly authorizationServer: AuthorizationServerFixture;
  /** The resource that a token has to be for. */
  readonly resource: string;
  /** Absent: the challenge has no `resource_metadata`. */
  readonly metadataUrl?: string;
  readonly requireAuthFor: 'all' | readonly string[];
  readonly challenge: 'full' | 'bare' | 'none';
  readonly refusalStatus: 401 | 403 | 404 | 405;
  readonly challengeScope?: string;
  /** Read at each call, so that a test may let scopes grow. */
  readonly toolsRequiringScope: Readonly<Record<string, string>>;
}

/** A request as far as authorization is concerned. */
export interface GateRequest {
  readonly authorization: string | undefined;
  /** JSON-RPC method; absent for GET and DELETE. */
  readonly rpcMethod: string | undefined;
  readonly toolName: string | undefined;
}

export type Admission =
  | { readonly admitted: true; readonly caller?: Caller }
  | { readonly admitted: false; readonly answer: Answer };

export interface BearerGate {
  admit(request: GateRequest): Promise<Admission>;
  /** Refuses every token that was ever admitted, whatever the authorization server says. Returns how many. */
  refuseTokensSeen(): number;
}

export function createBearerGate(options: BearerGateOptions): BearerGate {
  const seen = new Set<string>();
  const refused = new Set<string>();

  async function callerWith(token: string): Promise<Caller | undefined> {
    const issued = refused.has(token) ? undefined : await options.authorizationServer.findAccessToken(token);
    if (!issued) return undefined;
    if (issued.audience !== undefined && issued.audience !== options.resource) return undefined;
    seen.add(token);
    return { token, subject: issued.subject, scopes: issued.scopes };
  }

  return {
    admit: async ({ authorization, rpcMethod, toolName }) => {
      const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
      if (token === undefined)
        return needsToken(options, rpcMethod) ? refuse(withoutToken(options)) : { admitted: true };
      const caller = await callerWith(token);
      if (!caller) return refuse(withBadToken(options));
      const missing = missingScope(options, caller, toolName);
      return missing === undefined ? { admitted: true, caller } : refuse(withTooLittleScope(options, missing));
    },
    refuseTokensSeen: () => {
      for (const token of seen) refused.add(token);
      return refused.size;
    },
  };
}

const refuse = (answer: Answer): Admission => ({ admitted: false, answer });

function needsToken({ requireAuthFor }: BearerGateOptions, rpcMethod: string | undefined): boolean {
  return requireAuthFor === 'all' || (rpcMethod !== undefined && requireAuthFor.includes(rpcMethod));
}

function missingScope(options: BearerGateOptions, caller: Caller, toolName: string | undefined): string | undefined {
  const needed = toolName === undefined ? undefined : options.toolsRequiringScope[toolName];
  const isGranted = needed === undefined || needed.split(' ').every((scope) => caller.scopes.includes(scope));
  return isGranted ? undefined : needed;
}

/** 404 and 405 hide that the server is there at all, so they carry no challenge. */
function withoutToken(options: BearerGateOptions): Answer {
  const { refusalStatus, challengeScope } = options;
  const hides = refusalStatus === 404 || refusalStatus === 405;
  return refusal(refusalStatus, hides ? undefined : challengeHeader(options, { scope: challengeScope }));
}

function withBadToken(options: BearerGateOptions): Answer {
  return refusal(401, challengeHeader(options, { error: 'invalid_token', scope: options.challengeScope }));
}

function withTooLittleScope(options: BearerGateOptions, scope: string): Answer {
  return refusal(403, challengeHeader(options, { error: 'insufficient_scope', scope }));
}

function refusal(status: number, challenge: string | undefined): Answer {
  const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
  return { status, headers, body: { error: 'unauthorized' } };
}

function challengeHeader(
  { challenge, metadataUrl }: BearerGateOptions,
  parameters: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (challenge === 'none') return undefined;
  if (challenge === 'bare') return 'Bearer';
  const given = Object.entries({ realm: 'mcp', resource_metadata: metadataUrl, ...parameters }).filter(
    ([, value]) => value !== undefined,
  );
  return `Bearer ${given.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
