/** An MCP server of the SDK on standard input and output; with the argument `modern-only` it refuses `initialize`. */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const legacy = process.argv.includes('modern-only') ? 'reject' : 'serve';

serveStdio(
  () => {
    const server = new McpServer({ name: 'modern-child-server', version: '1.0.0' }, { instructions: 'Be kind.' });
    server.registerTool('ping', { description: 'Answers pong.' }, async () => ({
      content: [{ type: 'text', text: 'pong' }],
    }));
    return server;
  },
  { legacy },
);
