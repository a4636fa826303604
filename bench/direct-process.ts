/**
 * What an agent without a broker would do: an SDK client with a fixed token, one call, in a process of its own.
 * Bundled before it is measured, as the product is.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url = '', token = ''] = process.argv.slice(2);
const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(
  new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
);
await client.callTool({ name: 'echo', arguments: { text: 'first' } });
process.stdout.write('done\n', () => process.exit());
