/**
 * An authorization server and the MCP server behind it in one small program, for stories of thousands of requests.
 * Refresh tokens rotate; the last one is forgiven until its successor has been used, as careful servers do it.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { sendAnswer } from './answers.js';
import type { Answer } from './bend.js';
import { listenOnLoopback } from './loopback-http.js';
import { readBody } from './request-log.js';

export interface InstantServers {
  /** What to connect to: any path below it is a server of its own. */
  urlOf(serverName: string): string;
  /** Whether the next refresh with this token would succeed. */
  accepts(refreshToken: string): boolean;
  /** Refresh tokens that were sent though they were of no use any more. */
  readonly refusals: () => number;
  close(): Promise<void>;
}

interface Family {
  current: string;
  previous: string | undefined;
}

/** An access token is good for one call of a tool, so that it has to be refreshed all the time. */
const CALLS_OF_ACCESS_TOKEN = 1;

export async function startInstantServers(): Promise<InstantServers> {
  const challenges = new Map<string, string>();
  const families = new Map<string, Family>();
  const callsLeft = new Map<string, number>();
  let refusals = 0;
  const server = await listenOnLoopback((request, response) => {
    answer(request).then(
      (given) => sendAnswer(response, given),
      () => response.destroy(),
    );
  });
  const { origin } = server;

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', origin);
    const body = (await readBody(request)).toString('utf8');
    if (url.pathname.startsWith('/.well-known/oauth-protected-resource'))
      return json({
        resource: `${origin}${url.pathname.slice(METADATA_PREFIX.length)}`,
        authorization_servers: [origin],
      });
    switch (url.pathname) {
      case '/.well-known/oauth-authorization-server':
        return json(metadata(origin));
      case '/register':
        return json({ ...(JSON.parse(body) as object), client_id: randomBytes(8).toString('hex') }, 201);
      case '/authorize':
        return authorize(url.searchParams);
      case '/token':
        return token(new URLSearchParams(body));
      case '/revoke':
        return revoke(new URLSearchParams(body));
      default:
        return request.method === 'POST' ? mcp(request.headers.authorization, url.pathname, body) : { status: 405 };
    }
  }

  function authorize(asked: URLSearchParams): Answer {
    const code = randomBytes(16).toString('hex');
    challenges.set(code, asked.get('code_challenge') ?? '');
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.search = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: origin }).toString();
    return { status: 302, headers: { location: back.href } };
  }

  function token(form: URLSearchParams): Answer {
    const family = form.get('grant_type') === 'refresh_token' ? refreshed(form) : begun(form);
    if (family === undefined) return json({ error: 'invalid_grant' }, 400);
    const accessToken = randomBytes(16).toString('hex');
    callsLeft.set(accessToken, CALLS_OF_ACCESS_TOKEN);
    return json({ access_token: accessToken, token_type: 'Bearer', expires_in: 3_600, refresh_token: family.current });
  }

  function begun(form: URLSearchParams): Family | undefined {
    const code = form.get('code') ?? '';
    const challenge = challenges.get(code);
    challenges.delete(code);
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    return challenge === proof ? rotate({ current: '', previous: undefined }, undefined) : undefined;
  }

  function refreshed(form: URLSearchParams): Family | undefined {
    const sent = form.get('refresh_token') ?? '';
    const family = families.get(sent);
    if (family !== undefined && (family.current === sent || family.previous === sent)) return rotate(family, sent);
    refusals += 1;
    return undefined;
  }

  function rotate(family: Family, used: string | undefined): Family {
    family.previous = used;
    family.current = randomBytes(16).toString('hex');
    families.set(family.current, family);
    return family;
  }

  function revoke(form: URLSearchParams): Answer {
    const sent = form.get('token') ?? '';
    const family = families.get(sent);
    if (family !== undefined) Object.assign(family, { current: '', previous: undefined });
    callsLeft.delete(sent);
    return { status: 200 };
  }

  function mcp(authorization: string | undefined, path: string, body: string): Answer {
    const accessToken = authorization?.replace('Bearer ', '') ?? '';
    const call = JSON.parse(body) as Call;
    const left = (callsLeft.get(accessToken) ?? -1) - (call.method === 'tools/call' ? 1 : 0);
    if (left < 0) {
      const header = `Bearer resource_metadata="${origin}${METADATA_PREFIX}${path}"`;
      return { status: 401, headers: { 'www-authenticate': header } };
    }
    callsLeft.set(accessToken, left);
    return answerOfMcp(call);
  }

  return {
    urlOf: (serverName) => `${origin}/mcp/${serverName}`,
    accepts: (refreshToken) => {
      const family = families.get(refreshToken);
      return family !== undefined && (family.current === refreshToken || family.previous === refreshToken);
    },
    refusals: () => refusals,
    close: () => server.close(),
  };
}

const METADATA_PREFIX = '/.well-known/oauth-protected-resource';

interface Call {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly protocolVersion?: string };
}

function answerOfMcp({ id, method, params }: Call): Answer {
  if (id === undefined) return { status: 202 };
  const result = {
    initialize: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'instant', version: '1.0.0' },
    },
    'tools/list': { tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: 'you' }] },
  }[method];
  if (params?.protocolVersion === undefined && method === 'initialize') return { status: 400 };
  return json(
    result === undefined
      ? { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } }
      : { jsonrpc: '2.0', id, result },
  );
}

function metadata(origin: string): Record<string, unknown> {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    authorization_response_iss_parameter_supported: true,
  };
}

function json(body: Record<string, unknown>, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
