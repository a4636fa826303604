/**
 * A hand-made MCP server that answers exactly what a test tells it to, byte for byte where it has to:
 * what no SDK would send.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from './loopback-http.js';

export interface ScriptedRequest {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly rpc: { readonly id?: number | string; readonly method?: string; readonly params?: Record<string, unknown> };
}

/** What to answer to one JSON-RPC method: a result, or whatever the function writes itself (then it returns undefined). */
export type Answer = (request: ScriptedRequest, response: ServerResponse) => object | undefined;

export interface ScriptedUpstream {
  readonly url: URL;
  readonly requests: ScriptedRequest[];
  /** How often a JSON-RPC method was asked for. */
  count(rpcMethod: string): number;
  close(): Promise<void>;
}

export interface Script {
  readonly era: 'legacy' | 'modern';
  readonly answers?: Readonly<Record<string, Answer>>;
  /** GET of the endpoint. Default 405. */
  readonly onGet?: (request: ScriptedRequest, response: ServerResponse) => void;
  readonly capabilities?: object;
}

export async function startScriptedUpstream({
  era,
  answers = {},
  onGet = (_request, response) => void response.writeHead(405).end(),
  capabilities = { tools: {}, resources: {} },
}: Script): Promise<ScriptedUpstream> {
  const requests: ScriptedRequest[] = [];
  const handshake = era === 'legacy' ? legacyHandshake(capabilities) : modernHandshake(capabilities);
  const server = await listenOnLoopback((request, response) => {
    void readRequest(request).then((seen) => {
      requests.push(seen);
      if (seen.method === 'GET') onGet(seen, response);
      else if (seen.rpc.id === undefined) response.writeHead(202).end();
      else answerRpc(seen, response);
    });
  });

  function answerRpc(seen: ScriptedRequest, response: ServerResponse): void {
    const answer = answers[seen.rpc.method ?? ''] ?? handshake[seen.rpc.method ?? ''];
    if (answer === undefined) {
      sendRpcError(response, seen, -32_601, 'Method not found');
      return;
    }
    const result = answer(seen, response);
    const stamp = era === 'modern' ? { resultType: 'complete' } : {};
    if (result !== undefined) sendResult(response, seen, { ...stamp, ...result });
  }

  return {
    url: new URL('/mcp', server.origin),
    requests,
    count: (rpcMethod) => requests.filter(({ rpc }) => rpc.method === rpcMethod).length,
    close: () => server.close(),
  };
}

export function sendResult(response: ServerResponse, { rpc }: ScriptedRequest, result: object): void {
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result }));
}

export function sendRpcError(response: ServerResponse, { rpc }: ScriptedRequest, code: number, message: string): void {
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id: rpc.id, error: { code, message } }));
}

function legacyHandshake(capabilities: object): Readonly<Record<string, Answer>> {
  return {
    initialize: () => ({ protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'scripted', version: '1' } }),
  };
}

function modernHandshake(capabilities: object): Readonly<Record<string, Answer>> {
  return {
    'server/discover': () => ({ supportedVersions: ['2026-07-28'], capabilities, ttlMs: 0, cacheScope: 'private' }),
  };
}

async function readRequest(request: IncomingMessage): Promise<ScriptedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  return {
    method: request.method ?? '',
    headers: request.headers,
    rpc: body === '' ? {} : (JSON.parse(body) as ScriptedRequest['rpc']),
  };
}
