/** An MCP server on standard input and output, as many are: its tool calls the API at GITHUB_API_URL with GITHUB_TOKEN. */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const { GITHUB_API_URL: url, GITHUB_TOKEN: token } = process.env;

async function whoami() {
  const response = await fetch(`${url}/user`, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.json();
  return {
    content: [{ type: 'text', text: JSON.stringify(body) }],
    ...(response.ok ? { structuredContent: { subject: body.login } } : { isError: true }),
  };
}

serveStdio(() => {
  const server = new McpServer({ name: 'api-child-server', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Returns the user of the token.' }, whoami);
  return server;
});
