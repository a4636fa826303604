/**
 * A real MCP server behind bearer validation on 127.0.0.1, of any era, with the protected resource metadata of RFC 9728.
 * Behind a front as well, so that a test can count and bend its requests.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendAnswer } from './answers.js';
import type { AuthorizationServerFixture } from './authorization-server.js';
import { type BearerGate, createBearerGate } from './bearer-gate.js';
import { fixtureTools } from './fixture-tools.js';
import { type Front, startFront } from './front.js';
import { createLegacyEndpoint } from './legacy-endpoint.js';
import { listenOnLoopback } from './loopback-http.js';
import type { McpEndpoint, McpEndpointOptions } from './mcp-endpoint.js';
import { createModernEndpoint } from './modern-endpoint.js';
import { createProofCheck, type ProofCheck } from './proof-check.js';
import { parametersOf, readBody } from './request-log.js';
import { createSseEndpoint } from './sse-endpoint.js';

export type McpEra = 'legacy' | 'modern' | 'both' | 'sse';

export interface ProtectedServerOptions {
  /** Absent: nothing is protected. */
  readonly authorizationServer?: AuthorizationServerFixture;
  /** `legacy` (default): 2025-11-25 with sessions. `modern`: 2026-07-28 only. `both`: each as asked. `sse`: 2024-11-05. */
  readonly era?: McpEra;
  /** Default `/mcp`. */
  readonly path?: string;
  /**
   * Tokens bound to a key (RFC 9449): taken beside Bearer tokens, or alone; `nonce`: alone, with its own nonce in each
   * proof; `metadata`: alone, and only the protected resource metadata says so. Default: Bearer tokens alone.
   */
  readonly dpop?: 'offered' | 'required' | 'nonce' | 'metadata';
  /** Which JSON-RPC methods need a token. Default all requests. */
  readonly requireAuthFor?: 'all' | readonly string[];
  /** The challenge: with its parameters (default), `Bearer` alone, or no header at all. */
  readonly challenge?: 'full' | 'bare' | 'none';
  /** What a request without a token gets. Default 401; 404 and 405 carry no challenge. */
  readonly refusalStatus?: 401 | 403 | 404 | 405;
  /** `scope` of the 401 challenge. Default none. */
  readonly challengeScope?: string;
  /** Where the protected resource metadata is: the path-inserted location (default), the root only, where only the challenge says, or nowhere. */
  readonly metadataAt?: 'path' | 'root' | 'elsewhere' | 'none';
  /** Fields of the protected resource metadata to add or replace, such as a wrong `resource`; `undefined` removes one. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Tools that a 403 `insufficient_scope` guards, with the scope they need. A test may change the object as it goes. */
  readonly toolsRequiringScope?: Readonly<Record<string, string>>;
  /** So many more tools, named `extra_0`, `extra_1`, … */
  readonly extraTools?: number;
  /** Serves under the authorization server's origin, as servers of 2025-03-26 do: then the issuer is the server's origin. */
  readonly underAuthorizationServer?: boolean;
  readonly port?: number;
}

export type ProtectedServerEndpoint = 'mcp' | 'resource_metadata' | 'other';

