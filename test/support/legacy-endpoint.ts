/**
 * Streamable HTTP as of 2025-11-25, with sessions, by the 1.x SDK.
 */
import { randomUUID } from 'node:crypto';
import { completable } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { z } from 'zod';
import {
  authInfoOf,
  callerOf,
  languages,
  type McpEndpoint,
  type McpEndpointOptions,
  type McpExchange,
  SERVER_INFO,
  serveFetch,
  topics,
} from './mcp-endpoint.js';

interface Session {
  readonly server: McpServer;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

export function createLegacyEndpoint(options: McpEndpointOptions): McpEndpoint {
  const sessions = new Map<string, Session>();

  async function openSession(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server = createLegacyServer(options);
    await server.connect(transport as Parameters<McpServer['connect']>[0]);
    return transport;
  }

  async function dropSessions(): Promise<number> {
    const dropped = [...sessions.values()];
    sessions.clear();
    await Promise.all(dropped.map(({ server }) => server.close()));
    return dropped.length;
  }

  return {
    serve: async (exchange: McpExchange) => {
      const sessionId = exchange.request.headers['mcp-session-id'];
      const session = typeof sessionId === 'string' ? sessions.get(sessionId) : undefined;
      if (sessionId !== undefined && !session) return void exchange.response.writeHead(404).end();
      const transport = session?.transport ?? (await openSession());
      const authInfo = exchange.caller && authInfoOf(exchange.caller);
      await serveFetch(exchange, (request) => transport.handleRequest(request, authInfo && { authInfo }));
    },
    dropSessions,
    close: async () => void (await dropSessions()),
  };
}

/** One MCP server of the 1.x SDK with the fixture tools, a resource, a template of resources, and two prompts. */
export function createLegacyServer({ tools, onCall, instructions }: McpEndpointOptions): McpServer {
  const server = new McpServer(SERVER_INFO, { instructions });
  for (const tool of tools) {
    server.registerTool(
      tool.name,
      { description: tool.description, inputSchema: tool.inputSchema },
      async (args, extra) => {
        onCall(tool.name);
        return tool.run(args, callerOf(extra.authInfo), extra.signal);
      },
    );
  }
  server.registerResource('note', 'note://greeting', { mimeType: 'text/plain' }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'Hello from a protected resource.' }],
  }));
  server.registerPrompt('greet', { description: 'Greets.' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'Say hello.' } }],
  }));
  server.registerPrompt(
    'review',
    { title: 'Review', description: 'Reviews code.', argsSchema: { language: completable(z.string(), languages) } },
    ({ language }) => ({ messages: [{ role: 'user', content: { type: 'text', text: `Review this ${language}.` } }] }),
  );
  server.registerResource(
    'topic',
    new ResourceTemplate('note://topics/{topic}', { list: undefined, complete: { topic: topics } }),
    { mimeType: 'text/plain' },
    async (uri) => ({ contents: [{ uri: uri.href, mimeType: 'text/plain', text: `About ${uri.href}` }] }),
  );
  return server;
}
