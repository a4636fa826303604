/**
 * Streamable HTTP as of 2026-07-28, stateless, by the 2.x SDK; on request it serves the older revisions as well.
 */
import { completable, createMcpHandler, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { z } from 'zod';
import {
  authInfoOf,
  callerOf,
  languages,
  type McpEndpoint,
  type McpEndpointOptions,
  SERVER_INFO,
  serveFetch,
  topics,
} from './mcp-endpoint.js';

export function createModernEndpoint(options: McpEndpointOptions, legacy: 'stateless' | 'reject'): McpEndpoint {
  const handler = createMcpHandler(() => createModernServer(options), { legacy });
  return {
    serve: (exchange) => {
      const authInfo = exchange.caller && authInfoOf(exchange.caller);
      return serveFetch(exchange, (request) => handler.fetch(request, authInfo && { authInfo }));
    },
    dropSessions: async () => 0,
    close: () => handler.close(),
  };
}

function createModernServer({ tools, onCall, instructions }: McpEndpointOptions): McpServer {
  const server = new McpServer(SERVER_INFO, { instructions });
  for (const tool of tools) {
    server.registerTool(
      tool.name,
      { description: tool.description, inputSchema: tool.inputSchema },
      async (args, context) => {
        onCall(tool.name);
        return tool.run(args, callerOf(context.http?.authInfo), context.mcpReq.signal);
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
    {
      title: 'Review',
      description: 'Reviews code.',
      argsSchema: z.object({ language: completable(z.string(), languages) }),
    },
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