export interface ProtectedServerFixture extends Front<ProtectedServerEndpoint> {
  /** What to connect to. */
  readonly url: string;
  /** How often a tool ran; without a name, all of them. */
  callCount(tool?: string): number;
  /** The distinct `Authorization` values seen at the MCP endpoint, oldest first. */
  authorizationsSeen(): readonly string[];
  /** Refuses every access token that was admitted so far, as if revoked; the authorization server does not know. */
  refuseTokensSeen(): number;
  /** Forgets all sessions: the next request with an old session id is 404. */
  dropSessions(): Promise<number>;
  /** The nonce that proofs had is good no longer. */
  rotateNonce(): void;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

export async function startProtectedServer(options: ProtectedServerOptions = {}): Promise<ProtectedServerFixture> {
  const { authorizationServer, path = '/mcp', metadataAt = 'path', underAuthorizationServer = false } = options;
  const calls: string[] = [];
  const proofs = options.dpop === undefined ? undefined : createProofCheck(options.dpop === 'nonce');
  const endpoint = createEndpoint(options.era ?? 'legacy', {
    tools: fixtureTools(options.extraTools),
    onCall: (tool) => void calls.push(tool),
    instructions: 'Ask whoami first.',
  });
  const server = await listenOnLoopback((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const front = await startFront<ProtectedServerEndpoint>({
    target: () => server.origin,
    endpointOf: (_method, requested) =>
      requested === path ? 'mcp' : requested.startsWith(WELL_KNOWN) ? 'resource_metadata' : 'other',
    ...(options.port !== undefined && { port: options.port }),
  });
  if (underAuthorizationServer) authorizationServer?.mount(path, front.origin);

  const origin = (underAuthorizationServer && authorizationServer?.issuer) || front.origin;
  const url = `${origin}${path}`;
  const metadataPath = authorizationServer && metadataPaths(path)[metadataAt];
  const metadata = {
    resource: url,
    authorization_servers: authorizationServer && [authorizationServer.issuer],
    scopes_supported: authorizationServer?.scopes,
    bearer_methods_supported: ['header'],
    ...(options.dpop === 'metadata' && { dpop_bound_access_tokens_required: true }),
    ...options.metadata,
  };
  const gate =
    authorizationServer &&
    createGate(options, authorizationServer, proofs, url, metadataPath && `${origin}${metadataPath}`);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requested = new URL(request.url ?? '/', url);
    if (requested.pathname === metadataPath) return sendAnswer(response, { status: 200, body: metadata });
    if (requested.pathname !== path) return sendAnswer(response, NOT_FOUND);
    const body = (await readBody(request)).toString('utf8');
    const { method, name } = parametersOf(requested, request.headers['content-type'], body);
    const admission = await gate?.admit({
      authorization: request.headers.authorization,
      proof: request.headersDistinct.dpop?.join(','),
      method: request.method ?? 'GET',
      url: requested,
      rpcMethod: method,
      toolName: method === 'tools/call' ? name : undefined,
    });
    if (proofs?.nonce !== undefined) response.setHeader('dpop-nonce', proofs.nonce);
    if (admission?.admitted === false) return sendAnswer(response, admission.answer);
    await endpoint.serve({ request, response, url: requested, body, caller: admission?.caller });
  }

  return {
    ...front,
    url,
    callCount: (tool) => calls.filter((called) => tool === undefined || called === tool).length,
    authorizationsSeen: () => [...new Set(front.requests('mcp').flatMap(({ headers }) => headers.authorization ?? []))],
    refuseTokensSeen: () => gate?.refuseTokensSeen() ?? 0,
    dropSessions: () => endpoint.dropSessions(),
    rotateNonce: () => proofs?.rotateNonce(),
    close: async () => {
      await endpoint.close();
      await front.close();
      await server.close();
    },
  };
}

function metadataPaths(path: string) {
  return { path: `${WELL_KNOWN}${path}`, root: WELL_KNOWN, elsewhere: '/about/this-resource', none: undefined };
}

const NOT_FOUND = { status: 404, body: 'Not found' };

function createGate(
  options: ProtectedServerOptions,
  authorizationServer: AuthorizationServerFixture,
  proofs: ProofCheck | undefined,
  resource: string,
  metadataUrl: string | undefined,
): BearerGate {
  return createBearerGate({
    authorizationServer,
    resource,
    requireAuthFor: options.requireAuthFor ?? 'all',
    challenge: options.challenge ?? 'full',
    refusalStatus: options.refusalStatus ?? 401,
    toolsRequiringScope: options.toolsRequiringScope ?? {},
    takesBearer: proofs === undefined || options.dpop === 'offered',
    schemes: schemesOf(options.dpop, proofs),
    ...(proofs !== undefined && { proofs }),
    ...(metadataUrl !== undefined && { metadataUrl }),
    ...(options.challengeScope !== undefined && { challengeScope: options.challengeScope }),
  });
}

function schemesOf(dpop: ProtectedServerOptions['dpop'], proofs: ProofCheck | undefined): readonly string[] {
  const proven = `DPoP algs="${proofs?.algorithms.join(' ')}"`;
  if (dpop === undefined || dpop === 'metadata') return ['Bearer'];
  return dpop === 'offered' ? ['Bearer', proven] : [proven];
}

function createEndpoint(era: McpEra, options: McpEndpointOptions): McpEndpoint {
  if (era === 'legacy') return createLegacyEndpoint(options);
  if (era === 'sse') return createSseEndpoint(options);
  return createModernEndpoint(options, era === 'both' ? 'stateless' : 'reject');
}
