/**
 * MCP servers of both SDK lines without any authorization, as an upstream of the connections under test.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fixtureTools } from './fixture-tools.js';
import { createLegacyEndpoint } from './legacy-endpoint.js';
import { listenOnLoopback } from './loopback-http.js';
import type { McpEndpoint, McpEndpointOptions } from './mcp-endpoint.js';
import { createModernEndpoint } from './modern-endpoint.js';
import { createSseEndpoint } from './sse-endpoint.js';

export type UpstreamKind = 'legacy' | 'modern' | 'modern-only' | 'sse';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The JSON-RPC method of a POST. */
  readonly rpcMethod: string | undefined;
  readonly body: string;
}

export interface UpstreamEndpoint {
  readonly url: URL;
  readonly origin: string;
  readonly requests: SeenRequest[];
  /** The tools that ran, in order. */
  readonly calls: string[];
  dropSessions(): Promise<number>;
  close(): Promise<void>;
}

/** Answers a request itself and returns true, or leaves it to the MCP server. */
export type Intercept = (request: SeenRequest, response: ServerResponse) => boolean;

export async function startUpstreamEndpoint(
  kind: UpstreamKind,
  intercept: Intercept = () => false,
): Promise<UpstreamEndpoint> {
  const requests: SeenRequest[] = [];
  const calls: string[] = [];
  const endpoint = createEndpoint(kind, {
    tools: fixtureTools(),
    onCall: (tool) => void calls.push(tool),
    instructions: 'Be kind.',
  });
  const server = await listenOnLoopback((request, response) => {
    void readText(request).then(async (body) => {
      const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
      const seen = {
        method: request.method ?? '',
        path: url.pathname,
        headers: request.headers,
        rpcMethod: rpcMethodOf(body),
        body,
      };
      requests.push(seen);
      if (intercept(seen, response)) return;
      await endpoint.serve({ request, response, url, body, caller: undefined });
    });
  });
  return {
    url: new URL('/mcp', server.origin),
    origin: server.origin,
    requests,
    calls,
    dropSessions: () => endpoint.dropSessions(),
    close: async () => {
      await server.close();
      await endpoint.close();
    },
  };
}

function createEndpoint(kind: UpstreamKind, options: McpEndpointOptions): McpEndpoint {
  if (kind === 'legacy') return createLegacyEndpoint(options);
  if (kind === 'sse') return createSseEndpoint(options);
  return createModernEndpoint(options, kind === 'modern' ? 'stateless' : 'reject');
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function rpcMethodOf(body: string): string | undefined {
  return body === '' ? undefined : (JSON.parse(body) as { method?: string }).method;
}
