/**
 * A provider by hand, for habits that no real authorization server of the tests has: its metadata, its authorize page
 * (which signs in at once), its token endpoint, and an MCP server behind it. What a test does not bend is as it should be.
 */
import { createHash, randomBytes } from 'node:crypto';
import { sendAnswer } from './answers.js';
import type { Answer } from './bend.js';
import { listenOnLoopback } from './loopback-http.js';
import { parametersOf, type RecordedRequest, readBody } from './request-log.js';

export type OddProviderEndpoint = 'metadata' | 'registration' | 'authorization' | 'token' | 'mcp' | 'other';

type Members = Readonly<Record<string, unknown>>;
export type OddRequest = RecordedRequest<OddProviderEndpoint>;

export interface OddProviderOptions {
  /** Path of the MCP server. Default `/mcp`. */
  readonly path?: string;
  /** Answers by path, before anything else; for well-known documents that are elsewhere or not there. */
  readonly answers?: (origin: string) => Readonly<Record<string, Answer>>;
  /** Members of the metadata to add or replace; `undefined` removes one. */
  readonly metadata?: (origin: string) => Members;
  readonly resourceMetadata?: (origin: string) => Members;
  /** An error instead of a code (RFC 6749 section 4.1.2.1), sent back by redirect. */
  readonly refuses?: (request: OddRequest) => string | undefined;
  /** Added to the answer at the redirect URI. */
  readonly callback?: Readonly<Record<string, string>>;
  /** In place of the client that every registration gets. */
  readonly register?: (request: OddRequest) => Answer;
  /** The token answer; undefined for what the tokens of this provider would be, `tokens`. */
  readonly token?: (request: OddRequest, tokens: Members) => Answer | undefined;
}

export interface OddProvider {
  readonly origin: string;
  /** Of the MCP server. */
  readonly url: string;
  requests(endpoint: OddProviderEndpoint): readonly OddRequest[];
  /** No access token that was given out so far is good any more. */
  dropAccessTokens(): void;
  close(): Promise<void>;
}

const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';
const ENDPOINTS: Readonly<Record<string, OddProviderEndpoint>> = {
  '/register': 'registration',
  '/authorize': 'authorization',
  '/token': 'token',
};

export async function startOddProvider(options: OddProviderOptions = {}): Promise<OddProvider> {
  const { path = '/mcp' } = options;
  const recorded: OddRequest[] = [];
  const challenges = new Map<string, string>();
  const accessTokens = new Set<string>();
  const server = await listenOnLoopback((request, response) => {
    readBody(request)
      .then((body) => {
        const url = new URL(request.url ?? '/', origin);
        const text = body.toString('utf8');
        const record: OddRequest = {
          endpoint: endpointOf(url.pathname, path),
          method: request.method ?? 'GET',
          path: url.pathname,
          headers: request.headers,
          parameters: parametersOf(url, request.headers['content-type'], text),
          body: text,
          receivedAt: 0,
        };
        recorded.push(record);
        sendAnswer(response, answer(record));
      })
      .catch(() => response.destroy());
  });
  const { origin } = server;
  const url = `${origin}${path}`;

  function answer(request: OddRequest): Answer {
    const given = options.answers?.(origin)[request.path] ?? metadata(request.path);
    if (given !== undefined) return given;
    if (request.endpoint === 'registration') return options.register?.(request) ?? registered(request);
    if (request.endpoint === 'authorization') return authorize(request);
    if (request.endpoint === 'token') return token(request);
    if (request.endpoint === 'mcp' && request.method === 'POST') return mcp(request);
    return { status: request.endpoint === 'mcp' ? 405 : 404 };
  }

  function metadata(requested: string): Answer | undefined {
    if (requested === `${RESOURCE_METADATA}${path}`)
      return json({ resource: url, authorization_servers: [origin], ...options.resourceMetadata?.(origin) });
    if (requested === '/.well-known/oauth-authorization-server')
      return json({ ...oddMetadata(origin), ...options.metadata?.(origin) });
    return undefined;
  }

  function authorize(request: OddRequest): Answer {
    const { redirect_uri = '', state = '', code_challenge = '' } = request.parameters;
    const back = new URL(redirect_uri);
    const error = options.refuses?.(request);
    const code = randomBytes(16).toString('hex');
    challenges.set(code, code_challenge);
    back.search = new URLSearchParams({ ...(error ? { error } : { code }), state, ...options.callback }).toString();
    return { status: 302, headers: { location: back.href } };
  }

  function token(request: OddRequest): Answer {
    const accessToken = randomBytes(16).toString('hex');
    const tokens = { access_token: accessToken, token_type: 'Bearer', refresh_token: randomBytes(16).toString('hex') };
    const given = options.token?.(request, tokens);
    const isProven = given !== undefined || provesItself(request.parameters);
    if (isProven) accessTokens.add(accessToken);
    return given ?? (isProven ? json(tokens) : json({ error: 'invalid_grant' }, 400));
  }

  function provesItself({ grant_type, code = '', code_verifier = '' }: OddRequest['parameters']): boolean {
    if (grant_type === 'refresh_token') return true;
    const challenge = challenges.get(code);
    challenges.delete(code);
    return challenge === createHash('sha256').update(code_verifier).digest('base64url');
  }

  function mcp({ headers, body }: OddRequest): Answer {
    if (accessTokens.has(headers.authorization?.replace('Bearer ', '') ?? '')) return answerOfMcp(JSON.parse(body));
    return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
  }

  return {
    origin,
    url,
    requests: (endpoint) => recorded.filter((record) => record.endpoint === endpoint),
    dropAccessTokens: () => accessTokens.clear(),
    close: () => server.close(),
  };
}

/** Metadata as they should be, of an authorization server at `origin`. */
export function oddMetadata(origin: string): Members {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  };
}

export function json(body: Members, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}

function endpointOf(requested: string, path: string): OddProviderEndpoint {
  if (requested === path) return 'mcp';
  if (requested.includes('/.well-known/')) return 'metadata';
  return ENDPOINTS[requested] ?? 'other';
}

function registered({ body }: OddRequest): Answer {
  return json({ ...(JSON.parse(body) as object), client_id: randomBytes(8).toString('hex') }, 201);
}

function answerOfMcp({ id, method }: { readonly id?: number; readonly method: string }): Answer {
  if (id === undefined) return { status: 202 };
  const result = {
    initialize: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'odd', version: '1.0.0' },
    },
    'tools/list': { tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: 'you' }] },
  }[method];
  return json(
    result === undefined
      ? { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } }
      : { jsonrpc: '2.0', id, result },
  );
}
