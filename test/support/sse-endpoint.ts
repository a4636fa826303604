/**
 * The HTTP with Server-Sent Events transport of 2024-11-05, by the 1.x SDK.
 * GET opens the stream and names the endpoint; messages are posted there.
 */
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { createLegacyServer } from './legacy-endpoint.js';
import { authInfoOf, type McpEndpoint, type McpEndpointOptions } from './mcp-endpoint.js';

export function createSseEndpoint(options: McpEndpointOptions): McpEndpoint {
  const transports = new Map<string, SSEServerTransport>();

  async function dropSessions(): Promise<number> {
    const dropped = [...transports.values()];
    transports.clear();
    await Promise.all(dropped.map((transport) => transport.close()));
    return dropped.length;
  }

  return {
    serve: async ({ request, response, url, body, caller }) => {
      if (request.method === 'GET') {
        const transport = new SSEServerTransport(url.pathname, response);
        transports.set(transport.sessionId, transport);
        response.on('close', () => transports.delete(transport.sessionId));
        return createLegacyServer(options).connect(transport);
      }
      const sessionId = url.searchParams.get('sessionId');
      // A client that tries Streamable HTTP first posts without a session: 405 is what tells it to go back to SSE.
      if (sessionId === null) return void response.writeHead(405, { allow: 'GET' }).end();
      const transport = transports.get(sessionId);
      if (!transport) return void response.writeHead(404).end();
      const authenticated = Object.assign(request, caller && { auth: authInfoOf(caller) });
      await transport.handlePostMessage(authenticated, response, JSON.parse(body));
    },
    dropSessions,
    close: async () => void (await dropSessions()),
  };
}
