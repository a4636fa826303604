/**
 * Who may pass to the protected MCP server, and the challenge for those who may not (RFC 6750, RFC 9728).
 * It knows tokens only by asking the authorization server, as a resource server does by introspection.
 */
import type { AuthorizationServerFixture } from './authorization-server.js';
import type { Answer } from './bend.js';
import type { Caller } from './fixture-tools.js';
import type { ProofCheck, ProofVerdict } from './proof-check.js';

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
  /** Tokens that are bound to a key are taken, with a proof. */
  readonly proofs?: ProofCheck;
  /** Whether tokens that are bound to nothing are taken. */
  readonly takesBearer: boolean;
  /** Of the challenge, with parameters of their own, such as `Bearer` and `DPoP algs="ES256"`. */
  readonly schemes: readonly string[];
  /** Read at each call, so that a test may let scopes grow. */
  readonly toolsRequiringScope: Readonly<Record<string, string>>;
}

/** A request as far as authorization is concerned. */
export interface GateRequest {
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
  readonly method: string;
  readonly url: URL;
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

  async function callerWith(token: string, keyThumbprint: string | undefined): Promise<Caller | undefined> {
    const issued = refused.has(token) ? undefined : await options.authorizationServer.findAccessToken(token);
    if (!issued || issued.keyThumbprint !== keyThumbprint) return undefined;
    if (issued.audience !== undefined && issued.audience !== options.resource) return undefined;
    seen.add(token);
    return { token, subject: issued.subject, scopes: issued.scopes };
  }

  /** The caller, or what is wrong with the token or its proof. */
  async function authenticate(scheme: string, token: string, request: GateRequest): Promise<Caller | Answer> {
    if (scheme === 'Bearer')
      return (options.takesBearer && (await callerWith(token, undefined))) || withBadToken(options);
    const verdict = await options.proofs?.check({ ...request, token });
    if (verdict?.kind !== 'proven') return withBadProof(options, verdict);
    return (await callerWith(token, verdict.keyThumbprint)) ?? withBadToken(options);
  }

  return {
    admit: async (request) => {
      const [, scheme, token] = /^(Bearer|DPoP) (.+)$/.exec(request.authorization ?? '') ?? [];
      if (scheme === undefined || token === undefined)
        return needsToken(options, request.rpcMethod) ? refuse(withoutToken(options)) : { admitted: true };
      const caller = await authenticate(scheme, token, request);
      if ('status' in caller) return refuse(caller);
      const missing = missingScope(options, caller, request.toolName);
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

function withBadProof(options: BearerGateOptions, verdict: ProofVerdict | undefined): Answer {
  const error = verdict?.kind === 'needs_nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof';
  return refusal(401, challengeHeader(options, { error }));
}

function withTooLittleScope(options: BearerGateOptions, scope: string): Answer {
  return refusal(403, challengeHeader(options, { error: 'insufficient_scope', scope }));
}

function refusal(status: number, challenge: string | undefined): Answer {
  const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
  return { status, headers, body: { error: 'unauthorized' } };
}

function challengeHeader(
  { challenge, metadataUrl, schemes }: BearerGateOptions,
  parameters: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (challenge === 'none') return undefined;
  if (challenge === 'bare') return schemes.join(', ');
  const given = Object.entries({ realm: 'mcp', resource_metadata: metadataUrl, ...parameters }).filter(
    ([, value]) => value !== undefined,
  );
  const said = given.map(([name, value]) => `${name}="${value}"`).join(', ');
  return schemes.map((scheme) => `${scheme}${scheme.includes(' ') ? ',' : ''} ${said}`).join(', ');
}
